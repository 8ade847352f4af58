// Put aside for a while, in sight of everybody: how long, and why.
import { useState } from 'react';
import type { Alarm } from '@/api/types';
import { useText } from '@/i18n/text';
import { FieldFrame } from '@/ui/Field';
import { useDraft } from './useDraft';

const MINUTES = [5, 10, 15, 30] as const;
type Props = { alarm: Alarm; onSend: (body: Record<string, unknown>) => Promise<boolean>; onBack: () => void };

export function ShelveForm({ alarm, onSend, onBack }: Props) {
  const t = useText().dispatch;
  const [reason, setReason, clear] = useDraft(`shelve:${alarm.id}`, '');
  const [minutes, setMinutes] = useState<number>(5);
  const ready = reason.trim() !== '';
  const send = async () => {
    if (await onSend({ for_secs: minutes * 60, reason: reason.trim() })) clear();
  };
  return (
    <section
      className="act-form"
      aria-label={t.shelve}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        onBack();
      }}
    >
      <fieldset className="codes">
        <legend className="codes-legend">{t.shelveFor}</legend>
        {MINUTES.map((n) => (
          <button
            key={n}
            type="button"
            className={minutes === n ? 'btn on' : 'btn'}
            aria-pressed={minutes === n}
            onClick={() => setMinutes(n)}
          >
            {t.minutes(n)}
          </button>
        ))}
      </fieldset>
      <FieldFrame id="shelve-reason" label={t.reason} hint={t.shelveHint}>
        <input
          id="shelve-reason"
          className="input"
          value={reason}
          onChange={(event) => setReason(event.target.value)}
        />
      </FieldFrame>
      <div className="row">
        <button
          type="button"
          className={ready ? 'btn btn-primary' : 'btn off'}
          disabled={!ready}
          onClick={() => void send()}
        >
          {t.shelve}
        </button>
        <button type="button" className="btn" onClick={onBack}>
          {t.backToAlarm}
        </button>
      </div>
    </section>
  );
}
