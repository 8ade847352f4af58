// The list of accounts, for who keeps them also: create (shows a link once), disable, enable, reset.
import { useState } from 'react';
import { newId } from '@/api/ids';
import type { AccountRow, Me, OneTimeLink } from '@/api/types';
import { useText } from '@/i18n/text';
import { failureWords } from '@/ui/failure';
import { rolesText } from '@/ui/posts';
import { TwoStepButton } from '@/ui/TwoStepButton';
import { stamp } from '@/ui/time';
import { AccountForm } from './AccountForm';
import './identity.css';
import { useAccountCommand, useAccounts, useSaveAccount } from './queries';

/** What the other administrator has decided shows without reloading the page. */
const REFRESH_MS = 15_000;

type Shown = { name: string; link: OneTimeLink };

export function AccountsPanel({ me }: { me: Me }) {
  const text = useText();
  const keeps = me.permissions.includes('account_manage');
  const accounts = useAccounts(REFRESH_MS);
  const command = useAccountCommand();
  const save = useSaveAccount();
  const [search, setSearch] = useState('');
  const [creating, setCreating] = useState(false);
  const [shown, setShown] = useState<Shown | null>(null);
  const wanted = search.trim().toLowerCase();
  const rows = (accounts.data ?? []).filter(
    (each) => wanted === '' || `${each.name} ${each.login}`.toLowerCase().includes(wanted),
  );

  return (
    <section className="page-part" aria-labelledby="accounts-title">
      <div className="row">
        <h2 className="part-title grow" id="accounts-title">
          {text.identity.accounts(accounts.data?.length ?? null)}
        </h2>
        <input
          className="input admin-search"
          type="search"
          aria-label={text.identity.findAccount}
          placeholder={text.identity.findAccount}
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        {keeps ? (
          <button type="button" className="btn btn-primary" onClick={() => setCreating(true)} disabled={creating}>
            {text.identity.newAccount}
          </button>
        ) : null}
      </div>
      {command.isError ? (
        <p className="door-error" role="alert">
          {failureWords(command.error, text)}
        </p>
      ) : null}
      {shown === null ? null : <LinkOnce shown={shown} onDone={() => setShown(null)} />}
      {creating ? (
        <AccountForm
          error={save.error}
          busy={save.isPending}
          onCancel={() => setCreating(false)}
          onSave={(form) =>
            save.mutate(
              { id: newId(), form },
              {
                onSuccess: (link) => {
                  setCreating(false);
                  setShown({ name: form.name, link });
                },
              },
            )
          }
        />
      ) : null}
      {accounts.isError ? (
        <div className="box">
          <b className="box-title">{text.identity.accountsNotLoaded}</b>
          {failureWords(accounts.error, text)}{' '}
          <button type="button" className="btn btn-small" onClick={() => void accounts.refetch()}>
            {text.common.tryAgain}
          </button>
        </div>
      ) : accounts.isPending ? (
        <p className="muted" aria-busy="true">
          {text.common.loading}
        </p>
      ) : rows.length === 0 ? (
        <p className="muted">{text.identity.noAccounts}</p>
      ) : (
        <table className="table">
          <thead>
            <tr>
              <th className="th">{text.identity.name}</th>
              <th className="th">{text.identity.login}</th>
              <th className="th">{text.identity.roles}</th>
              <th className="th">{text.identity.state}</th>
              <th className="th" />
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <Row
                key={row.id}
                row={row}
                mine={row.id === me.account.id}
                run={
                  keeps && row.id !== me.account.id
                    ? (verb) =>
                        command.mutate(
                          { id: row.id, verb },
                          {
                            onSuccess: (link) =>
                              link !== undefined && 'setup_path' in link && setShown({ name: row.name, link }),
                          },
                        )
                    : null
                }
                asker={me.account.id}
              />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

type RowProps = {
  row: AccountRow;
  mine: boolean;
  asker: string;
  run: ((verb: 'disable' | 'enable' | 'reset') => void) | null;
};

function Row({ row, mine, asker, run }: RowProps) {
  const text = useText();
  const off = row.disabled_at !== null;
  const approved = row.requests.find((each) => each.is_approved && each.asked_by === asker);
  const waiting = row.requests.filter((each) => !each.is_approved);
  return (
    <tr className={off ? 'tr-off' : undefined}>
      <td className="td cell-tight">
        <b>{row.name}</b>
      </td>
      <td className="td cell-tight">{row.login}</td>
      <td className="td">{rolesText(row.roles, text)}</td>
      <td className="td">
        {off
          ? text.identity.disabled
          : row.has_password === false
            ? text.identity.notSetUp(row.setup_expires_at === null ? '' : stamp(row.setup_expires_at))
            : text.identity.active}
        {waiting.map((each) => (
          <p key={each.id} className="small strong">
            {each.kind === 'reset' ? text.identity.resetWaits : text.identity.rolesWait(rolesText(each.roles, text))}
          </p>
        ))}
      </td>
      <td className="td">
        <div className="duty-acts">
          {run === null ? (
            mine ? (
              <span className="small muted">{text.common.me}</span>
            ) : null
          ) : off ? (
            <button type="button" className="btn btn-small" onClick={() => run('enable')}>
              {text.identity.enable}
            </button>
          ) : (
            <>
              {waiting.some((each) => each.kind === 'reset') ? null : (
                <TwoStepButton
                  label={approved === undefined ? text.identity.reset : text.identity.takeLink}
                  again={approved === undefined ? text.identity.resetAgain : text.identity.takeLinkAgain}
                  onConfirm={() => run('reset')}
                />
              )}
              <TwoStepButton
                label={text.identity.disable}
                again={text.identity.disableAgain}
                onConfirm={() => run('disable')}
              />
            </>
          )}
        </div>
      </td>
    </tr>
  );
}

function LinkOnce({ shown, onDone }: { shown: Shown; onDone: () => void }) {
  const text = useText();
  const [copied, setCopied] = useState(false);
  const link = `${location.origin}${shown.link.setup_path}`;
  return (
    <div className="one-time" role="status">
      <b>{text.identity.oneTimeLink(shown.name)}</b>
      <span className="one-time-link">{link}</span>
      <span className="small muted">{text.identity.shownOnce}</span>
      <span className="row">
        <button
          type="button"
          className="btn btn-small"
          onClick={() => void navigator.clipboard.writeText(link).then(() => setCopied(true))}
        >
          {copied ? text.identity.copied : text.identity.copy}
        </button>
        <button type="button" className="btn btn-small" onClick={onDone}>
          {text.identity.passedOn}
        </button>
      </span>
    </div>
  );
}
