// How far: one segment a question, the number in words, and about how long it still takes.
import { useText } from '@/i18n/text';
import { minutesFor } from './ListRows';

export function Progress({ index, total }: { index: number; total: number }) {
  const text = useText();
  const left = total - index;
  return (
    <div className="fd-prog">
      <div
        className="fd-segs"
        role="progressbar"
        aria-valuemin={1}
        aria-valuemax={total}
        aria-valuenow={index + 1}
        aria-label={text.screening.questionOf(index + 1, total)}
      >
        {Array.from({ length: total }, (_, n) => (
          <span key={n} className={n < index ? 'fd-seg is-past' : n === index ? 'fd-seg is-here' : 'fd-seg'} />
        ))}
      </div>
      <p className="fd-prog-words">
        <span>
          <b>{text.screening.question(index + 1)}</b> / {text.screening.ofTotal(total)}
        </span>
        <span className="end">
          {left <= 2 ? text.screening.almostDone : text.screening.minutesLeft(minutesFor(left))}
        </span>
      </p>
    </div>
  );
}
