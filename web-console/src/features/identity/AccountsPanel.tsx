// The list of accounts: create (shows a link once), disable, enable, reset.
import { useState } from 'react';
import { newId } from '@/api/ids';
import type { AccountRow, OneTimeLink } from '@/api/types';
import { useText } from '@/i18n/text';
import { failureWords } from '@/ui/failure';
import { roleName } from '@/ui/posts';
import { TwoStepButton } from '@/ui/TwoStepButton';
import { stamp } from '@/ui/time';
import { AccountForm } from './AccountForm';
import './identity.css';
import { useAccountCommand, useAccounts, useSaveAccount } from './queries';

type Shown = { name: string; link: OneTimeLink };

export function AccountsPanel() {
  const text = useText();
  const accounts = useAccounts();
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
        <button type="button" className="btn btn-primary" onClick={() => setCreating(true)} disabled={creating}>
          {text.identity.newAccount}
        </button>
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
                run={(verb) =>
                  command.mutate(
                    { id: row.id, verb },
                    { onSuccess: (link) => link?.setup_path && setShown({ name: row.name, link }) },
                  )
                }
              />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Row({ row, run }: { row: AccountRow; run: (verb: 'disable' | 'enable' | 'reset') => void }) {
  const text = useText();
  const off = row.disabled_at !== null;
  return (
    <tr className={off ? 'tr-off' : undefined}>
      <td className="td cell-tight">
        <b>{row.name}</b>
      </td>
      <td className="td cell-tight">{row.login}</td>
      <td className="td">
        {row.roles
          .map((each) => [roleName(each.role, text), each.org_name].filter(Boolean).join(' '))
          .join(text.common.listComma)}
      </td>
      <td className="td">
        {off
          ? text.identity.disabled
          : row.has_password === false
            ? text.identity.notSetUp(row.setup_expires_at === null ? '' : stamp(row.setup_expires_at))
            : text.identity.active}
      </td>
      <td className="td">
        <div className="duty-acts">
          {off ? (
            <button type="button" className="btn btn-small" onClick={() => run('enable')}>
              {text.identity.enable}
            </button>
          ) : (
            <>
              <TwoStepButton
                label={text.identity.reset}
                again={text.identity.resetAgain}
                onConfirm={() => run('reset')}
              />
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
