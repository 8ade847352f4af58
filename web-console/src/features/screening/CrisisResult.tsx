// Danger to life: the instruction, where the alarm is, three things to look at, four steps with words, whom to call.
import { useState } from 'react';
import { post } from '@/api/http';
import { say, useText } from '@/i18n/text';
import { Dialog } from '@/ui/Dialog';
import { Field } from '@/ui/Field';
import { Icon } from '@/ui/Icon';
import { AlarmFacts } from './AlarmFacts';
import { DangerQuestions } from './DangerQuestions';
import { useAlarmProgress } from './queries';
import type { ResultProps } from './ResultPage';
import type { LocalAlarm, Visit } from './visit';

type Props = ResultProps & { alarm: LocalAlarm; onDanger: (danger: Visit['danger']) => void };

export function CrisisResult({ visit, alarm, entries, helplines, onSave, onLeave, onDanger }: Props) {
  const text = useText();
  const t = text.screening;
  const [why, setWhy] = useState(false);
  const [leaving, setLeaving] = useState(false);
  const entry = entries.find((each) => each.what === 'alarm' && each.subject === alarm.id);
  const progress = useAlarmProgress(entry?.known_as ?? alarm.id, entry?.state === 'received');
  const { person } = visit;
  const who = person.sex === 'F' ? t.her : person.sex === 'M' ? t.him : t.them;
  const taken = progress.data?.claimed ?? progress.data?.acknowledged ?? null;
  const unsent = entry?.state !== 'received';
  // Where nothing gets out, help was called by phone: then the one who came may be written down all the same.
  const mayLeave = taken !== null || unsent || progress.data?.state === 'closed';
  const line = helplines[0];
  const now = visit.steps_done.findIndex((done) => !done);

  return (
    <div className="fd fd-crisis">
      <section className="fd-now">
        <div className="grow">
          <h1 className="fd-now-title">{t.stayWith(who)}</h1>
          <p>
            {[person.name, person.age === null ? null : text.common.years(person.age), person.address]
              .filter(Boolean)
              .join(text.common.dot)}
          </p>
        </div>
        {visit.suggestion === undefined ? null : (
          <button type="button" className="btn fd-now-btn" aria-expanded={why} onClick={() => setWhy(!why)}>
            <Icon name="eye" />
            {why ? t.hideWhy : t.showWhy}
          </button>
        )}
      </section>
      {why ? (
        <section className="fd-basis">
          <h2 className="fd-basis-head">{t.whyTitle}</h2>
          <ul>
            {visit.suggestion?.reasons.map((reason) => (
              <li key={reason.row} className="fd-basis-row">
                {say(reason.text)}{' '}
                <small className="muted">{[reason.row, reason.source].filter(Boolean).join(text.common.dot)}</small>
              </li>
            ))}
          </ul>
          <p className="muted">{visit.suggestion?.policy}</p>
        </section>
      ) : null}
      <AlarmFacts alarm={alarm} entry={entry} />
      <main className="fd-main fd-steps">
        <DangerQuestions danger={visit.danger} onChange={onDanger} />
        <h2 className="fd-section">
          <b>{t.fourSteps}</b>
          <span className="end">{t.oneByOne}</span>
        </h2>
        <ol className="fd-step-list">
          {t.steps.map((step, index) => {
            const done = visit.steps_done[index] === true;
            return (
              <li key={step.title} className={done ? 'fd-step is-did' : index === now ? 'fd-step is-cur' : 'fd-step'}>
                <span className="fd-step-no">{index + 1}</span>
                <div>
                  <h3 className="fd-step-title">
                    {step.title} <small className="fd-step-hint">{step.hint}</small>
                  </h3>
                  <p className="fd-step-words">{step.words}</p>
                </div>
                <button
                  type="button"
                  className="fd-tick"
                  aria-pressed={done}
                  onClick={() =>
                    onSave({ ...visit, steps_done: visit.steps_done.map((each, n) => (n === index ? !each : each)) })
                  }
                >
                  {done ? <Icon name="check" /> : <span className="fd-tick-box" />}
                  {t.did}
                </button>
              </li>
            );
          })}
        </ol>
      </main>
      <footer className="fd-foot fd-foot-pad">
        <div className="fd-calls">
          {line === undefined ? null : (
            <a className={unsent ? 'btn fd-calls-btn' : 'btn btn-primary fd-calls-btn'} href={`tel:${line.number}`}>
              <span className="row">
                <Icon name="phone" />
                {line.number}
              </span>
              <small className="fd-calls-sub">{t.callTogether}</small>
            </a>
          )}
          <a className={unsent ? 'btn btn-primary fd-calls-btn' : 'btn fd-calls-btn'} href="tel:110">
            110<small className="fd-calls-sub">{t.police}</small>
          </a>
          <a className="btn fd-calls-btn" href="tel:120">
            120<small className="fd-calls-sub">{t.ambulance}</small>
          </a>
        </div>
        <div className="fd-exit">
          <span className="row grow">
            <Icon name="lock" />
            {t.exitLocked}
          </span>
          <button
            type="button"
            className={mayLeave ? 'btn' : 'btn off'}
            disabled={!mayLeave}
            onClick={() => setLeaving(true)}
          >
            {t.handToComer}
          </button>
        </div>
      </footer>
      {leaving ? (
        <HandToComer
          onStay={() => setLeaving(false)}
          onLeave={(handedTo) => {
            const known = progress.data;
            if (known !== undefined) {
              // A line in the alarm's record, if it can be written; the visit does not wait for it.
              void post(`/alarms/${known.id}/note`, {
                text: `${t.handToComer}${text.common.listComma}${handedTo}`,
                expected_version: known.version,
              }).catch(() => {});
            }
            onSave({ ...visit, handed_to: handedTo });
            onLeave();
          }}
        />
      ) : null}
    </div>
  );
}

function HandToComer(props: { onStay: () => void; onLeave: (who: string) => void }) {
  const text = useText();
  const [who, setWho] = useState('');
  return (
    <Dialog title={text.screening.handTitle} onClose={props.onStay}>
      <p className="fd-dialog-text">{text.screening.handText}</p>
      <Field label={text.screening.handWho} value={who} onChange={(event) => setWho(event.target.value)} />
      <div className="dialog-foot">
        <button type="button" className="btn" onClick={props.onStay}>
          {text.screening.handStay}
        </button>
        <button
          type="button"
          className="btn btn-primary"
          disabled={who.trim() === ''}
          onClick={() => props.onLeave(who.trim())}
        >
          {text.screening.handToComer}
        </button>
      </div>
    </Dialog>
  );
}
