// The alarm button of the console: hold one second. Works with the socket down, and says how far it got.
import { useState } from 'react';
import { useText } from '@/i18n/text';
import { failureWords } from '@/ui/failure';
import { HoldButton } from '@/ui/HoldButton';
import { Icon } from '@/ui/Icon';
import { hourMinute } from '@/ui/time';
import { useRaiseAlarm } from './queries';

type State =
  | { kind: 'idle' }
  | { kind: 'sending'; tries: number }
  | { kind: 'sent'; at: number; local: boolean }
  | { kind: 'failed'; why: string };

export function RaiseHere() {
  const text = useText();
  const t = text.dispatch;
  const raise = useRaiseAlarm();
  const [place, setPlace] = useState('');
  const [state, setState] = useState<State>({ kind: 'idle' });
  const held = () => {
    setState({ kind: 'sending', tries: 0 });
    raise(place.trim(), (tries) => setState({ kind: 'sending', tries })).then(
      (answer) => {
        setState({ kind: 'sent', at: Date.now(), local: answer.durable === 'local' });
        setPlace('');
      },
      (error: unknown) => setState({ kind: 'failed', why: failureWords(error, text) }),
    );
  };
  const words =
    state.kind === 'sending'
      ? state.tries === 0
        ? t.delivering
        : t.notOutYet(state.tries)
      : state.kind === 'sent'
        ? state.local
          ? t.raisedLocal(hourMinute(state.at))
          : t.raisedAt(hourMinute(state.at))
        : state.kind === 'failed'
          ? state.why
          : t.raiseHint;
  return (
    <div className="raise">
      <input
        className="input raise-place"
        aria-label={t.raisePlace}
        placeholder={t.raisePlace}
        value={place}
        onChange={(event) => setPlace(event.target.value)}
      />
      <HoldButton className="raise-hold" onHeld={held} holding={(secs) => t.keepHolding(secs)}>
        <Icon name="siren" />
        {t.raise}
      </HoldButton>
      <p className={state.kind === 'failed' ? 'raise-words danger-text' : 'raise-words'} role="status">
        {words}
      </p>
    </div>
  );
}
