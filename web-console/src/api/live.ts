// Live events, applied in this one file: frames in, the board in the query cache out. No gap goes unnoticed.
import type { QueryClient } from '@tanstack/react-query';
import { get, post, Refused } from './http';
import { LiveSocket } from './socket';
import type { Alarm, Cursor, EventBody, JournalAlarm, QueueItem, ServerFrame, Told, Uuid } from './types';

/** Written down by the server while the database was away. `kept`: it is in the database now, its row is on the way. */
export type Journaled = {
  alarm: JournalAlarm;
  kept?: { as: Uuid; at: number };
  /** Whether it was kept meanwhile may have been said to a line that was down. */
  lineWasLost?: true;
};
export type Board = {
  alarms: Record<Uuid, Alarm>;
  /** Alarms of the server's journal, until their real row stands in `alarms`. */
  journal: Record<Uuid, Journaled>;
  queue: Record<Uuid, QueueItem>;
  /** The stream that told us about an alarm or a queue item, so that a snapshot knows what it replaces. */
  streamOf: Record<Uuid, string>;
  cursors: Record<string, Cursor>;
  /** Alarms for which the policy has called this account. */
  calledFor: Record<Uuid, { post: string; at: string }>;
  engineAt: string | null;
  /** Streams that were behind their head at the last beat. */
  behind: string[];
  asOf: number;
  /** The server has said something that this page does not know. */
  pageIsOld: boolean;
};

export type News = { type: string; stream: string; body: EventBody };
export type Applied = { board: Board; resume: boolean; news: News[] };

export const boardKey = ['board'] as const;
export const emptyBoard: Board = {
  alarms: {},
  journal: {},
  queue: {},
  streamOf: {},
  cursors: {},
  calledFor: {},
  engineAt: null,
  behind: [],
  asOf: 0,
  pageIsOld: false,
};

// A kept alarm's own row follows within a fraction of a second, unless it belongs to a board elsewhere.
const ROW_FOLLOWS_MS = 2_000;

/** Pure: what one frame does to the board. Duplicates change nothing; a gap asks for a resume and changes nothing. */
export function applyFrame(board: Board, frame: ServerFrame, me: Uuid, receivedAt: number): Applied {
  switch (frame.t) {
    case 'welcome': {
      const journal = mapValues(board.journal, (row) => ({ ...row, lineWasLost: true as const }));
      return { board: { ...board, journal, asOf: receivedAt }, resume: false, news: [] };
    }
    case 'snapshot':
      return { board: applySnapshot(board, frame, receivedAt), resume: false, news: [] };
    case 'ev':
      return applyEvent(board, frame, me, receivedAt);
    case 'heads': {
      const behind = Object.entries(frame.heads).flatMap(([stream, head]) => {
        const known = board.cursors[stream];
        return known !== undefined && (known.epoch !== head.epoch || known.seq < head.seq) ? [stream] : [];
      });
      // Heads may overtake an event that is on its way: what was behind at two beats in a row has been lost.
      const resume = behind.some((stream) => board.behind.includes(stream));
      const engineAt = frame.engine_at ?? board.engineAt;
      const elsewhere = (row: Journaled) => row.kept !== undefined && receivedAt - row.kept.at >= ROW_FOLLOWS_MS;
      const journal = without(board.journal, elsewhere);
      const next = { ...board, journal, engineAt, behind: resume ? [] : behind, asOf: receivedAt };
      return { board: next, resume, news: [] };
    }
    case 'local_alarm': {
      const { alarm } = frame;
      if (board.alarms[alarm.id] !== undefined) return { board, resume: false, news: [] };
      const journal = { ...board.journal, [alarm.id]: { alarm } };
      return { board: { ...board, journal, asOf: receivedAt }, resume: false, news: [] };
    }
    case 'local_alarm_kept':
      return { board: applyKept(board, frame.id, frame.alarm_id, receivedAt), resume: false, news: [] };
    case 'pong':
      return { board, resume: false, news: [] };
    default:
      // A newer server: what this page does not know must not stop what it does.
      frame satisfies never;
      return { board: { ...board, pageIsOld: true }, resume: false, news: [] };
  }
}

/** It may have joined an alarm that stands here already; else it stays in sight until its own row has come. */
function applyKept(board: Board, id: Uuid, as: Uuid, at: number): Board {
  const row = board.journal[id];
  if (row === undefined) return board;
  if (board.alarms[as] !== undefined) return withoutJournaled(board, id);
  return { ...board, journal: { ...board.journal, [id]: { ...row, kept: { as, at } } } };
}

/** A person says that this row is dealt with: it may be in another list, or not be said to be kept any more. */
export function withoutJournaled(board: Board, id: Uuid): Board {
  return { ...board, journal: without(board.journal, (row) => row.alarm.id === id) };
}

/** The real rows have come: what stood in for them goes. */
function arrived(journal: Board['journal'], alarms: readonly Alarm[]): Board['journal'] {
  const ids = new Set(alarms.map((alarm) => alarm.id));
  return without(journal, (row) => ids.has(row.alarm.id) || (row.kept !== undefined && ids.has(row.kept.as)));
}

function without<T>(rows: Record<Uuid, T>, gone: (row: T) => boolean): Record<Uuid, T> {
  const left = Object.entries(rows).filter(([, row]) => !gone(row));
  return left.length === Object.keys(rows).length ? rows : Object.fromEntries(left);
}

function mapValues<T>(rows: Record<Uuid, T>, change: (row: T) => T): Record<Uuid, T> {
  return Object.fromEntries(Object.entries(rows).map(([id, row]) => [id, change(row)]));
}

function applySnapshot(board: Board, frame: Extract<ServerFrame, { t: 'snapshot' }>, receivedAt: number): Board {
  const { stream, epoch, seq } = frame;
  const streamOf = { ...board.streamOf };
  const keepOthers = <T>(rows: Record<Uuid, T>) =>
    Object.fromEntries(Object.entries(rows).filter(([id]) => streamOf[id] !== stream)) as Record<Uuid, T>;
  const alarms = frame.alarms === undefined ? { ...board.alarms } : keepOthers(board.alarms);
  const queue = frame.queue === undefined ? { ...board.queue } : keepOthers(board.queue);
  for (const alarm of frame.alarms ?? []) {
    if (alarm.state !== 'closed') alarms[alarm.id] = newer(board.alarms[alarm.id], alarm);
    streamOf[alarm.id] = stream;
  }
  for (const item of frame.queue ?? []) {
    if (item.state !== 'closed') queue[item.id] = newer(board.queue[item.id], item);
    streamOf[item.id] = stream;
  }
  const cursors = { ...board.cursors, [stream]: { stream, epoch, seq } };
  const journal = arrived(board.journal, frame.alarms ?? []);
  return { ...board, alarms, journal, queue, streamOf, cursors, asOf: receivedAt };
}

function applyEvent(board: Board, frame: Extract<ServerFrame, { t: 'ev' }>, me: Uuid, receivedAt: number): Applied {
  const known = board.cursors[frame.stream];
  const { epoch } = frame;
  const duplicate = known !== undefined && known.epoch === epoch && frame.seq <= known.seq;
  if (duplicate) return { board: { ...board, asOf: receivedAt }, resume: false, news: [] };
  const gap = known !== undefined && (known.epoch !== epoch || frame.seq > known.seq + 1);
  if (gap) return { board, resume: true, news: [] };

  const cursors = { ...board.cursors, [frame.stream]: { stream: frame.stream, epoch, seq: frame.seq } };
  let next: Board = { ...board, cursors, asOf: receivedAt };
  const { alarm, queue_item: item, told } = frame.body;
  if (alarm !== undefined) next = withAlarm(next, alarm, frame.stream);
  if (item !== undefined) next = withQueueItem(next, item, frame.stream);
  if (frame.type === 'alarm.told' && alarm !== undefined && told !== undefined && callsBeyondTheSeat(told, me)) {
    next = { ...next, calledFor: { ...next.calledFor, [alarm.id]: { post: told.post, at: frame.at } } };
  }
  return { board: next, resume: false, news: [{ type: frame.type, stream: frame.stream, body: frame.body }] };
}

/** Every seat is told of every alarm; a call is what reaches somebody further up. */
export function callsBeyondTheSeat(told: Pick<Told, 'account_id' | 'post'>, me: Uuid): boolean {
  return told.account_id === me && told.post !== 'seat_dispatcher';
}

/** One alarm as the server says it is now: from an event, or from the answer to a command. */
export function withAlarm(board: Board, alarm: Alarm, stream?: string): Board {
  const alarms = { ...board.alarms };
  const current = newer(board.alarms[alarm.id], alarm);
  if (current.state === 'closed') delete alarms[alarm.id];
  else alarms[alarm.id] = current;
  const calledFor = { ...board.calledFor };
  if (current.state !== 'raised') delete calledFor[alarm.id];
  const streamOf = stream === undefined ? board.streamOf : { ...board.streamOf, [alarm.id]: stream };
  return { ...board, alarms, journal: arrived(board.journal, [alarm]), calledFor, streamOf };
}

export function withQueueItem(board: Board, item: QueueItem, stream?: string): Board {
  const queue = { ...board.queue };
  const current = newer(board.queue[item.id], item);
  if (current.state === 'closed') delete queue[item.id];
  else queue[item.id] = current;
  const streamOf = stream === undefined ? board.streamOf : { ...board.streamOf, [item.id]: stream };
  return { ...board, queue, streamOf };
}

function newer<T extends { version: number }>(known: T | undefined, fresh: T): T {
  return known !== undefined && known.version > fresh.version ? known : fresh;
}

/** The whole board over plain HTTP: before the socket is up, and while it is down. */
export async function fetchBoard(known: Board | undefined, now: () => number): Promise<Board> {
  const started = now();
  const [alarms, queue] = await Promise.all([
    get<{ items: Alarm[] }>('/alarms?state=open&limit=500').catch(ifNotAllowed),
    get<{ items: QueueItem[] }>('/queue?state=open&limit=500').catch(ifNotAllowed),
  ]);
  const before = known ?? emptyBoard;
  // The socket may have said something newer while these were on their way.
  if (before.asOf > started) return mergeRows(before, alarms.items, queue.items);
  return mergeRows({ ...before, alarms: {}, queue: {} }, alarms.items, queue.items, before, now());
}

// A role may see one part of the board and not the other.
function ifNotAllowed(error: unknown): { items: never[] } {
  if (error instanceof Refused && error.status === 403) return { items: [] };
  throw error;
}

function mergeRows(onto: Board, alarms: Alarm[], queue: QueueItem[], before = onto, asOf = onto.asOf): Board {
  let board = { ...onto, asOf };
  for (const alarm of alarms) board = withAlarm(board, newer(before.alarms[alarm.id], alarm));
  for (const item of queue) board = withQueueItem(board, newer(before.queue[item.id], item));
  return board;
}

export type LiveOptions = { client: QueryClient; me: Uuid; now: () => number; onNews: (news: News) => void };

/** Joins the socket to the query cache. Returns the socket; `stop()` ends it. */
export function startLive({ client, me, now, onNews }: LiveOptions): LiveSocket {
  const board = () => client.getQueryData<Board>(boardKey) ?? emptyBoard;
  const socket: LiveSocket = new LiveSocket({
    ticket: async () => (await post<{ ticket: string }>('/live/tickets')).ticket,
    cursors: () => Object.values(board().cursors),
    onFrame: (frame) => {
      const applied = applyFrame(board(), frame, me, now());
      client.setQueryData<Board>(boardKey, applied.board);
      if (applied.resume) socket.resume();
      for (const news of applied.news) {
        const { alarm, queue_item: item } = news.body;
        if (alarm !== undefined) void client.invalidateQueries({ queryKey: ['alarm', alarm.id] });
        if (item !== undefined) void client.invalidateQueries({ queryKey: ['queue-item', item.id] });
        if (news.type.startsWith('duty.')) void client.invalidateQueries({ queryKey: ['duty'] });
        onNews(news);
      }
    },
  });
  socket.start();
  return socket;
}
