// Closing: what came out and why. Two presses; a P1 called false needs a second person.
import { useEffect, useRef } from 'react';
import type { Alarm, CloseCode } from '@/api/types';
import { useText } from '@/i18n/text';
import { Field, FieldFrame } from '@/ui/Field';
import { TwoStepButton } from '@/ui/TwoStepButton';
import { useDraft } from './useDraft';

const CODES: CloseCode[] = ['helped', 'handed_over', 'cannot_reach', 'false_alarm', 'accidental', 'duplicate', 'test'];

type Draft = { code: CloseCode | null; reason: string; login: string; second: string };
type Props = {
  alarm: Alarm;
  problem: string | null;
  onClose: (body: Record<string, unknown>) => Promise<boolean>;
  onBack: () => void;
};

export function CloseForm({ alarm, problem, onClose, onBack }: Props) {
  const t = useText().dispatch;
  const [draft, setDraft, clear] = useDraft<Draft>(`close:${alarm.id}`, {
    code: null,
    reason: '',
    login: '',
    second: '',
  });
  const first = useRef<HTMLFieldSetElement>(null);
  useEffect(() => first.current?.querySelector('button')?.focus(), []);
  const twoPeople = alarm.priority === 'P1' && draft.code === 'false_alarm' && !alarm.drill;
  const missing =
    draft.code === null
      ? t.chooseOutcome
      : draft.reason.trim() === ''
        ? t.writeReason
        : twoPeople && (draft.login.trim() === '' || draft.second.trim() === '')
          ? t.secondNeeded
          : null;
  const send = async () => {
    const second = twoPeople ? { login: draft.login.trim(), code: draft.second.trim() } : undefined;
    if (await onClose({ code: draft.code, reason: draft.reason.trim(), second })) clear();
  };
  return (
    <section
      className="act-form"
      aria-label={t.close}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        onBack();
      }}
    >
      <fieldset className="codes" ref={first}>
        <legend className="codes-legend">{t.outcome}</legend>
        {CODES.map((code) => (
          <button
            key={code}
            type="button"
            className={draft.code === code ? 'btn on' : 'btn'}
            aria-pressed={draft.code === code}
            onClick={() => setDraft({ ...draft, code })}
          >
            {t.closeCodes[code]}
          </button>
        ))}
      </fieldset>
      <FieldFrame id="close-reason" label={t.reason} hint={t.reasonHint}>
        <textarea
          id="close-reason"
          className="input input-area"
          rows={2}
          value={draft.reason}
          onChange={(event) => setDraft({ ...draft, reason: event.target.value })}
        />
      </FieldFrame>
      {twoPeople ? (
        <div className="second">
          <p className="second-why">{t.secondWhy}</p>
          <Field
            label={t.secondLogin}
            autoComplete="off"
            autoCapitalize="none"
            value={draft.login}
            onChange={(event) => setDraft({ ...draft, login: event.target.value })}
          />
          <Field
            label={t.secondCode}
            hint={t.secondCodeHint}
            autoComplete="off"
            inputMode="numeric"
            value={draft.second}
            onChange={(event) => setDraft({ ...draft, second: event.target.value })}
          />
        </div>
      ) : null}
      {problem === null ? null : (
        <p className="field-error" role="alert">
          {problem}
        </p>
      )}
      <div className="row wrap">
        <TwoStepButton
          label={t.closeAlarm}
          again={t.closeAgain}
          disabled={missing !== null}
          onConfirm={() => void send()}
        />
        <button type="button" className="btn" onClick={onBack}>
          {t.backToAlarm}
        </button>
        <span className="muted small">{missing ?? (alarm.queue_item_id ? t.queueItemStays : '')}</span>
      </div>
    </section>
  );
}
