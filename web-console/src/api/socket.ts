// The live socket itself: ticket, hello with cursors, watch for silence, come back after a loss.
import { setClockOffset } from './clock';
import type { ClientFrame, Cursor, ServerFrame, Uuid } from './types';

export type LinkState = {
  state: 'connecting' | 'live' | 'down';
  downSince: number | null;
  tries: number;
  /** There and back, measured by a ping every five seconds. */
  roundTripMs: number | null;
};
export type SocketOptions = {
  ticket: () => Promise<string>;
  cursors: () => Cursor[];
  onFrame: (frame: ServerFrame) => void;
};

// Heads come every 5 s: after two missed ones the line is dead, whatever the browser thinks.
const SILENCE_MS = 12_000;
const RESUME_PAUSE_MS = 150;
const PING_EVERY_MS = 5_000;

export function retryMs(tries: number, random: number): number {
  return Math.min(2_000, 250 * 2 ** Math.min(tries, 3)) * (0.75 + random * 0.5);
}

export class LiveSocket {
  private socket: WebSocket | undefined;
  private link: LinkState = { state: 'connecting', downSince: null, tries: 0, roundTripMs: null };
  private listeners = new Set<() => void>();
  private watch: ReturnType<typeof setTimeout> | undefined;
  private again: ReturnType<typeof setTimeout> | undefined;
  private resuming: ReturnType<typeof setTimeout> | undefined;
  private pinging: ReturnType<typeof setInterval> | undefined;
  private pingAt = 0;
  private pings = 0;
  private offsets: number[] = [];
  private unsaid = new Map<string, Uuid>();
  private said = new Set<string>();
  private stopped = false;

  constructor(private readonly options: SocketOptions) {}

  start(): void {
    this.stopped = false;
    addEventListener('online', this.hurry);
    this.pinging = setInterval(() => this.ping(), PING_EVERY_MS);
    void this.connect();
  }

  stop(): void {
    this.stopped = true;
    removeEventListener('online', this.hurry);
    clearTimeout(this.watch);
    clearTimeout(this.again);
    clearTimeout(this.resuming);
    clearInterval(this.pinging);
    this.socket?.close();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  readonly state = (): LinkState => this.link;

  /** An alarm really stands on this screen. Said once for each time somebody was told; kept until there is a line. */
  presented(alarmId: Uuid, telling: string): void {
    const key = `${alarmId}:${telling}`;
    if (this.said.has(key)) return;
    this.unsaid.set(key, alarmId);
    this.sayPresented();
  }

  /** Something was missed: start again from the cursors. A socket says hello once, so a fresh one is opened. */
  resume(): void {
    clearTimeout(this.resuming);
    this.resuming = setTimeout(() => void this.connect(), RESUME_PAUSE_MS);
  }

  private readonly hurry = () => {
    if (this.link.state !== 'down') return;
    clearTimeout(this.again);
    void this.connect();
  };

  private async connect(): Promise<void> {
    if (this.stopped) return;
    try {
      const ticket = await this.options.ticket();
      const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
      const socket = new WebSocket(`${scheme}://${location.host}/api/v1/live?ticket=${encodeURIComponent(ticket)}`);
      this.socket?.close();
      this.socket = socket;
      socket.onopen = () => this.send({ t: 'hello', resume: this.options.cursors() });
      socket.onmessage = (message) => this.heard(JSON.parse(String(message.data)) as ServerFrame);
      socket.onclose = () => {
        if (this.socket === socket) this.lost();
      };
      this.watchSilence();
    } catch {
      this.lost();
    }
  }

  private heard(frame: ServerFrame): void {
    this.watchSilence();
    if ('now' in frame) this.learnClock(Date.parse(frame.now));
    if (frame.t === 'pong' && frame.n === this.pings) {
      this.setLink({ ...this.link, roundTripMs: Math.round(performance.now() - this.pingAt) });
    }
    if (this.link.state !== 'live') {
      this.setLink({ state: 'live', downSince: null, tries: 0, roundTripMs: this.link.roundTripMs });
      this.sayPresented();
      this.ping();
    }
    this.options.onFrame(frame);
  }

  private lost(): void {
    clearTimeout(this.watch);
    if (this.stopped) return;
    const tries = this.link.tries + 1;
    this.setLink({ state: 'down', downSince: this.link.downSince ?? Date.now(), tries, roundTripMs: null });
    clearTimeout(this.again);
    this.again = setTimeout(() => void this.connect(), retryMs(tries, Math.random()));
  }

  private watchSilence(): void {
    clearTimeout(this.watch);
    this.watch = setTimeout(() => {
      const silent = this.socket;
      this.socket = undefined;
      silent?.close();
      this.lost();
    }, SILENCE_MS);
  }

  // The least delayed of the last few says most about the server's clock.
  private learnClock(serverMs: number): void {
    this.offsets = [...this.offsets.slice(-7), serverMs - Date.now()];
    setClockOffset(Math.max(...this.offsets));
  }

  private ping(): void {
    this.pings += 1;
    this.pingAt = performance.now();
    this.send({ t: 'ping', n: this.pings });
  }

  private sayPresented(): void {
    if (this.link.state !== 'live') return;
    for (const [key, alarm_id] of this.unsaid) {
      if (!this.send({ t: 'presented', alarm_id })) return;
      this.unsaid.delete(key);
      this.said.add(key);
    }
  }

  private send(frame: ClientFrame): boolean {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }

  private setLink(link: LinkState): void {
    this.link = link;
    for (const listener of this.listeners) listener();
  }
}
