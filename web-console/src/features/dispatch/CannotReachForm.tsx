// Could not reach the person: how it was tried, and when it is tried again.
import { useState } from 'react';
import type { Alarm } from '@/api/types';
import { useText } from '@/i18n/text';
import { useDraft } from './useDraft';

const MINUTES = [2, 5, 10, 30] as const;
type Props = { alarm: Alarm; onSend: (body: Record<string, unknown>) => Promise<boolean>; onBack: () => void };

export function CannotReachForm({ alarm, onSend, onBack }: Props) {
  const t = useText().dispatch;
  const [how, setHow, clear] = useDraft(`reach:${alarm.id}`, '');
  const [minutes, setMinutes] = useState<number>(5);
  const send = async () => {
    if (await onSend({ how, retry_in_secs: minutes * 60 })) clear();
  };
  return (
    <section
      className="act-form"
      aria-label={t.cannotReach}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        onBack();
      }}
    >
      <fieldset className="codes">
        <legend className="codes-legend">{t.howTried}</legend>
        {t.ways.map((way) => (
          <button
            key={way}
            type="button"
            className={how === way ? 'btn on' : 'btn'}
            aria-pressed={how === way}
            onClick={() => setHow(way)}
          >
            {way}
          </button>
        ))}
      </fieldset>
      <fieldset className="codes">
        <legend className="codes-legend">{t.tryAgainIn}</legend>
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
      <div className="row">
        <button
          type="button"
          className={how === '' ? 'btn off' : 'btn btn-primary'}
          disabled={how === ''}
          onClick={() => void send()}
        >
          {t.writeDown}
        </button>
        <button type="button" className="btn" onClick={onBack}>
          {t.backToAlarm}
        </button>
      </div>
    </section>
  );
}
