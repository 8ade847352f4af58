// The duty page: the same for the tablet and the desk.
import { Link } from '@tanstack/react-router';
import { DutyPanel } from '@/features/identity/DutyPanel';
import { useText } from '@/i18n/text';
import { SessionGate } from './SessionGate';

export function DutyRoute() {
  const text = useText();
  return (
    <SessionGate density="desk">
      {({ me }) => (
        <>
          <header className="page-bar">
            <Link to={me.account.home} className="btn">
              {text.common.back}
            </Link>
            <b className="grow">{text.identity.dutyTitle}</b>
            <span className="muted">{me.account.name}</span>
          </header>
          <main className="page">
            <DutyPanel me={me} />
          </main>
        </>
      )}
    </SessionGate>
  );
}
