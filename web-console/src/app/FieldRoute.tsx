// The tablet's route: session, service worker, and the way out.
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { sessionKey, signOut } from '@/api/session';
import { FieldApp } from '@/features/screening/FieldApp';
import { SessionGate } from './SessionGate';
import { useServiceWorker } from './useServiceWorker';

export function FieldRoute() {
  const client = useQueryClient();
  const navigate = useNavigate();
  const update = useServiceWorker();
  return (
    <SessionGate density="touch" outlives>
      {(session) => (
        <FieldApp
          key={session.me.account.id}
          session={session}
          onUpdate={update}
          onSignOut={() =>
            void signOut(session).then(() => {
              client.clear();
              client.setQueryData(sessionKey, null);
              return navigate({ to: '/' });
            })
          }
        />
      )}
    </SessionGate>
  );
}
