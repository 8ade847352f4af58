// Order that does not move under the pointer: sorting waits until pointer and keys have rested for five seconds.
import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from 'react';

export const REST_MS = 5_000;

/** Pure. While held, known rows keep their order, gone rows drop out, and new rows stand above all others. */
export function heldOrder(previous: readonly string[], wanted: readonly string[], hold: boolean): string[] {
  if (!hold || previous.length === 0) return [...wanted];
  const still = new Set(wanted);
  const known = new Set(previous);
  const fresh = wanted.filter((id) => !known.has(id));
  return [...fresh, ...previous.filter((id) => still.has(id))];
}

/** The ids in the order in which they may stand now. `area`: where pointer and keys count as activity. */
export function useHeldOrder(wanted: readonly string[], area: RefObject<HTMLElement | null>): string[] {
  const lastActive = useRef(Number.NEGATIVE_INFINITY);
  const shown = useRef<string[]>([]);
  const [, rested] = useState(0);
  useEffect(() => {
    const element = area.current;
    if (element === null) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const active = () => {
      lastActive.current = performance.now();
      clearTimeout(timer);
      timer = setTimeout(() => rested((n) => n + 1), REST_MS + 20);
    };
    const kinds = ['pointermove', 'pointerdown', 'keydown', 'wheel'] as const;
    for (const kind of kinds) element.addEventListener(kind, active, { passive: true });
    return () => {
      clearTimeout(timer);
      for (const kind of kinds) element.removeEventListener(kind, active);
    };
  }, [area]);
  const hold = performance.now() - lastActive.current < REST_MS;
  shown.current = heldOrder(shown.current, wanted, hold);
  return shown.current;
}

/**
 * Keeps the row that is under the pointer (or has focus) where it is on the screen when something above it grows:
 * the list scrolls by the difference, with room added at its end if there is none.
 */
export function useSteadyRow(list: RefObject<HTMLElement | null>, spacer: RefObject<HTMLElement | null>): void {
  const anchor = useRef<{ row: Element; top: number } | null>(null);
  useLayoutEffect(() => {
    const box = list.current;
    const room = spacer.current;
    if (box === null || room === null) return;
    const known = anchor.current;
    if (known !== null && box.contains(known.row) && isPointedAt(known.row)) {
      const moved = known.row.getBoundingClientRect().top - known.top;
      if (Math.abs(moved) >= 1) {
        const lacking = box.scrollTop + moved + box.clientHeight - box.scrollHeight;
        if (lacking > 0) room.style.height = `${room.offsetHeight + lacking}px`;
        box.scrollTop += moved;
      }
    } else if (room.offsetHeight > 0) {
      room.style.height = '0px';
    }
  });
  useEffect(() => {
    const box = list.current;
    if (box === null) return;
    const remember = (event: Event) => {
      const row = (event.target as Element).closest('[data-row]');
      anchor.current = row === null ? null : { row, top: row.getBoundingClientRect().top };
    };
    const again = () => {
      if (anchor.current !== null) anchor.current.top = anchor.current.row.getBoundingClientRect().top;
    };
    const forget = () => {
      anchor.current = null;
    };
    box.addEventListener('pointermove', remember, { passive: true });
    box.addEventListener('focusin', remember);
    box.addEventListener('scroll', again, { passive: true });
    box.addEventListener('pointerleave', forget);
    return () => {
      box.removeEventListener('pointermove', remember);
      box.removeEventListener('focusin', remember);
      box.removeEventListener('scroll', again);
      box.removeEventListener('pointerleave', forget);
    };
  }, [list]);
}

function isPointedAt(row: Element): boolean {
  return row.matches(':hover') || row.contains(document.activeElement);
}
