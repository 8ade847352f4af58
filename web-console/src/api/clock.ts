// The server's clock as well as this device knows it: learnt from every answer, kept for a start without a network.
// It never runs backwards, so that a device whose clock was reset is not taken back behind the last word of the server.
const KEY = 'xindeng.clock';
/** The `Date` of an answer has whole seconds, and the answer was on its way. */
const NOISE_MS = 2_000;
/** An error of this size is told to whoever holds the device. */
const WORTH_TELLING_MS = 120_000;

type Known = { offsetMs: number; at: number };

let known: Known = recall();
let learnt = false;
let told = 0;
const listeners = new Set<() => void>();

function recall(): Known {
  try {
    const kept = JSON.parse(globalThis.localStorage?.getItem(KEY) ?? 'null') as Known | null;
    if (kept !== null && Number.isFinite(kept.offsetMs) && Number.isFinite(kept.at)) return kept;
  } catch {
    // unreadable: as if nothing was ever learnt
  }
  return { offsetMs: 0, at: 0 };
}

/** How far the server's clock is ahead of this device's, as the live socket has measured it. */
export function setClockOffset(ms: number): void {
  known = { offsetMs: ms, at: Date.now() + ms };
  learnt = true;
  tell();
}

/** Every answer of the server says what time it is there. */
export function sawDate(date: string | null, askedAt: number): void {
  const said = Date.parse(date ?? '');
  if (Number.isNaN(said)) return;
  const offsetMs = said + 500 - (askedAt + Date.now()) / 2;
  if (Math.abs(offsetMs - known.offsetMs) > NOISE_MS) setClockOffset(Math.round(offsetMs));
  learnt = true;
  known.at = Date.now() + known.offsetMs;
  try {
    globalThis.localStorage?.setItem(KEY, JSON.stringify(known));
  } catch {
    // without storage it is learnt again at the next start
  }
}

/** What was known before a silence may be wrong after it: many a clock is set when the network comes back. */
export function forgetClock(): void {
  learnt = false;
}
export function knowsClock(): boolean {
  return learnt;
}

export function clockOffset(): number {
  const ahead = known.at - (Date.now() + known.offsetMs);
  if (ahead > 0) known = { ...known, offsetMs: known.offsetMs + ahead };
  return known.offsetMs;
}
/** A moment by this device's clock, by the server's. */
export function inServerTime(at: string): number {
  return Date.parse(at) + clockOffset();
}
export function serverNow(): number {
  const now = Date.now() + clockOffset();
  known.at = now;
  return now;
}

function tell(): void {
  const error = Math.abs(known.offsetMs) > WORTH_TELLING_MS ? -known.offsetMs : 0;
  if (error === told) return;
  told = error;
  for (const listener of listeners) listener();
}
/** How far this device's clock is ahead (behind: below 0), where that is worth telling; else 0. */
export function clockError(): number {
  return told;
}
export function subscribeClock(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
