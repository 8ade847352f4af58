// Accounts, requests and places for administrators; everybody's own password and second factor.
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { sessionKey, signOut } from '@/api/session';
import type { Me } from '@/api/types';
import { AccountsPanel } from '@/features/identity/AccountsPanel';
import { DutyPanel } from '@/features/identity/DutyPanel';
import { OrgUnitsPanel } from '@/features/identity/OrgUnitsPanel';
import { OwnAccountPanel } from '@/features/identity/OwnAccountPanel';
import { RequestsPanel } from '@/features/identity/RequestsPanel';
import { useText } from '@/i18n/text';
import { Icon } from '@/ui/Icon';
import { IdleMask } from '@/ui/IdleMask';
import { LanguageSwitch, ThemeSwitch } from '@/ui/Switches';
import { SessionGate } from './SessionGate';

const may = (me: Me, action: string) => me.permissions.includes(action);

export function AdminRoute() {
  const text = useText();
  const client = useQueryClient();
  const navigate = useNavigate();
  return (
    <SessionGate density="desk">
      {(session) => (
        <>
          <header className="page-bar">
            <span className="brand-mark">
              <Icon name="lamp" />
              <b>{text.common.brand}</b>
              <span className="muted">{text.identity.adminTitle}</span>
            </span>
            {session.me.tenant.fictional ? (
              <span className="drill fictional">{text.common.fictionalCity(session.me.tenant.name)}</span>
            ) : null}
            <span className="grow" />
            <ThemeSwitch />
            <LanguageSwitch />
            <b>{session.me.account.name}</b>
            <button
              type="button"
              className="btn"
              onClick={() =>
                void signOut(session).then(() => {
                  client.setQueryData(sessionKey, null);
                  return navigate({ to: '/' });
                })
              }
            >
              {text.common.signOut}
            </button>
          </header>
          <main className="page page-wide">
            <IdleMask>
              <div className="admin-grid">
                <div>
                  {session.me.account.roles.length === 0 ? (
                    <p className="page-part strong">{text.identity.ownRolesWait}</p>
                  ) : null}
                  {may(session.me, 'role_grant') ? <RequestsPanel me={session.me} /> : null}
                  {may(session.me, 'account_read') ? <AccountsPanel me={session.me} /> : null}
                  {may(session.me, 'org_manage') ? <OrgUnitsPanel /> : null}
                  <DutyPanel me={session.me} />
                </div>
                <OwnAccountPanel me={session.me} />
              </div>
            </IdleMask>
          </main>
        </>
      )}
    </SessionGate>
  );
}
