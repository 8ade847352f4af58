// The moment the tablet changes hands: what to say, and who will press.
import { useText } from '@/i18n/text';
import { Icon } from '@/ui/Icon';

export function HandOverPage({
  onStart,
  onBack,
}: {
  onStart: (mode: 'self' | 'interview') => void;
  onBack: () => void;
}) {
  const text = useText();
  const t = text.screening;
  return (
    <div className="fd fd-pane">
      <main className="fd-main fd-hand">
        <div className="fd-lamp">
          <Icon name="hand" />
        </div>
        <h1 className="fd-big">{t.handOverTitle}</h1>
        <p className="fd-lead">{t.handOverText}</p>
        <div className="fd-card fd-say">
          <p className="muted">{t.handOverSay}</p>
          <p className="fd-quote">{t.handOverSentence}</p>
        </div>
      </main>
      <footer className="fd-foot fd-foot-pad">
        <div className="fd-go">
          <button type="button" className="btn" onClick={onBack}>
            <Icon name="left" />
            {text.common.back}
          </button>
          <button type="button" className="btn btn-primary" onClick={() => onStart('self')}>
            {t.handOverStart}
            <Icon name="right" />
          </button>
        </div>
        <button type="button" className="btn btn-plain fd-word" onClick={() => onStart('interview')}>
          {t.handOverRead}
        </button>
      </footer>
    </div>
  );
}
