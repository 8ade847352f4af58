// What this device still owes the server: answers, alarms, danger facts. Sealed, retried until there is a receipt.
// The store is the truth, because several tabs may share it; what stands here in memory is a copy for the screen.
// Only what the device cannot store lives in memory alone: it is sent all the same, and says that it is not saved.
import { clockOffset, knowsClock } from './clock';
import { askTheTime, exchange, Refused, Unreached } from './http';
import { newId } from './ids';
import { priorityNumber } from './priority';
import type { SealedStore } from './sealed';
import type { DangerSeen, Problem, RaiseAlarm, RaisedAlarm, ScreeningReceipt, Timestamp, Uuid } from './types';

export type What = 'screening' | 'alarm' | 'danger';
export type Entry = {
  id: string; // what:subject
  what: What;
  subject: Uuid;
  path: string;
  body: unknown;
  label: string; // whose: shown only to the worker who is signed in
  target_id?: Uuid;
  saved_at: Timestamp;
  /** Which saying of it this is: a fact said again replaces the one before, also while that one is on its way. */
  said?: Uuid;
  state: 'waiting' | 'received' | 'refused';
  /** This device could not store it: it is gone if the page is closed before it was received. */
  unsaved?: true;
  tries: number;
  next_try_at: number;
  last_failure?: string;
  received_at?: Timestamp;
  receipt?: string;
  answer?: ScreeningReceipt | DangerSeen | RaisedAlarm | null;
  refusal?: Problem;
  /** How far the server's clock was ahead of this device's, as it was known when the times in here were taken. */
  clock_offset?: number;
  /** An alarm that the server makes by itself when this entry arrives; sent alone only if that does not work. */
  covered_by?: string;
  /** The alarm as the server knows it, where that has another id. */
  known_as?: Uuid;
};
export type NewEntry = Pick<
  Entry,
  'what' | 'subject' | 'path' | 'body' | 'label' | 'target_id' | 'covered_by' | 'clock_offset'
>;

type Transport = (entry: Entry) => Promise<{ body: unknown; status: number }>;
type Locks = Pick<LockManager, 'request'>;
export type OutboxOptions = {
  transport?: Transport;
  now?: () => number;
  random?: () => number;
  timers?: boolean;
  locks?: Locks;
  storeWithinMs?: number;
};

const ALARM_EVERY_MS = 2_000;
const SLOWEST_MS = 60_000;
/** How long it is known here that something was received. */
export const KEEP_RECEIVED_MS = 36 * 3_600_000;
/** A store that does not answer cannot keep it, and nothing waits for it. */
const STORE_WITHIN_MS = 2_000;

const overHttp = async (entry: Entry, whose: Uuid) => {
  // An alarm waits for nothing; answers may be old, and whether their clock was set since is asked first.
  if (entry.what === 'screening' && !knowsClock()) await askTheTime();
  const headers = { 'x-sent-at': sentAt(entry, Date.now(), clockOffset()) };
  return exchange('PUT', entry.path, { body: entry.body, timeoutMs: 8_000, headers, whose });
};

/** What the clock would show now that the times in this entry were taken from, even if it was set meanwhile. */
export function sentAt(entry: Pick<Entry, 'clock_offset'>, now: number, offset: number): Timestamp {
  return new Date(now + offset - (entry.clock_offset ?? offset)).toISOString();
}

export function waitMs(what: What, tries: number, random: number): number {
  if (what !== 'screening') return ALARM_EVERY_MS;
  const base = Math.min(SLOWEST_MS, 2_000 * 2 ** Math.min(tries - 1, 6));
  return Math.round(base * (0.75 + random * 0.5));
}

/** What has to be with the server first: danger facts are about a screening that it knows. */
const heldBy = (entry: Entry) => (entry.what === 'danger' ? `screening:${entry.subject}` : undefined);

export class Outbox {
  private entries = new Map<string, Entry>();
  private unsaved = new Map<string, Entry>();
  private snapshot: readonly Entry[] = [];
  private listeners = new Set<() => void>();
  private flying = new Map<string, Promise<void>>();
  private changes = 0;
  private writes: Promise<void> = Promise.resolve();
  private stopped = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly transport: Transport;
  private readonly now: () => number;
  private readonly random: () => number;
  private readonly timers: boolean;
  private readonly locks: Locks | undefined;
  private readonly storeWithinMs: number;
  private readonly others: BroadcastChannel;

  constructor(
    private readonly store: SealedStore,
    options: OutboxOptions = {},
  ) {
    this.transport = options.transport ?? ((entry) => overHttp(entry, store.account));
    this.now = options.now ?? Date.now;
    this.random = options.random ?? Math.random;
    this.timers = options.timers ?? true;
    this.locks = options.locks ?? globalThis.navigator?.locks;
    this.storeWithinMs = options.storeWithinMs ?? STORE_WITHIN_MS;
    this.others = new BroadcastChannel(`outbox ${store.place}`);
    this.others.onmessage = () => void this.refresh().then(() => this.plan());
  }

  async load(): Promise<void> {
    await this.refresh();
    for (const entry of this.snapshot) {
      const old = entry.state === 'received' && this.now() - Date.parse(entry.saved_at) > KEEP_RECEIVED_MS;
      if (old) await this.drop(entry.id);
    }
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  readonly all = (): readonly Entry[] => this.snapshot;
  find(what: What, subject: Uuid): Entry | undefined {
    return this.entries.get(`${what}:${subject}`);
  }

  /** Resolves when all are on this device, in this order, or are known not to be; sending goes on by itself. */
  async add(...fresh: NewEntry[]): Promise<Entry[]> {
    const entries: Entry[] = [];
    for (const each of fresh) {
      const id = `${each.what}:${each.subject}`;
      const saved_at = new Date(this.now()).toISOString();
      const entry = await this.edit(id, (before) => ({
        ...each,
        id,
        saved_at,
        said: newId(),
        clock_offset: each.clock_offset ?? clockOffset(),
        state: 'waiting',
        tries: 0,
        next_try_at: 0,
        known_as: before?.known_as,
      }));
      if (entry !== undefined) entries.push(entry);
    }
    this.flushSoon();
    return entries;
  }

  /** The worker has corrected what was refused, or wants it tried again now. */
  async retry(id: string, body?: unknown): Promise<void> {
    await this.edit(id, (entry) => {
      if (entry === undefined || entry.state === 'received') return entry;
      const again = { said: newId(), state: 'waiting', next_try_at: 0, refusal: undefined } as const;
      return { ...entry, ...again, body: body ?? entry.body };
    });
    await this.flush();
  }

  /** Gone for good, and with it what could only follow it. */
  async discard(id: string): Promise<void> {
    for (const entry of this.snapshot) if (heldBy(entry) === id) await this.drop(entry.id);
    await this.drop(id);
  }

  /** Try everything that is due. Alarms first, each entry at most once at a time, over all tabs. */
  async flush(options: { evenEarly?: boolean } = {}): Promise<void> {
    if (this.stopped) return;
    await this.refresh();
    this.launch(options.evenEarly ?? false);
    while (this.flying.size > 0) await Promise.all(this.flying.values());
    this.plan();
  }

  /** Before signing out: what is still owed stays, whichever tab has added it. */
  async forgetReceived(): Promise<void> {
    await this.refresh();
    for (const entry of this.snapshot) {
      if (entry.state === 'received') await this.edit(entry.id, (now) => (now?.state === 'received' ? undefined : now));
    }
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    this.listeners.clear();
    this.others.close();
  }

  private launch(evenEarly: boolean): void {
    const order: Record<What, number> = { alarm: 0, danger: 1, screening: 2 };
    const due = this.snapshot
      .filter((entry) => entry.state === 'waiting' && !this.flying.has(entry.id))
      .filter((entry) => evenEarly || entry.next_try_at <= this.now())
      .filter((entry) => !this.isHeld(entry) && !this.isCovered(entry))
      .sort((a, b) => order[a.what] - order[b.what] || a.saved_at.localeCompare(b.saved_at));
    for (const entry of due) {
      const flight = this.send(entry.id)
        .catch(() => {}) // the entry stays as it was and is sent again
        .finally(() => this.flying.delete(entry.id));
      this.flying.set(entry.id, flight);
    }
  }

  /** Sent before its screening, a danger fact would be about nothing; if that is refused, it waits for the worker. */
  private isHeld(entry: Entry): boolean {
    const first = this.entries.get(heldBy(entry) ?? '');
    return first !== undefined && first.state !== 'received';
  }

  private isCovered(entry: Entry): boolean {
    const cover = this.entries.get(entry.covered_by ?? '');
    return cover !== undefined && this.isUntried(cover);
  }

  /** Nothing has gone wrong with it yet, nor with what it waits for. */
  private isUntried(entry: Entry): boolean {
    const first = this.entries.get(heldBy(entry) ?? '');
    const firstIsFine = first === undefined || first.state === 'received' || this.isUntried(first);
    return entry.state === 'waiting' && entry.tries === 0 && firstIsFine;
  }

  private send(id: string): Promise<void> {
    return this.alone(id, async () => {
      const entry = await this.read(id); // another tab may have sent it a moment ago
      if (this.stopped || entry?.state !== 'waiting' || this.isHeld(entry)) return;
      await this.fly(entry);
      await this.settleCovered(id);
      this.launch(false);
    });
  }

  private async fly(entry: Entry): Promise<void> {
    try {
      const answer = await this.transport(entry);
      await this.received(entry, answer.body as Entry['answer']);
    } catch (error) {
      await this.failed(entry, error);
    }
  }

  private async received(entry: Entry, answer: Entry['answer'], knownAs?: Uuid): Promise<void> {
    const receipt = answer !== null && answer !== undefined && 'receipt' in answer ? answer : undefined;
    await this.settle(entry, {
      ...entry,
      body: null, // the server has it: the answers need not stay on the tablet
      state: 'received',
      tries: entry.tries + 1,
      receipt: receipt?.receipt,
      received_at: receipt?.received_at ?? new Date(this.now()).toISOString(),
      answer: answer ?? null,
      known_as: knownAs ?? entry.known_as,
      last_failure: undefined,
    });
  }

  private async failed(entry: Entry, error: unknown): Promise<void> {
    const tries = entry.tries + 1;
    // The server made this alarm itself, from the answers: it stands, which is all that was wanted.
    if (entry.what === 'alarm' && error instanceof Refused && error.is('id-reused')) return this.received(entry, null);
    if (error instanceof Refused && isLasting(entry, error)) {
      await this.settle(entry, { ...entry, tries, state: 'refused', refusal: error.problem });
      return;
    }
    const why = error instanceof Refused ? String(error.status) : error instanceof Unreached ? error.why : 'unknown';
    const pace = error instanceof Refused && entry.what === 'danger' ? 'screening' : entry.what;
    const next_try_at = this.now() + waitMs(pace, tries, this.random());
    await this.settle(entry, { ...entry, tries, next_try_at, last_failure: why });
  }

  /** After answers or danger facts have arrived: an alarm that the server made of them need not be sent by itself. */
  private async settleCovered(id: string): Promise<void> {
    const cover = this.entries.get(id);
    const answer = cover?.state === 'received' ? cover.answer : undefined;
    if (!answer || !('suggestion' in answer) || !answer.alarm_id) return;
    const made = answer.suggestion.alarm;
    for (const entry of this.snapshot) {
      if (entry.covered_by !== id || entry.state !== 'waiting' || this.flying.has(entry.id)) continue;
      // Only where the server, too, wants it to ring now and as loud; else the tablet's own word goes out.
      const wanted = (entry.body as RaiseAlarm).priority ?? 1;
      const ringsAsLoud = made?.after_secs === 0 && priorityNumber(made.priority) <= wanted;
      if (ringsAsLoud) await this.received(entry, null, answer.alarm_id);
    }
  }

  /** What came back for an entry that was replaced meanwhile (a danger fact said again) is no longer about it. */
  private async settle(sent: Entry, now: Entry): Promise<void> {
    if (this.stopped) return;
    await this.edit(sent.id, (entry) => (entry?.said === sent.said && entry?.state === 'waiting' ? now : entry));
  }

  /** The only way to change an entry: from what the store holds now, while no other tab changes it. */
  private async edit(id: string, change: (before: Entry | undefined) => Entry | undefined): Promise<Entry | undefined> {
    let after: Entry | undefined;
    let changed = false;
    await this.alone('write', async () => {
      const before = await this.read(id);
      after = change(before);
      changed = after !== before;
      if (changed) after = after === undefined ? await this.erase(id) : await this.keep(after);
    });
    this.changes += 1;
    if (after === undefined) this.entries.delete(id);
    else this.entries.set(id, after);
    this.publish();
    if (changed && !this.stopped) this.others.postMessage(id);
    return after;
  }

  private async drop(id: string): Promise<void> {
    await this.edit(id, () => undefined);
  }

  private async read(id: string): Promise<Entry | undefined> {
    const known = this.unsaved.get(id);
    if (known !== undefined) return known;
    return this.inTime(this.store.get<Entry>('outbox', id)).catch(() => this.entries.get(id));
  }

  private async keep({ unsaved: _, ...entry }: Entry): Promise<Entry> {
    try {
      await this.inTime(this.store.put('outbox', entry.id, entry));
      this.unsaved.delete(entry.id);
      return entry;
    } catch {
      const inMemory: Entry = { ...entry, unsaved: true };
      this.unsaved.set(entry.id, inMemory);
      return inMemory;
    }
  }

  private async erase(id: string): Promise<undefined> {
    this.unsaved.delete(id);
    await this.inTime(this.store.remove('outbox', id)).catch(() => {}); // then it stands here again after a reload
  }

  private async refresh(): Promise<void> {
    if (this.stopped) return;
    let all: Entry[];
    let before: number;
    do {
      before = this.changes; // a list read while this tab wrote is older than what it wrote
      all = await this.inTime(this.store.list<Entry>('outbox')).catch(() => [...this.entries.values()]);
    } while (before !== this.changes);
    this.entries = new Map([...all, ...this.unsaved.values()].map((entry) => [entry.id, entry]));
    this.publish();
  }

  private async inTime<T>(work: Promise<T>): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('the store does not answer')), this.storeWithinMs);
    });
    return Promise.race([work, late]).finally(() => clearTimeout(timer));
  }

  /** One tab at a time. What another tab is sending right now is left to it; a write waits for its turn. */
  private async alone(what: string, work: () => Promise<void>): Promise<void> {
    if (this.locks === undefined) {
      if (what !== 'write') return work();
      const turn = this.writes.then(work);
      this.writes = turn.catch(() => {});
      return turn;
    }
    const name = `outbox ${this.store.place} ${what}`;
    await this.locks.request(name, { ifAvailable: what !== 'write' }, (lock) => (lock === null ? undefined : work()));
  }

  private publish(): void {
    this.snapshot = [...this.entries.values()].sort((a, b) => a.saved_at.localeCompare(b.saved_at));
    for (const listener of this.listeners) listener();
  }

  private flushSoon(): void {
    void this.flush();
  }

  private plan(): void {
    if (!this.timers || this.stopped) return;
    clearTimeout(this.timer);
    const waiting = this.snapshot.filter(
      (entry) => entry.state === 'waiting' && !this.flying.has(entry.id) && !this.isHeld(entry),
    );
    if (waiting.length === 0) return;
    const next = Math.min(...waiting.map((entry) => entry.next_try_at));
    this.timer = setTimeout(() => this.flushSoon(), Math.max(250, next - this.now()));
  }
}

/** Will the server say the same if it is sent again? Not where a session, or a screening on its way, is what is missing. */
function isLasting(entry: Entry, refused: Refused): boolean {
  if (refused.status === 401 || refused.status === 429 || refused.is('csrf')) return false;
  return !(entry.what === 'danger' && refused.status === 404);
}
