// Before anything is asked: what for, who will see it, and whether the person (or a guardian) agrees.
import { useState } from 'react';
import type { Consent, Notice } from '@/api/types';
import { say, useText } from '@/i18n/text';
import { HoldButton } from '@/ui/HoldButton';
import { Icon } from '@/ui/Icon';
import { minutesFor } from './ListRows';
import type { Toolbox } from './queries';
import { GUARDIAN_UNTIL_AGE, timeIn, type Visit } from './visit';

type Props = {
  visit: Visit;
  notice: Notice | undefined;
  toolbox: Toolbox | undefined;
  onConsent: (consent: Consent) => void;
  onBack: () => void;
  onAlarm: () => void;
};

export function ConsentPage({ visit, notice, toolbox, onConsent, onBack, onAlarm }: Props) {
  const text = useText();
  const t = text.screening;
  const guardianBelow = notice?.guardian.below_age ?? GUARDIAN_UNTIL_AGE;
  const young = visit.person.age !== null && visit.person.age < guardianBelow;
  const [by, setBy] = useState<'self' | 'guardian'>(young ? 'guardian' : 'self');
  const [relation, setRelation] = useState('');
  const scales = visit.todo.map((each) => toolbox?.scales.get(`${each.code}@${each.version}`));
  // A wording may be put before a person only where it is offered; otherwise another language of the scale is used.
  const unspoken = visit.todo.some((each) => (toolbox?.offered.get(each.code) ?? []).length === 0);
  const missing = toolbox === undefined || scales.some((each) => each === undefined) || unspoken;
  const items = scales.reduce((sum, each) => sum + (each?.items.length ?? 0), 0);
  const names = scales
    .map((each) => say(each?.title))
    .filter(Boolean)
    .join(text.common.listComma);
  const ready = !missing && notice !== undefined && (by === 'self' || relation !== '');
  const agree = () => {
    if (!ready || notice === undefined) return;
    onConsent({
      notice_version: notice.version,
      given_at: timeIn(visit),
      by,
      guardian_relation: by === 'guardian' ? relation : undefined,
    });
  };
  return (
    <div className="fd fd-pane">
      <header className="fd-head">
        <button type="button" className="btn" onClick={onBack}>
          <Icon name="back" />
          {text.common.back}
        </button>
        <div className="grow">
          <h1 className="fd-title">{t.consentTitle(visit.person.name)}</h1>
          <p className="muted">{missing ? ' ' : t.scalesToDo(names, items, minutesFor(items))}</p>
        </div>
      </header>
      <main className="fd-main fd-consent">
        {missing ? (
          <div className="fd-card fd-note" role="status">
            <b className="box-title">{t.rulesMissing}</b>
            {toolbox !== undefined && unspoken ? t.notOffered : t.rulesMissingWhy}
          </div>
        ) : null}
        <section className="fd-card fd-notice">
          <h2 className="fd-notice-head">
            <b>{t.consentNotice}</b>
            <span className="end muted">{notice === undefined ? '' : t.consentVersion(notice.version)}</span>
          </h2>
          <p className="fd-notice-text">{notice === undefined ? text.common.loading : say(notice.text)}</p>
          {young && notice !== undefined ? <p className="fd-notice-text">{say(notice.guardian)}</p> : null}
          {notice === undefined ? null : (
            <p className="fd-notice-who">
              <Icon name="eye" />
              {t.consentSeenBy(notice.recipients.map((each) => say(each)).join(text.common.listComma))}
            </p>
          )}
        </section>
      </main>
      <footer className="fd-foot fd-foot-pad">
        <div className="fd-agree">
          <h2 className="fd-ask">{t.consentAsk}</h2>
          {young ? <p className="fd-guard">{t.guardianNeeded(guardianBelow)}</p> : null}
          <div className="fd-chips" role="radiogroup" aria-label={t.consentAsk}>
            {young ? null : <Choice on={by === 'self'} label={t.consentSelf} onChoose={() => setBy('self')} />}
            <Choice on={by === 'guardian'} label={t.consentGuardian} onChoose={() => setBy('guardian')} />
          </div>
          {by === 'guardian' ? (
            <div className="fd-chips" role="radiogroup" aria-label={t.guardianRelation}>
              {[t.guardianMother, t.guardianFather, t.guardianOther].map((each) => (
                <Choice key={each} on={relation === each} label={each} onChoose={() => setRelation(each)} />
              ))}
            </div>
          ) : null}
        </div>
        <div className="fd-go">
          <button type="button" className="btn" onClick={onBack}>
            {t.consentNo}
          </button>
          <button type="button" className={ready ? 'btn btn-primary' : 'btn off'} disabled={!ready} onClick={agree}>
            {by === 'guardian' ? t.consentGuardian : t.consentSelf}
            <Icon name="right" />
          </button>
        </div>
        <HoldButton className="fd-word" quiet onHeld={onAlarm} holding={(secs) => t.sosHolding(secs)}>
          <Icon name="siren" />
          {t.wordOfWorker}
        </HoldButton>
      </footer>
    </div>
  );
}

function Choice({ on, label, onChoose }: { on: boolean; label: string; onChoose: () => void }) {
  return (
    <button
      type="button"
      role="radio"
      aria-checked={on}
      className={on ? 'fd-chip is-on' : 'fd-chip'}
      onClick={onChoose}
    >
      {label}
    </button>
  );
}
