// Lets a page be seen only with a session; asks to sign in otherwise, and says so when the server is not reached.
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useEffect, useRef } from 'react';
import { readSession, type Session, sessionKey } from '@/api/session';
import { useText } from '@/i18n/text';
import { setDensity } from '@/ui/theme';
import { setZone } from '@/ui/time';

/** `outlives`: the page goes on when the session ends while it is open (a questionnaire must not vanish). */
type Props = { density: 'touch' | 'desk'; outlives?: boolean; children: (session: Session) => ReactNode };

export function SessionGate({ density, outlives, children }: Props) {
  const text = useText();
  const navigate = useNavigate();
  const session = useQuery({
    queryKey: sessionKey,
    queryFn: readSession,
    staleTime: Number.POSITIVE_INFINITY,
    // Started offline: ask again until the server says who this is.
    refetchInterval: (query) => (query.state.data?.offline || query.state.error !== null ? 5_000 : false),
  });
  const last = useRef<Session | null>(null);
  if (session.data) last.current = session.data;
  const ended = outlives === true && session.data === null ? last.current : null;
  useEffect(() => setDensity(density), [density]);
  useEffect(() => {
    if (session.data === null && ended === null) void navigate({ to: '/', search: { to: location.pathname } });
  }, [session.data, ended, navigate]);
  const zone = session.data?.me.tenant.zone;
  if (zone !== undefined) setZone(zone);

  if (session.data) return children(session.data);
  if (ended !== null) return children({ ...ended, ended: true });
  if (session.isError) {
    return (
      <main className="page" role="alert">
        <div className="box ink">
          <b className="box-title">{text.common.serverNotReached}</b>
          {text.common.triesByItself}
        </div>
      </main>
    );
  }
  return <main className="page" aria-busy="true" />;
}
