// Claim, acknowledge and the rest: never drawn as done before the server says so.
import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useRef, useState } from 'react';
import { serverNow } from '@/api/clock';
import { get, post, Refused, Unreached } from '@/api/http';
import { newId } from '@/api/ids';
import { type Board, boardKey, emptyBoard, withAlarm } from '@/api/live';
import type { Alarm, AlarmFull, Problem, Uuid } from '@/api/types';

export type Verb =
  | 'claim'
  | 'acknowledge'
  | 'release'
  | 'note'
  | 'escalate'
  | 'cannot-reach'
  | 'close'
  | 'reopen'
  | 'shelve'
  | 'unshelve'
  | 'second';
export type Flight = {
  verb: Verb;
  since: number;
  state: 'flying' | 'failed' | 'lost' | 'refused';
  body: Record<string, unknown>;
  winner?: { name: string; earlierSecs: number | null };
  problem?: Problem;
};
export type Flights = Record<Uuid, Flight>;

const TRIES_WITHOUT_ANSWER = 4;
const TRIES_AGAINST_CHANGES = 4;

export function useAlarmCommands(me: Uuid) {
  const client = useQueryClient();
  const [flights, setFlights] = useState<Flights>({});
  const latest = useRef(flights);
  latest.current = flights;

  const put = useCallback((id: Uuid, flight: Flight | null) => {
    setFlights((known) => {
      const next = { ...known };
      if (flight === null) delete next[id];
      else next[id] = flight;
      return next;
    });
  }, []);

  const run = useCallback(
    async (alarm: Alarm, verb: Verb, body: Record<string, unknown> = {}): Promise<boolean> => {
      if (latest.current[alarm.id]?.state === 'flying') return false;
      // A note has its own id, so that a retry after a lost answer is one note.
      const sent = verb === 'note' ? { ...body, id: newId() } : body;
      const flight: Flight = { verb, since: serverNow(), state: 'flying', body: sent };
      put(alarm.id, flight);
      const outcome = await deliver(alarm, verb, sent, me);
      if ('alarm' in outcome) {
        client.setQueryData<Board>(boardKey, (board) => withAlarm(board ?? emptyBoard, outcome.alarm));
        void client.invalidateQueries({ queryKey: ['alarm', alarm.id] });
      }
      if (outcome.state === 'done') put(alarm.id, null);
      else if (outcome.state === 'lost') {
        const earlier = outcome.winner === undefined ? null : (flight.since - Date.parse(outcome.winner.at)) / 1000;
        const winner = outcome.winner && {
          name: outcome.winner.name,
          earlierSecs: earlier !== null && earlier > 0 ? earlier : null,
        };
        put(alarm.id, { ...flight, state: 'lost', winner });
      } else put(alarm.id, { ...flight, state: outcome.state, problem: outcome.problem });
      return outcome.state === 'done';
    },
    [client, me, put],
  );
  const forget = useCallback((id: Uuid) => put(id, null), [put]);
  return { flights, run, forget };
}

type Outcome =
  | { state: 'done'; alarm: Alarm; problem?: undefined }
  | { state: 'lost'; alarm: Alarm; winner?: { name: string; at: string }; problem?: Problem }
  | { state: 'refused'; problem: Problem }
  | { state: 'failed'; problem?: undefined };

async function deliver(alarm: Alarm, verb: Verb, body: Record<string, unknown>, me: Uuid): Promise<Outcome> {
  let version = alarm.version;
  let silent = 0;
  let changed = 0;
  for (;;) {
    try {
      const answer = await post<{ alarm: Alarm }>(`/alarms/${alarm.id}/${verb}`, {
        ...body,
        expected_version: version,
      });
      return { state: 'done', alarm: answer.alarm };
    } catch (error) {
      if (error instanceof Unreached) {
        silent += 1;
        if (silent >= TRIES_WITHOUT_ANSWER) return { state: 'failed' };
        await new Promise((resolve) => setTimeout(resolve, 400 * silent));
        continue;
      }
      if (!(error instanceof Refused) || !error.is('version-conflict')) {
        return error instanceof Refused ? { state: 'refused', problem: error.problem } : { state: 'failed' };
      }
      const fresh = await loadAlarm(alarm.id);
      if (fresh === null) return { state: 'failed' };
      if (isDoneBy(fresh, verb, me)) return { state: 'done', alarm: fresh };
      changed += 1;
      // Something beside the point changed (somebody was told, a press was merged): the intent still stands.
      if (!stillMeant(fresh, verb, me) || changed >= TRIES_AGAINST_CHANGES) {
        const holder = fresh.acknowledged ?? fresh.claimed;
        const winner = error.problem.winner ?? (holder ? { name: holder.by, at: holder.at } : undefined);
        return { state: 'lost', alarm: fresh, winner, problem: error.problem };
      }
      version = fresh.version;
    }
  }
}

async function loadAlarm(id: Uuid): Promise<Alarm | null> {
  return get<AlarmFull>(`/alarms/${id}`).catch(() => null);
}

// An answer that was lost on the way back: the first try did take effect.
function isDoneBy(alarm: Alarm, verb: Verb, me: Uuid): boolean {
  if (verb === 'claim') return alarm.state === 'claimed' && alarm.claimed?.by_id === me;
  return verb === 'acknowledge' && alarm.state === 'acknowledged' && alarm.acknowledged?.by_id === me;
}

export function stillMeant(alarm: Alarm, verb: Verb, me: Uuid): boolean {
  if (verb === 'claim') return alarm.state === 'raised';
  if (verb === 'acknowledge') return alarm.state === 'claimed' && alarm.claimed?.by_id === me;
  return verb === 'note' || verb === 'escalate' ? alarm.state !== 'closed' : false;
}
