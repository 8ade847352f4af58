// The board's route: joins dispatch and triage, which do not know each other, and keeps the selection in the address.
import { useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useCallback, useEffect, useState } from 'react';
import { serverNow } from '@/api/clock';
import { startLive } from '@/api/live';
import { type Session, sessionKey, signOut } from '@/api/session';
import type { LiveSocket } from '@/api/socket';
import { BoardPage, type Selection } from '@/features/dispatch/BoardPage';
import { triageCommands } from '@/features/triage/commands';
import { byDeadline } from '@/features/triage/order';
import { useQueue } from '@/features/triage/queries';
import { TriageList } from '@/features/triage/TriageList';
import { TriagePanel, TriageRecord } from '@/features/triage/TriagePanel';
import { useText } from '@/i18n/text';
import { SessionGate } from './SessionGate';

const route = getRouteApi('/d');

export function BoardRoute() {
  return (
    <SessionGate density="desk">{(session) => <Board key={session.me.account.id} session={session} />}</SessionGate>
  );
}

function Board({ session }: { session: Session }) {
  const { me } = session;
  const text = useText();
  const client = useQueryClient();
  const navigate = useNavigate();
  const search = route.useSearch();
  const [live, setLive] = useState<LiveSocket | null>(null);
  const queue = useQueue();
  const myId = me.account.id;

  useEffect(() => {
    const socket = startLive({ client, me: myId, now: serverNow, onNews: () => {} });
    setLive(socket);
    return () => socket.stop();
  }, [client, myId]);

  const selection: Selection = { alarm: search.alarm, item: search.item, tab: search.tab ?? 'alarm' };
  const select = useCallback(
    (next: Selection) =>
      void navigate({
        to: '/d',
        search: {
          alarm: next.alarm,
          item: next.alarm === undefined ? next.item : undefined,
          tab: next.tab === 'triage' ? 'triage' : undefined,
        },
        replace: true,
      }),
    [navigate],
  );
  const openItem = (id: string) => select({ item: id, tab: 'triage' });
  const move = (by: 1 | -1) => {
    const order = [...queue].sort(byDeadline);
    const at = order.findIndex((item) => item.id === search.item);
    const next = order[at === -1 ? 0 : Math.min(order.length - 1, Math.max(0, at + by))];
    if (next !== undefined) openItem(next.id);
  };
  if (live === null) return null;
  return (
    <BoardPage
      me={me}
      live={live}
      selection={selection}
      onSelect={select}
      triage={{
        count: queue.length,
        list: <TriageList items={queue} selected={search.item} onSelect={openItem} />,
        panel:
          search.item === undefined ? null : (
            <TriagePanel
              me={me}
              id={search.item}
              row={queue.find((item) => item.id === search.item)}
              onAlarm={(id) => select({ alarm: id, tab: 'alarm' })}
            />
          ),
        side: search.item === undefined ? null : <TriageRecord id={search.item} />,
        keys: triageCommands.map((command) => ({
          key: command.keys[0]?.toUpperCase() ?? '',
          label: `${text.triage.inTriage}${text.triage.semicolon}${command.label({ text } as never)}`,
        })),
        move,
      }}
      dutyLink={
        <>
          <Link to="/duty" className="link small">
            {text.identity.dutyTitle}
          </Link>
          <button
            type="button"
            className="link small"
            onClick={() =>
              void signOut(session).then(() => {
                client.clear();
                client.setQueryData(sessionKey, null);
                return navigate({ to: '/' });
              })
            }
          >
            {text.common.signOut}
          </button>
        </>
      }
    />
  );
}
