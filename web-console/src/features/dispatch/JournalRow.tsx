// An alarm that only the server's own disk has: in sight at once, replaced by its real row when the database is back.
import type { Journaled } from '@/api/live';
import type { Uuid } from '@/api/types';
import { say, useText } from '@/i18n/text';
import { PriorityMark } from '@/ui/Mark';
import { TwoStepButton } from '@/ui/TwoStepButton';
import { clock, span, useNow } from '@/ui/time';

type Props = {
  row: Journaled;
  silenced: boolean;
  onSilence: (id: Uuid) => void;
  onPutAway: (id: Uuid) => void;
};

export function JournalRow({ row, silenced, onSilence, onPutAway }: Props) {
  const t = useText().dispatch;
  const now = useNow();
  const { alarm } = row;
  const look = ['al', 'journal', 'raised', alarm.priority.toLowerCase(), alarm.drill ? 'isdrill' : ''];
  return (
    <div className={look.filter(Boolean).join(' ')} role="listitem">
      <PriorityMark priority={alarm.priority} drill={alarm.drill} />
      <div className="al-m">
        <h3 className="al-kind">
          {alarm.drill ? <span className="tag drill">{t.drill}</span> : null}
          <span className="ellipsis">{say(alarm.headline)}</span>
        </h3>
        <p className="al-place">{alarm.place || t.placeUnknown}</p>
        <p className="al-st">
          <b className="state">{row.lineWasLost ? t.journalLineLost : t.journalKept}</b>
        </p>
        <p className="al-st">{t.journalRaisedBy(alarm.raised_by.name, clock(alarm.raised_at))}</p>
        <div className="al-journal-acts">
          {silenced || alarm.drill ? null : (
            <button type="button" className="btn" onClick={() => onSilence(alarm.id)}>
              {t.journalSilence}
            </button>
          )}
          {row.lineWasLost ? (
            <TwoStepButton
              label={t.journalPutAway}
              again={t.journalPutAwayAgain}
              onConfirm={() => onPutAway(alarm.id)}
            />
          ) : null}
        </div>
      </div>
      <div className="al-t">
        <time className="age">{span(now - Date.parse(alarm.raised_at))}</time>
      </div>
    </div>
  );
}
