// What this device still owes the server: answers, alarms, danger facts. Sealed, retried until there is a receipt.
import { exchange, Refused, Unreached } from './http';
import type { SealedStore } from './sealed';
import type { Problem, RaisedAlarm, ScreeningReceipt, Timestamp, Uuid } from './types';

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
  state: 'waiting' | 'received' | 'refused';
  tries: number;
  next_try_at: number;
  last_failure?: string;
  received_at?: Timestamp;
  receipt?: string;
  answer?: ScreeningReceipt | RaisedAlarm | null;
  refusal?: Problem;
  /** An alarm that the server makes by itself when this entry arrives; sent alone only if that does not work. */
  covered_by?: string;
  /** The alarm as the server knows it, where that has another id. */
  known_as?: Uuid;
};
export type NewEntry = Pick<Entry, 'what' | 'subject' | 'path' | 'body' | 'label' | 'target_id' | 'covered_by'>;

type Transport = (path: string, body: unknown) => Promise<{ body: unknown; status: number }>;
export type OutboxOptions = { transport?: Transport; now?: () => number; random?: () => number; timers?: boolean };

const ALARM_EVERY_MS = 2_000;
const SLOWEST_MS = 60_000;
const KEEP_RECEIVED_MS = 36 * 3_600_000;

const overHttp: Transport = (path, body) => exchange('PUT', path, { body, timeoutMs: 8_000 });

export function waitMs(what: What, tries: number, random: number): number {
  if (what !== 'screening') return ALARM_EVERY_MS;
  const base = Math.min(SLOWEST_MS, 2_000 * 2 ** Math.min(tries - 1, 6));
  return Math.round(base * (0.75 + random * 0.5));
}

export class Outbox {
  private entries = new Map<string, Entry>();
  private snapshot: readonly Entry[] = [];
  private listeners = new Set<() => void>();
  private flying = new Map<string, Promise<void>>();
  private stopped = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly transport: Transport;
  private readonly now: () => number;
  private readonly random: () => number;
  private readonly timers: boolean;

  constructor(
    private readonly store: SealedStore,
    options: OutboxOptions = {},
  ) {
    this.transport = options.transport ?? overHttp;
    this.now = options.now ?? Date.now;
    this.random = options.random ?? Math.random;
    this.timers = options.timers ?? true;
  }

  async load(): Promise<void> {
    for (const entry of await this.store.list<Entry>('outbox')) {
      const old = entry.state === 'received' && this.now() - Date.parse(entry.saved_at) > KEEP_RECEIVED_MS;
      if (old) await this.store.remove('outbox', entry.id);
      else this.entries.set(entry.id, { ...entry, next_try_at: 0 });
    }
    this.publish();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  readonly all = (): readonly Entry[] => this.snapshot;
  find(what: What, subject: Uuid): Entry | undefined {
    return this.entries.get(`${what}:${subject}`);
  }
  unsent(): Entry[] {
    return this.snapshot.filter((entry) => entry.state !== 'received');
  }

  /** Resolves when all are safely on this device, in this order; sending starts then and goes on by itself. */
  async add(...fresh: NewEntry[]): Promise<Entry[]> {
    const entries: Entry[] = [];
    for (const each of fresh) {
      const id = `${each.what}:${each.subject}`;
      const saved_at = new Date(this.now()).toISOString();
      const entry: Entry = { ...each, id, saved_at, state: 'waiting', tries: 0, next_try_at: 0 };
      await this.save(entry);
      entries.push(entry);
    }
    this.flushSoon();
    return entries;
  }

  /** The worker has corrected what was refused, or wants it tried again now. */
  async retry(id: string, body?: unknown): Promise<void> {
    const entry = this.entries.get(id);
    if (entry === undefined || entry.state === 'received') return;
    await this.save({ ...entry, body: body ?? entry.body, state: 'waiting', next_try_at: 0, refusal: undefined });
    await this.flush();
  }

  async discard(id: string): Promise<void> {
    this.entries.delete(id);
    await this.store.remove('outbox', id);
    this.publish();
  }

  /** Try everything that is due. Alarms first, each entry at most once at a time. */
  async flush(options: { evenEarly?: boolean } = {}): Promise<void> {
    const order: Record<What, number> = { alarm: 0, danger: 1, screening: 2 };
    const due = this.snapshot
      .filter((entry) => entry.state === 'waiting' && !this.flying.has(entry.id))
      .filter((entry) => (options.evenEarly ?? false) || entry.next_try_at <= this.now())
      .filter((entry) => !this.isCovered(entry))
      .sort((a, b) => order[a.what] - order[b.what] || a.saved_at.localeCompare(b.saved_at));
    for (const entry of due) void this.send(entry);
    await Promise.all(this.flying.values());
    this.plan();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    this.listeners.clear();
  }

  private isCovered(entry: Entry): boolean {
    const cover = entry.covered_by === undefined ? undefined : this.entries.get(entry.covered_by);
    return cover !== undefined && cover.state === 'waiting' && cover.tries === 0;
  }

  private send(entry: Entry): Promise<void> {
    const flight = this.fly(entry).finally(() => this.flying.delete(entry.id));
    this.flying.set(entry.id, flight);
    return flight;
  }

  private async fly(entry: Entry): Promise<void> {
    try {
      const answer = await this.transport(entry.path, entry.body);
      await this.received(entry, answer.body as Entry['answer']);
    } catch (error) {
      await this.failed(entry, error);
    }
    await this.settleCovered(entry.id);
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
      known_as: knownAs,
      last_failure: undefined,
    });
  }

  private async failed(entry: Entry, error: unknown): Promise<void> {
    const tries = entry.tries + 1;
    // The server made this alarm itself, from the answers: it stands, which is all that was wanted.
    if (entry.what === 'alarm' && error instanceof Refused && error.is('id-reused')) return this.received(entry, null);
    const lasting = error instanceof Refused && error.status !== 401 && error.status !== 429;
    if (lasting) {
      await this.settle(entry, { ...entry, tries, state: 'refused', refusal: error.problem });
      return;
    }
    const why = error instanceof Refused ? String(error.status) : error instanceof Unreached ? error.why : 'unknown';
    const next_try_at = this.now() + waitMs(entry.what, tries, this.random());
    await this.settle(entry, { ...entry, tries, next_try_at, last_failure: why });
  }

  /** After a screening was answered: its alarm either came into being with it, or has to be sent by itself. */
  private async settleCovered(id: string): Promise<void> {
    const cover = this.entries.get(id);
    const made = cover?.state === 'received' && cover.what === 'screening' ? cover.answer : undefined;
    // Only where the server, too, wants it to ring now; else the tablet's own word goes out.
    const rings = made && 'suggestion' in made && made.suggestion.alarm?.after_secs === 0 ? made.alarm_id : undefined;
    for (const entry of this.snapshot) {
      if (entry.covered_by !== id || entry.state !== 'waiting' || this.flying.has(entry.id)) continue;
      if (rings) await this.received(entry, null, rings);
      else await this.send(entry);
    }
  }

  /** What came back for an entry that was replaced meanwhile (a danger fact said again) is no longer about it. */
  private async settle(sent: Entry, now: Entry): Promise<void> {
    if (!this.stopped && this.entries.get(sent.id) === sent) await this.save(now);
  }

  private async save(entry: Entry): Promise<void> {
    await this.store.put('outbox', entry.id, entry);
    this.entries.set(entry.id, entry);
    this.publish();
  }

  private publish(): void {
    this.snapshot = [...this.entries.values()].sort((a, b) => a.saved_at.localeCompare(b.saved_at));
    for (const listener of this.listeners) listener();
  }

  private flushSoon(): void {
    // If the device cannot write just now, the entry stays as it was and is tried again at its time.
    this.flush().catch(() => this.plan());
  }

  private plan(): void {
    if (!this.timers || this.stopped) return;
    clearTimeout(this.timer);
    const waiting = this.snapshot.filter((entry) => entry.state === 'waiting' && !this.flying.has(entry.id));
    if (waiting.length === 0) return;
    const next = Math.min(...waiting.map((entry) => entry.next_try_at));
    this.timer = setTimeout(() => this.flushSoon(), Math.max(250, next - this.now()));
  }
}
