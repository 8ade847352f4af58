// Decisions with a reason: another tier, contacted, close, and the second person's word.
import { useState } from 'react';
import type { QueueItem } from '@/api/types';
import { useText } from '@/i18n/text';
import { FieldFrame } from '@/ui/Field';
import { TierMark } from '@/ui/Mark';
import { TwoStepButton } from '@/ui/TwoStepButton';
import type { TriageForm } from './commands';
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
  const t = useText().triage;
  const key = `${item.id}${form}`;
  const [words, setWords] = useState(written.get(key) ?? '');
  const [tier, setTier] = useState<number | null>(null);
  const [outcome, setOutcome] = useState<string | null>(null);
  const write = (next: string) => {
    written.set(key, next);
    setWords(next);
  };
  const ready = words.trim() !== '' && (form !== 'change' || tier !== null) && (form !== 'close' || outcome !== null);
  const lowersGrave = form === 'change' && tier !== null && item.tier >= 3 && tier < item.tier;
  const label = form === 'change' ? t.reason : form === 'contacted' ? t.whatCameOut : t.reason;
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
          <p className="second-why">{t.secondAsk(item.second_person.reason ?? '')}</p>
          <p className="row">
            <TierMark tier={item.tier} /> → <TierMark tier={item.second_person.tier} />
          </p>
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
                  onClick={() => setOutcome(code)}
                >
                  {words}
                </button>
              ))}
            </fieldset>
          ) : null}
          <FieldFrame id="triage-words" label={label} hint={lowersGrave ? t.lowersGrave : undefined}>
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
                label={t.close}
                again={t.closeAgain}
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
                    : onRun('contacted', { note: words.trim() })
                }
              >
                {form === 'change' ? (lowersGrave ? t.askSecond : t.change) : t.setContacted}
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
