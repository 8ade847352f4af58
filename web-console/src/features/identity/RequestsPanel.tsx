// What waits for the second administrator: who asks for what, approve or reject.
import type { AccountRequest, AccountRow, Me } from '@/api/types';
import { useText } from '@/i18n/text';
import { failureWords } from '@/ui/failure';
import { rolesText } from '@/ui/posts';
import { TwoStepButton } from '@/ui/TwoStepButton';
import { stamp } from '@/ui/time';
import './identity.css';
import { useAccounts, useDecision } from './queries';

const REFRESH_MS = 10_000;

type Waiting = { account: AccountRow; request: AccountRequest };

export function RequestsPanel({ me }: { me: Me }) {
  const text = useText();
  const accounts = useAccounts(REFRESH_MS);
  const decision = useDecision();
  const waiting = (accounts.data ?? []).flatMap((account) =>
    account.requests.filter((request) => !request.is_approved).map((request) => ({ account, request })),
  );
  return (
    <section className="page-part" aria-labelledby="requests-title">
      <h2 className="part-title" id="requests-title">
        {text.identity.requests(accounts.data === undefined ? null : waiting.length)}
      </h2>
      {decision.isError ? (
        <p className="door-error" role="alert">
          {failureWords(decision.error, text)}
        </p>
      ) : null}
      {accounts.isError ? (
        <p className="door-error" role="alert">
          {failureWords(accounts.error, text)}
        </p>
      ) : accounts.isPending ? (
        <p className="muted" aria-busy="true">
          {text.common.loading}
        </p>
      ) : waiting.length === 0 ? (
        <p className="muted">{text.identity.noRequests}</p>
      ) : (
        <ul>
          {waiting.map((each) => (
            <RequestRow
              key={each.request.id}
              {...each}
              me={me}
              busy={decision.isPending}
              decide={(verb) => decision.mutate({ account: each.account.id, request: each.request, verb })}
            />
          ))}
        </ul>
      )}
    </section>
  );
}

type RowProps = Waiting & { me: Me; busy: boolean; decide: (verb: 'approve' | 'reject') => void };

function RequestRow({ account, request, me, busy, decide }: RowProps) {
  const text = useText();
  const own = request.asked_by === me.account.id || account.id === me.account.id;
  return (
    <li className="duty-row">
      <div>
        <b>{account.name}</b>
        <p className="small muted">{account.login}</p>
      </div>
      <div>
        <b>
          {request.kind === 'reset' ? text.identity.asksReset : text.identity.asksRoles(rolesText(request.roles, text))}
        </b>
        <p className="small muted">{text.identity.askedBy(request.asked_by_name, stamp(request.asked_at))}</p>
        {account.roles.length === 0 ? null : (
          <p className="small muted">{text.identity.holdsNow(rolesText(account.roles, text))}</p>
        )}
      </div>
      <div className="duty-acts">
        {own ? (
          <span className="small muted">{text.identity.needsAnother}</span>
        ) : (
          <>
            <TwoStepButton
              label={text.identity.approve}
              again={text.identity.approveAgain}
              disabled={busy}
              onConfirm={() => decide('approve')}
            />
            <TwoStepButton
              label={text.identity.reject}
              again={text.identity.rejectAgain}
              disabled={busy}
              onConfirm={() => decide('reject')}
            />
          </>
        )}
      </div>
    </li>
  );
}
