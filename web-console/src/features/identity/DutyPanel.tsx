// Who is on which post now: go on, go off, hand over.
import { useState } from 'react';
import type { Duty, DutyHolder, Me } from '@/api/types';
import { useText } from '@/i18n/text';
import { failureWords } from '@/ui/failure';
import { postName } from '@/ui/posts';
import { stamp } from '@/ui/time';
import './identity.css';
import { useAccounts, useDuty, useDutyCommand } from './queries';

type Row = { post: string; org_id: string; org_name: string; holder: DutyHolder | null };
type Run = ReturnType<typeof useDutyCommand>['mutate'];

/** Every post somebody stands on, and every post of mine that is empty where I belong. */
export function dutyRows(duty: Duty, me: Me): Row[] {
  const held = duty.holders.map((holder) => ({ ...holder, holder }));
  const empty: Row[] = [];
  for (const post of duty.mine) {
    for (const role of me.account.roles) {
      const known = [...held, ...empty].some((row) => row.post === post && row.org_id === role.org_id);
      if (!known) empty.push({ post, org_id: role.org_id, org_name: role.org_name ?? '', holder: null });
    }
  }
  const mineFirst = (row: Row) => (duty.mine.includes(row.post) ? 0 : 1);
  return [...empty, ...held].sort((a, b) => mineFirst(a) - mineFirst(b));
}

export function DutyPanel({ me }: { me: Me }) {
  const text = useText();
  const duty = useDuty();
  const command = useDutyCommand();
  const rows = duty.data === undefined ? [] : dutyRows(duty.data, me);
  return (
    <section className="page-part" aria-labelledby="duty-title">
      <h2 className="part-title" id="duty-title">
        {text.identity.dutyTitle}{' '}
        {duty.data === undefined ? null : (
          <span className="muted small">{text.dispatch.asOf(stamp(duty.data.as_of))}</span>
        )}
      </h2>
      {command.isError ? (
        <p className="door-error" role="alert">
          {failureWords(command.error, text)}
        </p>
      ) : null}
      {duty.isError ? (
        <div className="box">
          <b className="box-title">{text.identity.dutyNotLoaded}</b>
          {failureWords(duty.error, text)}{' '}
          <button type="button" className="btn btn-small" onClick={() => void duty.refetch()}>
            {text.common.tryAgain}
          </button>
        </div>
      ) : duty.data === undefined ? (
        <p className="muted" aria-busy="true">
          {text.common.loading}
        </p>
      ) : rows.length === 0 ? (
        <p className="muted">{text.identity.noPosts}</p>
      ) : (
        <ul>
          {rows.map((row) => (
            <PostRow
              key={`${row.post}${row.org_id}${row.holder?.account_id ?? ''}`}
              row={row}
              me={me}
              run={command.mutate}
              busy={command.isPending}
            />
          ))}
        </ul>
      )}
    </section>
  );
}

function PostRow({ row, me, run, busy }: { row: Row; me: Me; run: Run; busy: boolean }) {
  const text = useText();
  const mine = row.holder?.account_id === me.account.id;
  const [handing, setHanding] = useState(false);
  const act = (verb: 'on' | 'off') => run({ post: row.post, verb, org_id: row.org_id });
  return (
    <li className="duty-row">
      <div>
        <b>{postName(row.post, text)}</b>
        <p className="small muted">{row.org_name}</p>
      </div>
      <div>
        {row.holder === null ? (
          <>
            <b>{text.identity.postEmpty}</b>
            <p className="small muted">{text.identity.resolvesUp}</p>
          </>
        ) : (
          <>
            <span className={mine ? 'mine' : 'strong'}>{mine ? text.common.me : row.holder.name}</span>
            <p className="small muted">{text.identity.since(stamp(row.holder.since))}</p>
          </>
        )}
      </div>
      <div className="duty-acts">
        {handing ? (
          <HandOver
            me={me}
            onCancel={() => setHanding(false)}
            onChoose={(to_account) => {
              setHanding(false);
              run({ post: row.post, verb: 'hand-over', org_id: row.org_id, to_account });
            }}
          />
        ) : mine ? (
          <>
            <button type="button" className="btn" disabled={busy} onClick={() => setHanding(true)}>
              {text.identity.handOver}
            </button>
            <button type="button" className="btn" disabled={busy} onClick={() => act('off')}>
              {text.identity.goOff}
            </button>
          </>
        ) : row.holder === null ? (
          <button type="button" className="btn btn-brand" disabled={busy} onClick={() => act('on')}>
            {text.identity.goOn}
          </button>
        ) : null}
      </div>
    </li>
  );
}

function HandOver(props: { me: Me; onChoose: (account: string) => void; onCancel: () => void }) {
  const text = useText();
  const duty = useDuty();
  const accounts = useAccounts();
  const [chosen, setChosen] = useState('');
  // Whoever may not read the accounts still knows the people who are on duty.
  const known = accounts.data?.filter((each) => each.disabled_at === null) ?? [];
  const onDuty = (duty.data?.holders ?? []).map((each) => ({ id: each.account_id, name: each.name }));
  const people = new Map([...onDuty, ...known].map((each) => [each.id, each.name]));
  people.delete(props.me.account.id);
  return (
    <>
      <select
        className="input"
        aria-label={text.identity.handOverTo}
        value={chosen}
        onChange={(event) => setChosen(event.target.value)}
      >
        <option value="">{text.identity.handOverTo}</option>
        {[...people].map(([id, name]) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
      <button type="button" className="btn btn-primary" disabled={chosen === ''} onClick={() => props.onChoose(chosen)}>
        {text.identity.handOver}
      </button>
      <button type="button" className="btn" onClick={props.onCancel}>
        {text.common.back}
      </button>
    </>
  );
}
