// How this tablet is set: size of letters, automatic next question, the code that takes the tablet back.
export type Size = 'a' | 'a1' | 'a2';
export type FieldSettings = { size: Size; autoNext: boolean; pin: string | null; largeList: boolean };

const KEY = 'xindeng.field';
const PLAIN: FieldSettings = { size: 'a', autoNext: false, pin: null, largeList: false };

export function readSettings(): FieldSettings {
  try {
    return { ...PLAIN, ...(JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<FieldSettings>) };
  } catch {
    return PLAIN;
  }
}
export function writeSettings(settings: FieldSettings): void {
  localStorage.setItem(KEY, JSON.stringify(settings));
}
/** Not a secret that guards data: it only keeps the respondent from leafing on. Stored as a hash all the same. */
export async function pinHash(pin: string): Promise<string> {
  const bytes = new TextEncoder().encode(`xindeng.pin.${pin}`);
  const digest = await crypto.subtle.digest('SHA-256', bytes);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
