// The visits on this device: every change is sealed and stored before anything else happens, so a crash loses nothing.
import { useCallback, useEffect, useRef, useState } from 'react';
import { clockOffset } from '@/api/clock';
import type { What } from '@/api/outbox';
import type { Session } from '@/api/session';
import type { Uuid } from '@/api/types';
import { forgotten } from './owed';
import type { Visit } from './visit';

export type Visits = {
  ready: boolean;
  all: Visit[];
  open: Visit | undefined;
  saveFailed: boolean;
  save: (visit: Visit) => void;
  close: () => void;
  reopen: (id: string) => void;
  remove: (id: string) => Promise<void>;
};

const AT_WORK: Visit['phase'][] = ['run', 'thanks', 'result', 'handover'];

export function useVisits(session: Session): Visits {
  const { store, outbox } = session;
  const [all, setAll] = useState<Visit[]>([]);
  const [ready, setReady] = useState(false);
  const [openId, setOpenId] = useState<string | null>(null);
  const [saveFailed, setSaveFailed] = useState(false);
  const writes = useRef(Promise.resolve());

  useEffect(() => {
    let gone = false;
    const found = (visits: Visit[]) => {
      if (gone) return;
      setAll(visits);
      // After a crash or a reload: back to exactly where the person was, and nothing is left unsaid.
      const interrupted = visits.find((visit) => AT_WORK.includes(visit.phase));
      setOpenId((known) => known ?? interrupted?.id ?? null);
      setReady(true);
      const isKnown = (what: What, id: Uuid) => outbox.find(what, id) !== undefined;
      const owed = visits.flatMap((visit) => forgotten(visit, Date.now(), isKnown));
      if (owed.length > 0) void outbox.add(...owed);
    };
    store.list<Visit>('visit').then(found, () => {
      setSaveFailed(true);
      found([]);
    });
    return () => {
      gone = true;
    };
  }, [store, outbox]);

  const save = useCallback(
    (visit: Visit) => {
      setAll((known) => [...known.filter((each) => each.id !== visit.id), visit]);
      setOpenId(visit.phase === 'left' ? null : visit.id);
      writes.current = writes.current
        .then(() => {
          if (visit.phase === 'left') return store.remove('visit', visit.id);
          return store.put('visit', visit.id, { ...visit, clock_offset: clockOffset() });
        })
        .then(() => setSaveFailed(false))
        .catch(() => setSaveFailed(true));
    },
    [store],
  );
  const remove = useCallback(
    async (id: string) => {
      setAll((known) => known.filter((each) => each.id !== id));
      setOpenId(null);
      await store.remove('visit', id).catch(() => setSaveFailed(true));
    },
    [store],
  );
  const close = useCallback(() => setOpenId(null), []);
  const reopen = useCallback((id: string) => setOpenId(id), []);
  const live = all.filter((visit) => visit.phase !== 'left');
  return { ready, all: live, open: live.find((visit) => visit.id === openId), saveFailed, save, close, reopen, remove };
}
