// Before anything is asked: what for, who will see it, and whether the person (or a guardian) agrees.
import { useState } from 'react';
import type { AgeBand, Consent, GuardianRelation, Notice } from '@/api/types';
import { say, useText } from '@/i18n/text';
import { HoldButton } from '@/ui/HoldButton';
import { Icon } from '@/ui/Icon';
import { stamp } from '@/ui/time';
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

const AGE_BANDS: AgeBand[] = ['under_14', '14_to_17', 'adult'];
const ADULT_AGE = 18;
// Civil Code of the PRC, articles 27 and 28.
const OF_MINORS: GuardianRelation[] = ['mother', 'father', 'grandparent', 'elder_sibling', 'other_guardian'];
const OF_ADULTS: GuardianRelation[] = ['spouse', 'mother', 'father', 'adult_child', 'other_guardian'];

export function ConsentPage({ visit, notice, toolbox, onConsent, onBack, onAlarm }: Props) {
  const text = useText();
  const t = text.screening;
  const guardianBelow = notice?.guardian.below_age ?? GUARDIAN_UNTIL_AGE;
  const { age } = visit.person;
  const [band, setBand] = useState<AgeBand | null>(null);
  const young = age === null ? band === 'under_14' : age < guardianBelow;
  const [chosen, setBy] = useState<'self' | 'guardian'>('self');
  const by = young ? 'guardian' : chosen;
  const [relation, setRelation] = useState<GuardianRelation | null>(null);
  const relations = (age === null ? band === 'adult' : age >= ADULT_AGE) ? OF_ADULTS : OF_MINORS;
  const scales = visit.todo.map((each) => toolbox?.scales.get(`${each.code}@${each.version}`));
  // A wording may be put before a person only where it is offered; otherwise another language of the scale is used.
  const unspoken = visit.todo.some((each) => (toolbox?.offered.get(each.code) ?? []).length === 0);
  const missing = toolbox === undefined || scales.some((each) => each === undefined) || unspoken;
  const items = scales.reduce((sum, each) => sum + (each?.items.length ?? 0), 0);
  const names = scales
    .map((each) => say(each?.title))
    .filter(Boolean)
    .join(text.common.listComma);
  const ready =
    !missing &&
    notice !== undefined &&
    (age !== null || band !== null) &&
    (by === 'self' || (relation !== null && relations.includes(relation)));
  const agree = () => {
    if (!ready || notice === undefined) return;
    onConsent({
      notice_version: notice.version,
      given_at: timeIn(visit),
      by,
      guardian_relation: by === 'guardian' ? relation : undefined,
      declared_age: age === null ? band : undefined,
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
          {visit.person.consent_withdrawn_at ? (
            <p className="fd-guard">{t.consentWithdrawn(stamp(visit.person.consent_withdrawn_at))}</p>
          ) : null}
          {age !== null ? null : (
            <div className="fd-chips" role="radiogroup" aria-label={t.declaredAge}>
              <span className="fd-guard">{t.declaredAge}</span>
              {AGE_BANDS.map((each) => (
                <Choice key={each} on={band === each} label={t.ageBands[each]} onChoose={() => setBand(each)} />
              ))}
            </div>
          )}
          {young ? <p className="fd-guard">{t.guardianNeeded(guardianBelow)}</p> : null}
          <div className="fd-chips" role="radiogroup" aria-label={t.consentAsk}>
            {young ? null : <Choice on={by === 'self'} label={t.consentSelf} onChoose={() => setBy('self')} />}
            <Choice on={by === 'guardian'} label={t.consentGuardian} onChoose={() => setBy('guardian')} />
          </div>
          {by === 'guardian' ? (
            <div className="fd-chips" role="radiogroup" aria-label={t.guardianRelation}>
              {relations.map((each) => (
                <Choice
                  key={each}
                  on={relation === each}
                  label={t.guardianRelations[each]}
                  onChoose={() => setRelation(each)}
                />
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
