// Hides what names people while nobody uses the page. Alarms themselves are never put inside: they stay in sight.
import { type ReactNode, useEffect, useState } from 'react';
import { useText } from '@/i18n/text';

const HIDDEN_AFTER_MINUTES = 5;
const LOOK_EVERY_MS = 1_000;
const MOVES = ['pointermove', 'wheel'] as const;
const PRESSES = ['keydown', 'pointerdown'] as const;

/**
 * Tells when nobody has touched the page for so long, and when somebody is back. Moving keeps the page open, only a
 * press opens it again. The clock is asked, not a long timer: a desk that slept has been left alone, too.
 */
export function watchIdle(page: EventTarget, afterMs: number, tell: (idle: boolean) => void): () => void {
  let last = Date.now();
  let idle = false;
  const moved = () => {
    if (!idle) last = Date.now();
  };
  const pressed = () => {
    last = Date.now();
    if (idle) tell(false);
    idle = false;
  };
  const look = setInterval(() => {
    if (idle || Date.now() - last < afterMs) return;
    idle = true;
    tell(true);
  }, LOOK_EVERY_MS);
  for (const kind of MOVES) page.addEventListener(kind, moved, { capture: true, passive: true });
  for (const kind of PRESSES) page.addEventListener(kind, pressed, { capture: true, passive: true });
  return () => {
    clearInterval(look);
    for (const kind of MOVES) page.removeEventListener(kind, moved, { capture: true });
    for (const kind of PRESSES) page.removeEventListener(kind, pressed, { capture: true });
  };
}

/**
 * Only out of sight: focus and typed text stay where they are. Every key opens it and does what it always does, so the
 * space bar still takes an alarm at the first press; the note names a key that does nothing else.
 */
export function IdleMask({ children }: { children: ReactNode }) {
  const text = useText();
  const [idle, setIdle] = useState(false);
  useEffect(() => watchIdle(window, HIDDEN_AFTER_MINUTES * 60_000, setIdle), []);
  return (
    <div className={idle ? 'idle-mask is-idle' : 'idle-mask'}>
      {idle ? (
        <p className="idle-note" role="status">
          {text.common.namesHidden(HIDDEN_AFTER_MINUTES)}
        </p>
      ) : null}
      {children}
    </div>
  );
}
