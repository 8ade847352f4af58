// Hold for one second. The fill is the timer; letting go early empties it and nothing has happened.
import { type ReactNode, useEffect, useRef, useState } from 'react';

const HOLD_MS = 1000;

type Props = {
  onHeld: () => void;
  children: ReactNode;
  holding: (secondsLeft: string) => ReactNode;
  className?: string;
  quiet?: boolean;
  label?: string;
};

export function HoldButton({ onHeld, children, holding, className, quiet, label }: Props) {
  const [since, setSince] = useState<number | null>(null);
  const [left, setLeft] = useState(HOLD_MS);
  const held = useRef(onHeld);
  held.current = onHeld;

  useEffect(() => {
    if (since === null) return;
    const timer = setInterval(() => {
      const rest = HOLD_MS - (performance.now() - since);
      setLeft(Math.max(0, rest));
      if (rest > 0) return;
      setSince(null);
      held.current();
    }, 50);
    return () => clearInterval(timer);
  }, [since]);

  const start = () => {
    setLeft(HOLD_MS);
    setSince((known) => known ?? performance.now());
  };
  const stop = () => setSince(null);
  return (
    <button
      type="button"
      className={`hold${quiet ? ' hold-quiet' : ''}${since === null ? '' : ' is-held'} ${className ?? ''}`}
      aria-label={label}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        start();
      }}
      onPointerUp={stop}
      onPointerCancel={stop}
      onContextMenu={(event) => event.preventDefault()}
      onKeyDown={(event) => {
        if ((event.key === ' ' || event.key === 'Enter') && !event.repeat) start();
        if (event.key === ' ') event.preventDefault();
      }}
      onKeyUp={stop}
      onBlur={stop}
    >
      {since === null ? children : holding((left / 1000).toFixed(1))}
    </button>
  );
}
