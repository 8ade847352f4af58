// A destructive verb takes two presses in the same place. Four seconds, a shrinking line, Esc takes it back.
import { useEffect, useRef, useState } from 'react';

const ARMED_MS = 4000;

type Props = {
  label: string;
  again: string;
  hotkey?: string;
  disabled?: boolean;
  armed?: boolean;
  onArmed?: (armed: boolean) => void;
  onConfirm: () => void;
};

export function TwoStepButton({ label, again, hotkey, disabled, armed: armedFromKeys, onArmed, onConfirm }: Props) {
  const [armedHere, setArmedHere] = useState(false);
  const armed = armedFromKeys ?? armedHere;
  const arm = useRef(onArmed ?? setArmedHere);
  arm.current = onArmed ?? setArmedHere;

  useEffect(() => {
    if (!armed) return;
    const timer = setTimeout(() => arm.current(false), ARMED_MS);
    const disarm = (event: KeyboardEvent) => {
      if (event.key === 'Escape') arm.current(false);
    };
    addEventListener('keydown', disarm);
    return () => {
      clearTimeout(timer);
      removeEventListener('keydown', disarm);
    };
  }, [armed]);

  return (
    <button
      type="button"
      className={armed ? 'btn arm' : disabled ? 'btn off' : 'btn'}
      aria-disabled={disabled}
      onClick={() => {
        if (disabled) return;
        if (!armed) return arm.current(true);
        arm.current(false);
        onConfirm();
      }}
    >
      {armed ? again : label}
      {hotkey === undefined ? null : <kbd className="kbd">{hotkey}</kbd>}
    </button>
  );
}
