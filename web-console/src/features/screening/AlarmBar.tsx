// The alarm button, in the same place and size in every state, and what is known about an alarm that was pressed.
import { useState } from 'react';
import type { Entry } from '@/api/outbox';
import type { Helpline } from '@/api/types';
import { say, useText } from '@/i18n/text';
import { HoldButton } from '@/ui/HoldButton';
import { Icon } from '@/ui/Icon';
import { AlarmFacts } from './AlarmFacts';

const STILL_SHOWN_MS = 30 * 60_000;
type Props = { entries: readonly Entry[]; helpline: Helpline | undefined; onAlarm: () => Promise<Entry | undefined> };

export function AlarmBar({ entries, helpline, onAlarm }: Props) {
  const text = useText();
  const [pressed, setPressed] = useState<string | null>(null);
  const button = entries.findLast(
    (entry) =>
      entry.what === 'alarm' &&
      !entry.label &&
      (entry.id === pressed || Date.now() - Date.parse(entry.saved_at) < STILL_SHOWN_MS),
  );
  return (
    <>
      {button === undefined ? null : (
        <AlarmFacts
          alarm={{ id: button.subject, at: button.saved_at, priority: 'P1', how: 'button' }}
          entry={button}
          compact
        />
      )}
      <div className="fd-sos">
        <HoldButton
          className="fd-hold"
          quiet={button !== undefined}
          onHeld={() => void onAlarm().then((entry) => setPressed(entry?.id ?? null))}
          holding={(secs) => (
            <>
              <Icon name="siren" />
              <span>
                {text.screening.sosHolding(secs)}
                <small className="fd-hold-sub">{text.screening.sosLetGo}</small>
              </span>
            </>
          )}
        >
          <Icon name="siren" />
          <span>
            {button === undefined ? text.screening.sos : text.screening.sosAgain}
            <small className="fd-hold-sub">
              {button === undefined ? text.screening.sosHint : text.screening.sosAgainHint}
            </small>
          </span>
        </HoldButton>
        {helpline === undefined ? null : (
          <a className="btn fd-call" href={`tel:${helpline.number}`}>
            <Icon name="phone" />
            <span>
              {helpline.number}
              <br />
              {say({ zh: helpline.label_zh, en: helpline.label_en }) || text.screening.helplineName}
            </span>
          </a>
        )}
      </div>
    </>
  );
}
