// Decisions with a reason: another tier, contacted, close, and the second person's word.
import { useState } from 'react';
import type { QueueItem } from '@/api/types';
import { type Text, useText } from '@/i18n/text';
import { FieldFrame } from '@/ui/Field';
import { TierMark } from '@/ui/Mark';
import { TwoStepButton } from '@/ui/TwoStepButton';
import { contactLabel, type TriageForm } from './commands';
import type { TriageVerb } from './queries';

type Props = {
  form: Exclude<TriageForm, null>;
  item: QueueItem;
  busy: boolean;
  onRun: (verb: TriageVerb, body: Record<string, unknown>) => void;
  onBack: () => void;
};

// What has been written stays for this item until it is sent, whatever is opened meanwhile.
const written = new Map<string, string>();

export function TriageForms({ form, item, busy, onRun, onBack }: Props) {
  const text = useText();
  const t = text.triage;
  const key = `${item.id}${form}`;
  const [words, setWords] = useState(written.get(key) ?? '');
  const [tier, setTier] = useState<number | null>(null);
  const [outcome, setOutcome] = useState<string | null>(null);
  const write = (next: string) => {
    written.set(key, next);
    setWords(next);
  };
  const ready = words.trim() !== '' && (form !== 'change' || tier !== null) && (form !== 'close' || outcome !== null);
  const asksSecond = form === 'close' && outcome !== null && item.second_person_for.includes(outcome);
  const lowersGrave = form === 'change' && tier !== null && item.tier >= 3 && tier < item.tier;
  const label = form === 'contacted' ? t.whatCameOut : form === 'attempted' ? t.howTried : t.reason;
  const hint = lowersGrave ? t.lowersGrave : asksSecond ? t.dismissesGrave : undefined;
  const tooFew = item.tier >= 2 && item.attempts < item.attempts_needed;
  return (
    <section
      className="act-form"
      aria-label={label}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        onBack();
      }}
    >
      {form === 'second' && item.second_person ? (
        <>
          <p className="second-why">{secondWords(item.second_person, t)}</p>
          {item.second_person.tier === null ? null : (
            <p className="row">
              <TierMark tier={item.tier} /> → <TierMark tier={item.second_person.tier} />
            </p>
          )}
          <div className="row wrap act-row">
            <button
              type="button"
              className="btn btn-primary"
              disabled={busy}
              onClick={() => onRun('second', { agree: true })}
            >
              {t.agree}
            </button>
            <button type="button" className="btn" disabled={busy} onClick={() => onRun('second', { agree: false })}>
              {t.disagree}
            </button>
            <button type="button" className="btn" onClick={onBack}>
              {t.back}
            </button>
          </div>
        </>
      ) : (
        <>
          {form === 'change' ? (
            <fieldset className="codes">
              <legend className="codes-legend">{t.newTier}</legend>
              {[0, 1, 2, 3, 4]
                .filter((each) => each !== item.tier)
                .map((each) => (
                  <button
                    key={each}
                    type="button"
                    className={tier === each ? 'btn on' : 'btn'}
                    aria-pressed={tier === each}
                    onClick={() => setTier(each)}
                  >
                    <TierMark tier={each} />
                  </button>
                ))}
            </fieldset>
          ) : null}
          {form === 'close' ? (
            <fieldset className="codes">
              <legend className="codes-legend">{t.outcome}</legend>
              {Object.entries(t.outcomes).map(([code, words]) => (
                <button
                  key={code}
                  type="button"
                  className={outcome === code ? 'btn on' : 'btn'}
                  aria-pressed={outcome === code}
                  disabled={code === 'cannot_reach' && tooFew}
                  title={
                    code === 'cannot_reach' && tooFew
                      ? t.tooFewAttempts(item.attempts, item.attempts_needed)
                      : undefined
                  }
                  onClick={() => setOutcome(code)}
                >
                  {words}
                </button>
              ))}
              {tooFew ? <p className="muted small">{t.tooFewAttempts(item.attempts, item.attempts_needed)}</p> : null}
            </fieldset>
          ) : null}
          <FieldFrame id="triage-words" label={label} hint={hint}>
            <textarea
              id="triage-words"
              className="input input-area"
              rows={2}
              value={words}
              onChange={(event) => write(event.target.value)}
            />
          </FieldFrame>
          <div className="row wrap">
            {form === 'close' ? (
              <TwoStepButton
                label={asksSecond ? t.askSecond : t.close}
                again={asksSecond ? t.askSecondAgain : t.closeAgain}
                disabled={!ready || busy}
                onConfirm={() => onRun('close', { outcome, reason: words.trim() })}
              />
            ) : (
              <button
                type="button"
                className={ready ? 'btn btn-primary' : 'btn off'}
                disabled={!ready || busy}
                onClick={() =>
                  form === 'change'
                    ? onRun('change', { tier, reason: words.trim() })
                    : onRun(form === 'attempted' ? 'attempted' : 'contacted', { note: words.trim() })
                }
              >
                {form === 'change'
                  ? lowersGrave
                    ? t.askSecond
                    : t.change
                  : form === 'attempted'
                    ? t.setAttempted
                    : contactLabel(item, text)}
              </button>
            )}
            <button type="button" className="btn" onClick={onBack}>
              {t.back}
            </button>
          </div>
        </>
      )}
    </section>
  );
}

/** What a colleague asks the second person to agree to. */
export function secondWords(asked: NonNullable<QueueItem['second_person']>, t: Text['triage']): string {
  const reason = asked.reason ?? '';
  if (asked.outcome === null) return t.secondAsk(reason);
  return t.secondAskClose(outcomeName(asked.outcome, t), reason);
}

export function outcomeName(code: string, t: Text['triage']): string {
  return (t.outcomes as Record<string, string>)[code] ?? code;
}
