// Each thing this tablet owes the server: saved, waiting, received, or sent back with the reason.
import { useSyncExternalStore } from 'react';
import type { Entry, What } from '@/api/outbox';
import { currentReach, subscribeReach } from '@/api/reach';
import type { Session } from '@/api/session';
import { useText } from '@/i18n/text';
import { TwoStepButton } from '@/ui/TwoStepButton';
import { ClockBand } from './ClockBand';
import type { FieldView } from './FieldApp';
import { FieldNav } from './FieldNav';
import { EntryFact, refusalReason } from './ListRows';
import { NetworkBand } from './NetworkBand';

export function UploadPage({
  session,
  entries,
  onView,
}: {
  session: Session;
  entries: readonly Entry[];
  onView: (view: FieldView) => void;
}) {
  const text = useText();
  const t = text.screening;
  const reach = useSyncExternalStore(subscribeReach, currentReach);
  const kinds: Record<What, string> = { screening: t.kindScreening, alarm: t.kindAlarm, danger: t.kindDanger };
  const waiting = entries.filter((entry) => entry.state === 'waiting');
  const rows = [...entries].sort((a, b) => rank(a) - rank(b) || b.saved_at.localeCompare(a.saved_at));
  return (
    <div className="fd">
      <header className="fd-head">
        <h1 className="fd-title grow">{t.uploadTitle}</h1>
        <button
          type="button"
          className={waiting.length === 0 ? 'btn off' : 'btn'}
          disabled={waiting.length === 0}
          onClick={() => void session.outbox.flush({ evenEarly: true })}
        >
          {t.sendAllNow}
        </button>
      </header>
      <NetworkBand ended={session.ended} reach={reach} entries={entries} onShow={() => {}} onUpdate={null} />
      <ClockBand />
      <main className="fd-main">
        {rows.length === 0 ? (
          <div className="fd-card fd-note">
            <b className="box-title">{t.uploadEmpty}</b>
            {t.uploadEmptyWhy}
          </div>
        ) : (
          <div className="fd-card fd-uploads">
            {rows.map((entry) => (
              <div key={entry.id} className={entry.state === 'refused' ? 'fd-done is-bad' : 'fd-done'}>
                <span className="fd-done-name">
                  {entry.label || session.me.account.name}
                  <small className="fd-sub fd-kind">{kinds[entry.what]}</small>
                </span>
                <div className="grow">
                  <EntryFact entry={entry} place={waiting.indexOf(entry) + 1} offline={!reach.reached} />
                  {entry.state === 'refused' ? (
                    <p className="fd-why">{t.answersSafe(refusalReason(entry, text))}</p>
                  ) : null}
                  {entry.state === 'waiting' && entry.tries > 0 ? (
                    <p className="fd-why muted">{t.lastTry(entry.tries)}</p>
                  ) : null}
                </div>
                {entry.state === 'refused' ? (
                  <div className="row wrap">
                    <button type="button" className="btn btn-brand" onClick={() => void session.outbox.retry(entry.id)}>
                      {t.sendAgain}
                    </button>
                    <TwoStepButton
                      label={t.discard}
                      again={t.discardAgain}
                      onConfirm={() => void session.outbox.discard(entry.id)}
                    />
                  </div>
                ) : null}
              </div>
            ))}
          </div>
        )}
      </main>
      <footer className="fd-foot">
        <FieldNav view="upload" entries={entries} onView={onView} />
      </footer>
    </div>
  );
}

function rank(entry: Entry): number {
  return entry.state === 'refused' ? 0 : entry.state === 'waiting' ? 1 : 2;
}
