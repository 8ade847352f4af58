// The end for the respondent: thanks, a number that always answers, and the way back only for the worker.
import { useState } from 'react';
import type { Helpline } from '@/api/types';
import { useText } from '@/i18n/text';
import { HoldButton } from '@/ui/HoldButton';
import { Icon } from '@/ui/Icon';
import { pinHash } from './settings';

type Props = { worker: string; brokenOff: boolean; pin: string | null; helplines: Helpline[]; onTakenBack: () => void };

export function ThanksPage({ worker, brokenOff, pin, helplines, onTakenBack }: Props) {
  const text = useText();
  const t = text.screening;
  const [asking, setAsking] = useState(false);
  const line = helplines[0];
  return (
    <div className="fd-thanks">
      <main className="fd-thanks-main">
        <div className="fd-lamp">
          <Icon name="lamp" />
        </div>
        <h1 className="fd-thanks-title">{brokenOff ? t.stoppedTitle : t.thanksTitle}</h1>
        <p className="fd-thanks-text">
          {t.thanksText1}
          <b>{t.thanksText2(worker)}</b>
          {t.thanksText3}
          <br />
          {t.thanksLocked}
        </p>
        {line === undefined ? null : (
          <div className="fd-help">
            <div className="grow">
              <h2 className="fd-help-title">{t.helpAlways}</h2>
              <p>{t.helpHours}</p>
            </div>
            <a className="btn btn-brand" href={`tel:${line.number}`}>
              <Icon name="phone" />
              {line.number}
            </a>
          </div>
        )}
      </main>
      <footer className="fd-staff">
        {asking && pin !== null ? (
          <PinPad pin={pin} onRight={onTakenBack} />
        ) : (
          <>
            <Icon name="lock" />
            <span className="grow">{t.staffOnly}</span>
            {pin === null ? (
              <HoldButton className="fd-takeback" quiet onHeld={onTakenBack} holding={() => t.takeBackHolding}>
                <Icon name="hand" />
                {t.takeBack}
              </HoldButton>
            ) : (
              <button type="button" className="btn" onClick={() => setAsking(true)}>
                <Icon name="keypad" />
                {t.enterPin}
              </button>
            )}
          </>
        )}
      </footer>
    </div>
  );
}

function PinPad({ pin, onRight }: { pin: string; onRight: () => void }) {
  const text = useText();
  const [typed, setTyped] = useState('');
  const [wrong, setWrong] = useState(false);
  const press = (digit: string) => {
    const next = (typed + digit).slice(0, 4);
    setWrong(false);
    setTyped(next);
    if (next.length < 4) return;
    void pinHash(next).then((hash) => {
      if (hash === pin) return onRight();
      setWrong(true);
      setTyped('');
    });
  };
  return (
    <div className="fd-pin">
      <p className="fd-pin-dots" role="status">
        {wrong ? text.screening.pinWrong : '●'.repeat(typed.length) + '○'.repeat(4 - typed.length)}
      </p>
      <div className="fd-pin-keys">
        {['1', '2', '3', '4', '5', '6', '7', '8', '9', '0'].map((digit) => (
          <button key={digit} type="button" className="btn" onClick={() => press(digit)}>
            {digit}
          </button>
        ))}
        <button type="button" className="btn" onClick={() => setTyped(typed.slice(0, -1))}>
          {text.screening.pinDelete}
        </button>
      </div>
    </div>
  );
}
