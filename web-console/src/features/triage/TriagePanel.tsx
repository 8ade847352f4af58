// One result with its owner: the suggestion with reasons, what would change it, and a person's decision.
import { type ReactNode, useEffect, useState } from 'react';
import { Refused } from '@/api/http';
import type { Me, QueueItem, QueueItemFull } from '@/api/types';
import { say, useText } from '@/i18n/text';
import { CountedAnswers } from '@/ui/CountedAnswers';
import { type Command, useCommandKeys } from '@/ui/commands';
import { failureWords } from '@/ui/failure';
import { historyWords } from '@/ui/history';
import { TierMark } from '@/ui/Mark';
import { postName } from '@/ui/posts';
import { clock, stamp, useNow } from '@/ui/time';
import { clockWords } from './clockWords';
import {
  attempted,
  change,
  close,
  confirm,
  contacted,
  second,
  type TriageContext,
  type TriageForm,
  triageCommands,
} from './commands';
import { isOverdue, stageWords } from './order';
import { type TriageVerb, useQueueItem, useTriageCommand } from './queries';
import './triage.css';
import { outcomeName, TriageForms } from './TriageForms';

type Props = { me: Me; id: string; row: QueueItem | undefined; onAlarm: (id: string) => void };

export function TriagePanel({ me, id, row, onAlarm }: Props) {
  const text = useText();
  const t = text.triage;
  const now = useNow();
  const full = useQueueItem(id);
  const command = useTriageCommand();
  const [form, setForm] = useState<TriageForm>(null);
  const item = newest(row, full.data);
  const reset = command.reset;
  useEffect(() => {
    if (!id) return;
    setForm(null);
    reset();
  }, [id, reset]);

  const run = (verb: TriageVerb, body: Record<string, unknown> = {}) => {
    if (item === undefined) return;
    command.mutate({ item, verb, body }, { onSuccess: () => setForm(null) });
  };
  const context: TriageContext = {
    text,
    me: me.account.id,
    permissions: me.permissions,
    item,
    busy: command.isPending,
    confirm: () => run('confirm'),
    open: setForm,
  };
  useCommandKeys(triageCommands, context);

  if (item === undefined) {
    return (
      <div className="bd-empty" role="status">
        <b className="box-title">{full.isError ? failureWords(full.error, text) : text.common.loading}</b>
      </div>
    );
  }
  const detail = full.data;
  const name = detail?.name ?? item.person.name_masked;
  const phone = detail?.phone ?? null;
  const address = detail?.address ?? null;
  const changes = detail?.suggestion?.would_change ?? [];
  const late = isOverdue(item, now);
  return (
    <>
      <header className="wp-head">
        <div className="wp-l1">
          <TierMark tier={item.tier} />
          <h1 className="wp-title">{say(item.headline)}</h1>
          <b className={late ? 'tq-bigdue danger-text' : 'tq-bigdue'}>
            {item.due_at === null ? '' : late ? t.overdueSince(stamp(item.due_at)) : t.dueAt(stamp(item.due_at))}
          </b>
        </div>
        <div className="wp-l2">
          <span>{[...new Set([item.org.district, item.org.name])].join(' ')}</span>
          <span className="faint small">{item.scales.map((scale) => scale.code).join(text.common.listComma)}</span>
        </div>
        <div className="wp-acts">
          <Act command={confirm} context={context} primary={item.state === 'open'} />
          <Act command={change} context={context} />
          <Act command={contacted} context={context} />
          <Act command={attempted} context={context} />
          {item.second_person ? <Act command={second} context={context} primary /> : null}
          <span className="grow" />
          <Act command={close} context={context} reasonFirst />
        </div>
        <p className="wp-lease">
          <span>{stateWords(item, t)}</span>
          <span className="end">{command.isPending ? text.dispatch.delivering : ''}</span>
        </p>
        {command.isError ? (
          <p className="field-error" role="alert">
            {refusalWords(command.error, text)}
          </p>
        ) : null}
      </header>
      {form === null ? null : (
        <TriageForms
          key={id + form}
          form={form}
          item={item}
          busy={command.isPending}
          onRun={run}
          onBack={() => setForm(null)}
        />
      )}
      <div className="wp-body">
        <dl className="facts">
          <dt className="facts-dt">{text.dispatch.who}</dt>
          <dd className="facts-dd">
            <b>{name}</b>{' '}
            {item.person.sex === 'F' ? text.common.female : item.person.sex === 'M' ? text.common.male : ''}{' '}
            {item.person.age === null ? '' : text.common.years(item.person.age)}
            <small className="facts-sub">
              {phone === null ? (full.isPending ? text.common.loading : '') : `${text.dispatch.phone} ${phone}`}
            </small>
          </dd>
          <dt className="facts-dt">{text.dispatch.where}</dt>
          <dd className="facts-dd">{address ?? text.dispatch.addressUnknown}</dd>
          <dt className="facts-dt">{t.owner}</dt>
          <dd className="facts-dd">
            {item.owner?.name ? <b>{item.owner.name}</b> : <span className="danger-text">{t.noOwner}</span>}{' '}
            {item.owner === null ? '' : postName(item.owner.post, text)}
            {item.owner?.through ? (
              <small className="facts-sub">{t.standsIn(postName(item.owner.through, text))}</small>
            ) : null}
            {item.contacted_at ? <small className="facts-sub">{t.contactedAt(stamp(item.contacted_at))}</small> : null}
          </dd>
          <dt className="facts-dt">{t.next}</dt>
          <dd className="facts-dd">
            <b>{stageWords(item, t)}</b> {item.due_at === null ? '' : t.dueAt(stamp(item.due_at))}
            {item.attempts > 0 ? <small className="facts-sub">{t.attempts(item.attempts)}</small> : null}
          </dd>
          <dt className="facts-dt">{text.dispatch.why}</dt>
          <dd className="facts-dd">
            {item.reasons.map((reason) => (
              <span key={reason.row} className="facts-line">
                {say(reason.text)}
                <small className="facts-sub">
                  {[text.dispatch.rule(reason.row), reason.source].filter(Boolean).join(text.common.listComma)}
                </small>
              </span>
            ))}
          </dd>
          {detail?.clock ? (
            <>
              <dt className="facts-dt">{t.clock}</dt>
              <dd className="facts-dd">{clockWords(detail.clock, text)}</dd>
            </>
          ) : null}
          {changes.length === 0 ? null : (
            <>
              <dt className="facts-dt">{t.wouldChange}</dt>
              <dd className="facts-dd">
                {changes.map((each) => (
                  <span key={say(each.text)} className="facts-line">
                    {say(each.text)} <TierMark tier={each.tier} />
                  </span>
                ))}
              </dd>
            </>
          )}
          {item.alarm_id ? (
            <>
              <dt className="facts-dt">{t.alarm}</dt>
              <dd className="facts-dd">
                <button type="button" className="link" onClick={() => item.alarm_id && onAlarm(item.alarm_id)}>
                  {t.openAlarm}
                </button>
              </dd>
            </>
          ) : null}
        </dl>
        <CountedAnswers reasons={item.reasons} scales={item.scales} />
        <Answers detail={detail} failed={full.isError ? failureWords(full.error, text) : null} />
      </div>
    </>
  );
}

function newest(row: QueueItem | undefined, full: QueueItemFull | undefined): QueueItem | undefined {
  if (row === undefined) return full;
  return full !== undefined && full.version > row.version ? full : row;
}

function stateWords(item: QueueItem, t: ReturnType<typeof useText>['triage']): string {
  const asked = item.second_person;
  if (asked) {
    const reason = asked.reason ?? '';
    if (asked.outcome !== null) return t.waitsForSecondClose(outcomeName(asked.outcome, t), reason);
    return t.waitsForSecond(asked.tier ?? item.tier, reason);
  }
  if (item.state === 'confirmed')
    return item.tier === item.suggested_tier ? t.isConfirmed : t.changedFrom(item.suggested_tier);
  return item.state === 'closed' ? t.isClosed : t.suggestedOnly;
}

export function refusalWords(error: Error, text: ReturnType<typeof useText>): string {
  if (error instanceof Refused && error.is('version-conflict')) {
    const winner = error.problem.winner;
    return winner === undefined ? text.dispatch.changedMeanwhile : text.triage.changedBy(winner.name, clock(winner.at));
  }
  return failureWords(error, text);
}

function Act(props: {
  command: Command<TriageContext>;
  context: TriageContext;
  primary?: boolean;
  reasonFirst?: boolean;
}) {
  const { command, context } = props;
  const may = command.may(context);
  const why: ReactNode = typeof may === 'string' ? <span className="wp-why">{may}</span> : null;
  return (
    <>
      {props.reasonFirst ? why : null}
      <button
        type="button"
        className={may === true ? (props.primary ? 'btn btn-primary' : 'btn') : 'btn off'}
        aria-disabled={may !== true}
        onClick={() => command.may(context) === true && command.run(context)}
      >
        {command.label(context)} <kbd className="kbd">{command.keys[0]?.toUpperCase()}</kbd>
      </button>
    </>
  );
}

function Answers({ detail, failed }: { detail: QueueItemFull | undefined; failed: string | null }) {
  const text = useText();
  if (failed !== null) return <p className="wp-part danger-text">{failed}</p>;
  if (detail?.answers === undefined || detail.answers.length === 0) return null;
  return (
    <section className="wp-part">
      <h2 className="part-head">
        {text.dispatch.answers} <small className="faint">{text.dispatch.lookRecorded}</small>
      </h2>
      <ol className="answers">
        {detail.answers.map((answer) => (
          <li key={answer.item} className={answer.critical ? 'answer is-critical' : 'answer'}>
            <span className="faint">{answer.item.replace(/^q/, '')}</span>
            <span>{say(answer.text)}</span>
            <b>{answer.answer === null ? text.dispatch.notAnswered : say(answer.answer)}</b>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** The record of an item, for the board's third column. */
export function TriageRecord({ id }: { id: string }) {
  const text = useText();
  const full = useQueueItem(id);
  const lines = full.data?.history ?? [];
  return (
    <>
      <h2 className="side-head">
        {text.dispatch.record} <small className="faint">{text.dispatch.onlyGrows(lines.length)}</small>
      </h2>
      <ol className="tl">
        {lines.map((line) => (
          <li key={`${line.at}${line.kind}`} className={line.by === null ? 'tl-row tl-sys' : 'tl-row'}>
            <time className="tl-time">{stamp(line.at)}</time>
            <div>{historyWords(line, text)}</div>
          </li>
        ))}
      </ol>
    </>
  );
}
