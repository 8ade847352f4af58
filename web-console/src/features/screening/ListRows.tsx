// One person to see, and one record that is done.
import type { ReactNode } from 'react';
import { serverNow } from '@/api/clock';
import type { Entry } from '@/api/outbox';
import type { Target } from '@/api/types';
import { say, type Text, useText } from '@/i18n/text';
import { problemWords } from '@/ui/failure';
import { Icon, type IconName } from '@/ui/Icon';
import { hourMinute, localDay, stamp } from '@/ui/time';
import { type Done, daysBetween } from './listOrder';
import type { Toolbox } from './queries';
import type { Visits } from './useVisits';
import { currentRun, position } from './visit';

const SECS_PER_ITEM = 13;
export function minutesFor(items: number): number {
  return Math.max(1, Math.round((items * SECS_PER_ITEM) / 60));
}

type TodoProps = {
  target: Target;
  primary: boolean;
  visits: Visits;
  toolbox: Toolbox | undefined;
  onStart: (target: Target) => void;
};

export function TodoRow({ target, primary, visits, toolbox, onStart }: TodoProps) {
  const text = useText();
  const draft = visits.all.find((visit) => visit.target_id === target.id);
  const today = localDay(serverNow());
  const late = target.due_on < today ? daysBetween(target.due_on, today) : 0;
  const { person } = target;
  const items = target.scales.reduce(
    (sum, each) => sum + (toolbox?.scales.get(`${each.code}@${each.version}`)?.items.length ?? 0),
    0,
  );
  const facts: ReactNode[] = [];
  if (person.consent_withdrawn_at) facts.push(<b key="withdrawn">{text.screening.hasWithdrawn}</b>);
  if (person.address) facts.push(person.address);
  if (draft !== undefined) facts.push(<b key="draft">{draftWords(draft, toolbox, text)}</b>);
  else if (late > 0)
    facts.push(
      <b key="late" className="fd-late">
        <Icon name="clock" />
        {text.screening.overdueBy(late)}
      </b>,
    );
  else if (target.due_on === today) facts.push(<b key="due">{text.screening.dueToday}</b>);
  else facts.push(text.screening.dueOn(target.due_on.slice(5)));
  if (draft === undefined) {
    facts.push(say(target.campaign_title));
    if (items > 0) facts.push(text.screening.minutes(minutesFor(items)));
  }
  return (
    <div className="fd-person">
      <div className="fd-name">
        {person.name}{' '}
        <small className="fd-sub">
          {[
            person.sex === 'F' ? text.common.female : person.sex === 'M' ? text.common.male : null,
            person.age === null ? null : text.common.years(person.age),
          ]
            .filter(Boolean)
            .join(text.common.dot)}
        </small>
      </div>
      <div className="fd-facts">{joined(facts, text.common.dot)}</div>
      <button
        type="button"
        className={primary ? 'btn btn-primary fd-start' : 'btn btn-brand fd-start'}
        aria-label={`${draft === undefined ? text.screening.start : text.screening.goOn} ${person.name}`}
        onClick={() => (draft === undefined ? onStart(target) : visits.reopen(draft.id))}
      >
        {draft === undefined ? text.screening.start : text.screening.goOn}
      </button>
    </div>
  );
}

function draftWords(
  draft: Visits['all'][number],
  toolbox: Toolbox | undefined,
  text: ReturnType<typeof useText>,
): string {
  const run = currentRun(draft);
  const scale = run && toolbox?.scales.get(`${run.scale.code}@${run.scale.version}`);
  if (run === undefined || scale === undefined || toolbox === undefined)
    return text.screening.stoppedBefore(hourMinute(draft.touched_at));
  return text.screening.stoppedAt(position(toolbox.rules, run, scale, draft).index + 1, hourMinute(draft.touched_at));
}

function joined(parts: ReactNode[], dot: string): ReactNode {
  return parts.map((part, index) => (
    <span key={index}>
      {index === 0 ? '' : dot}
      {part}
    </span>
  ));
}

export function FactLine(props: {
  look: 'done' | 'now' | 'not' | 'bad';
  icon: IconName;
  word: string;
  rest?: string;
  at?: string;
}) {
  return (
    <div className={`fact is-${props.look}`}>
      <span className="fact-mark">
        <Icon name={props.icon} />
      </span>
      <span>
        <b>{props.word}</b>
        {props.rest ? ` ${props.rest}` : ''}
      </span>
      {props.at ? <time className="fd-at">{props.at}</time> : null}
    </div>
  );
}

export function EntryFact({ entry, place, offline }: { entry: Entry; place: number; offline: boolean }) {
  const text = useText();
  if (entry.state === 'refused')
    return <FactLine look="bad" icon="alert" word={text.screening.sentBack} at={stamp(entry.saved_at)} />;
  if (entry.state === 'received') {
    return (
      <FactLine
        look="done"
        icon="check"
        word={text.screening.received}
        rest={entry.receipt ? text.screening.receipt(entry.receipt) : ''}
        at={stamp(entry.received_at ?? entry.saved_at)}
      />
    );
  }
  if (entry.unsaved) {
    return (
      <FactLine
        look="bad"
        icon="alert"
        word={text.screening.factNotSaved}
        rest={text.screening.keepPageOpen}
        at={stamp(entry.saved_at)}
      />
    );
  }
  if (offline && entry.tries === 0) {
    return (
      <FactLine
        look="now"
        icon="tablet"
        word={text.screening.savedHere}
        rest={text.screening.notQueued}
        at={stamp(entry.saved_at)}
      />
    );
  }
  return (
    <FactLine
      look="now"
      icon="cloud-up"
      word={text.screening.waiting}
      rest={text.screening.inLine(place)}
      at={stamp(entry.saved_at)}
    />
  );
}

export function refusalReason(entry: Entry, text: Text): string {
  return entry.refusal === undefined ? '' : problemWords(entry.refusal, text);
}

export function DoneRow({ done, offline, onFix }: { done: Done; offline: boolean; onFix: () => void }) {
  const text = useText();
  const entry = done.entry;
  const refused = entry?.state === 'refused';
  return (
    <div className={refused ? 'fd-done is-bad' : 'fd-done'}>
      <span className="fd-done-name">{done.name}</span>
      <div className="grow">
        {entry === undefined ? (
          <FactLine
            look="done"
            icon="check"
            word={text.screening.received}
            rest={done.receipt ? text.screening.receipt(done.receipt) : ''}
            at={done.at === undefined ? undefined : stamp(done.at)}
          />
        ) : (
          <EntryFact entry={entry} place={1} offline={offline} />
        )}
        {refused ? <p className="fd-why">{text.screening.answersSafe(refusalReason(entry, text))}</p> : null}
      </div>
      {refused ? (
        <button type="button" className="btn btn-brand" onClick={onFix}>
          {text.screening.fix}
        </button>
      ) : null}
    </div>
  );
}
