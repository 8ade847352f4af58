// Text that is being written, kept by alarm: Esc, another alarm or a lost line never lose it.
const kept = new Map<string, unknown>();

export function readDraft<T>(key: string, empty: T): T {
  return (kept.get(key) as T | undefined) ?? empty;
}
export function keepDraft(key: string, value: unknown): void {
  kept.set(key, value);
}
export function dropDraft(key: string): void {
  kept.delete(key);
}
