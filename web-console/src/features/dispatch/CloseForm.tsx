// Closing: what came out and why. Two presses; what would dismiss a grave alarm needs a second person.
import { useEffect, useRef, useState } from 'react';
import type { Alarm, CloseCode } from '@/api/types';
import { useText } from '@/i18n/text';
import { Field, FieldFrame } from '@/ui/Field';
import { TwoStepButton } from '@/ui/TwoStepButton';
import { useDraft } from './useDraft';

const CODES: CloseCode[] = ['helped', 'handed_over', 'cannot_reach', 'false_alarm', 'accidental', 'duplicate', 'test'];

type Draft = { code: CloseCode | null; reason: string; login: string; elsewhere: boolean };
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
    elsewhere: false,
  });
  // A password is never kept.
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const first = useRef<HTMLFieldSetElement>(null);
  useEffect(() => first.current?.querySelector('button')?.focus(), []);
  const twoPeople = draft.code !== null && alarm.second_person_for.includes(draft.code);
  const missing =
    draft.code === null
      ? t.chooseOutcome
      : draft.reason.trim() === ''
        ? t.writeReason
        : twoPeople && !draft.elsewhere && (draft.login.trim() === '' || password === '')
          ? t.secondNeeded
          : null;
  const send = async () => {
    const second =
      twoPeople && !draft.elsewhere
        ? { login: draft.login.trim(), password, code: code.trim() || undefined }
        : undefined;
    const ask_second = twoPeople && draft.elsewhere ? true : undefined;
    const done = await onClose({ code: draft.code, reason: draft.reason.trim(), second, ask_second });
    setPassword('');
    setCode('');
    if (done) clear();
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
          <div className="codes second-why">
            {[false, true].map((elsewhere) => (
              <button
                key={String(elsewhere)}
                type="button"
                className={draft.elsewhere === elsewhere ? 'btn on' : 'btn'}
                aria-pressed={draft.elsewhere === elsewhere}
                onClick={() => setDraft({ ...draft, elsewhere })}
              >
                {elsewhere ? t.secondElsewhere : t.secondHere}
              </button>
            ))}
          </div>
          {draft.elsewhere ? null : (
            <>
              <Field
                label={t.secondLogin}
                autoComplete="off"
                autoCapitalize="none"
                value={draft.login}
                onChange={(event) => setDraft({ ...draft, login: event.target.value })}
              />
              <Field
                label={t.secondPassword}
                type="password"
                autoComplete="off"
                value={password}
                onChange={(event) => setPassword(event.target.value)}
              />
              <Field
                label={t.secondCode}
                inputMode="numeric"
                autoComplete="off"
                maxLength={8}
                value={code}
                onChange={(event) => setCode(event.target.value)}
              />
            </>
          )}
        </div>
      ) : null}
      {problem === null ? null : (
        <p className="field-error" role="alert">
          {problem}
        </p>
      )}
      <div className="row wrap">
        <TwoStepButton
          label={twoPeople && draft.elsewhere ? t.askClose : t.closeAlarm}
          again={twoPeople && draft.elsewhere ? t.askCloseAgain : t.closeAgain}
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
