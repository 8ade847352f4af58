// A result without an alarm: the tier as a word, what to do, why, what would change it, and where the record is.
import { say, useText } from '@/i18n/text';
import { HoldButton } from '@/ui/HoldButton';
import { Icon } from '@/ui/Icon';
import { TierMark } from '@/ui/Mark';
import { postName } from '@/ui/posts';
import { EntryFact } from './ListRows';
import type { ResultProps } from './ResultPage';

export function CalmResult({ visit, entries, toolbox, onWord, onLeave, helplines }: ResultProps) {
  const text = useText();
  const t = text.screening;
  const suggestion = visit.suggestion;
  const records = visit.runs.map((run) => ({
    run,
    entry: entries.find((each) => each.id === `screening:${run.screening_id}`),
  }));
  const unknown = visit.rules_failed === true || suggestion === undefined;
  const incomplete = visit.runs.some((run) =>
    Object.values(run.scored?.scores ?? {}).some((score) => score.status === 'incomplete'),
  );
  const toDo = [t.calm0, t.calm1, t.calm2, t.calm3, t.calm3];
  const line = helplines[0];
  return (
    <div className="fd fd-pane">
      <header className="fd-head">
        <div className="grow">
          <h1 className="fd-title">{t.resultFor(visit.person.name)}</h1>
          <p className="muted">{t.resultHere}</p>
        </div>
      </header>
      <main className="fd-main fd-calm">
        <section className="fd-card fd-verdict">
          {unknown ? (
            <>
              <b className="fd-verdict-title">{t.ruleFailed}</b>
              <p>{t.ruleFailedWhy}</p>
            </>
          ) : (
            <>
              <p className="fd-verdict-tier">
                <TierMark tier={suggestion.tier} />
                {suggestion.first_contact_secs === null || suggestion.tier < 2 ? null : (
                  <span>{t.contactWithin(words(suggestion.first_contact_secs))}</span>
                )}
                {suggestion.owner === null ? null : (
                  <span className="muted">{t.ownerIs(postName(suggestion.owner, text))}</span>
                )}
              </p>
              <h2 className="fd-verdict-do">{t.doNow}</h2>
              <p className="fd-verdict-text">{say(suggestion.advice) || toDo[suggestion.tier]}</p>
              {incomplete ? <p className="fd-verdict-note">{t.incomplete}</p> : null}
            </>
          )}
        </section>
        <section className="fd-card fd-scores">
          {records.map(({ run, entry }) => (
            <div key={run.screening_id} className="fd-record">
              <b className="fd-record-name">
                {say(toolbox?.scales.get(`${run.scale.code}@${run.scale.version}`)?.title) || run.scale.code}
              </b>
              {entry === undefined ? null : <EntryFact entry={entry} place={1} offline={false} />}
            </div>
          ))}
        </section>
        {suggestion === undefined ? null : (
          <section className="fd-card fd-why-list">
            <h2 className="fd-basis-head">{t.reasons}</h2>
            <ul>
              {suggestion.reasons.map((reason) => (
                <li key={reason.row} className="fd-basis-row">
                  {say(reason.text)} <small className="muted">{reason.source}</small>
                </li>
              ))}
            </ul>
            {suggestion.would_change.length === 0 ? null : (
              <>
                <h2 className="fd-basis-head">{t.wouldChange}</h2>
                <ul>
                  {suggestion.would_change.map((change) => (
                    <li key={say(change.text)} className="fd-basis-row">
                      {say(change.text)}
                    </li>
                  ))}
                </ul>
              </>
            )}
            <p className="muted small">{suggestion.policy}</p>
          </section>
        )}
      </main>
      <footer className="fd-foot">
        <div className="fd-sos">
          <HoldButton className="fd-hold" onHeld={onWord} holding={(secs) => t.sosHolding(secs)}>
            <Icon name="siren" />
            <span>
              {t.wordOfWorker}
              <small className="fd-hold-sub">{t.wordHint}</small>
            </span>
          </HoldButton>
          <button type="button" className="btn btn-primary fd-call" onClick={onLeave}>
            {t.backToList}
          </button>
        </div>
        {line === undefined ? null : (
          <p className="fd-line muted">{`${t.helpAlways}${text.common.listComma}${line.number}`}</p>
        )}
      </footer>
    </div>
  );

  function words(secs: number): string {
    const hours = Math.round(secs / 3600);
    return secs < 3600 ? t.inMinutes(Math.round(secs / 60)) : t.inHours(hours);
  }
}
