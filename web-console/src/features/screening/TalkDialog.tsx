// The respondent wants to talk, or to stop: a number to call, the tablet back to the worker, or on with the questions.
import type { Helpline } from '@/api/types';
import { say, useText } from '@/i18n/text';
import { Dialog } from '@/ui/Dialog';
import { Icon } from '@/ui/Icon';

export function TalkDialog(props: { helplines: Helpline[]; onGoOn: () => void; onStop: () => void }) {
  const text = useText();
  return (
    <Dialog title={text.screening.talkTitle} onClose={props.onGoOn}>
      <p>{text.screening.talkText}</p>
      <div className="fd-lines">
        {props.helplines.map((line) => (
          <a key={line.number} className="btn btn-brand" href={`tel:${line.number}`}>
            <Icon name="phone" />
            {line.number} {say({ zh: line.label_zh, en: line.label_en })}
          </a>
        ))}
      </div>
      <div className="dialog-foot">
        <button type="button" className="btn" onClick={props.onStop}>
          {text.screening.talkStop}
        </button>
        <button type="button" className="btn btn-primary" onClick={props.onGoOn}>
          {text.screening.talkGoOn}
        </button>
      </div>
    </Dialog>
  );
}
