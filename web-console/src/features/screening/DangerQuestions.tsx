// Three things only the worker on the spot can see. Any yes raises the alarm; nothing here lowers it.
import { useState } from 'react';
import type { Danger } from '@/api/types';
import { useText } from '@/i18n/text';

type Answered = { [K in keyof Danger]?: boolean | 'unknown' };
type Props = { danger: Danger; onChange: (danger: Danger) => void };

export function DangerQuestions({ danger, onChange }: Props) {
  const text = useText();
  const t = text.screening;
  const [said, setSaid] = useState<Answered>(() => ({
    act_under_way: danger.act_under_way ?? undefined,
    means_within_reach: danger.means_within_reach ?? undefined,
    alone: danger.alone ?? undefined,
  }));
  const [open, setOpen] = useState(true);
  const rows: { key: keyof Danger; label: string; short: string }[] = [
    { key: 'act_under_way', label: t.dangerAct, short: t.dangerActShort },
    { key: 'means_within_reach', label: t.dangerMeans, short: t.dangerMeansShort },
    { key: 'alone', label: t.dangerAlone, short: t.dangerAloneShort },
  ];
  const complete = rows.every((row) => said[row.key] !== undefined);
  const choose = (key: keyof Danger, value: boolean | 'unknown') => {
    const next = { ...said, [key]: value };
    setSaid(next);
    if (rows.every((row) => next[row.key] !== undefined)) setOpen(false);
    onChange({ ...danger, [key]: value === 'unknown' ? null : value });
  };
  const word = (value: boolean | 'unknown' | undefined) =>
    value === true ? t.yes : value === false ? t.no : t.notKnown;
  if (complete && !open) {
    return (
      <div className="fd-danger is-shut">
        <span className="grow">
          <b>{t.dangerAnswered}</b> {rows.map((row) => `${row.short} ${word(said[row.key])}`).join(text.common.dot)}
        </span>
        <button type="button" className="btn" onClick={() => setOpen(true)}>
          {t.dangerChange}
        </button>
      </div>
    );
  }
  return (
    <section className="fd-danger">
      <h2 className="fd-section">
        <b>{t.dangerTitle}</b>
        <span className="end">{t.dangerHint}</span>
      </h2>
      {rows.map((row) => (
        <div key={row.key} className="fd-danger-row" role="group" aria-label={row.label}>
          <span className="grow">{row.label}</span>
          {([true, false, 'unknown'] as const).map((value) => (
            <button
              key={String(value)}
              type="button"
              className={said[row.key] === value ? 'fd-pick is-on' : 'fd-pick'}
              aria-pressed={said[row.key] === value}
              onClick={() => choose(row.key, value)}
            >
              {word(value)}
            </button>
          ))}
        </div>
      ))}
    </section>
  );
}
