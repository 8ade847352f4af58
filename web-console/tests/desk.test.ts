// What stands on a desk: names hidden when nobody is there.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { watchIdle } from '@/ui/IdleMask';

describe('a page that is left alone', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
  const watched = () => {
    const page = new EventTarget();
    const told: boolean[] = [];
    const stop = watchIdle(page, 60_000, (idle) => told.push(idle));
    const event = (kind: string) => page.dispatchEvent(new Event(kind));
    return { told, stop, event };
  };

  it('hides names after its minutes, and shows them again at a press, not at a passing mouse', () => {
    const { told, event, stop } = watched();
    vi.advanceTimersByTime(59_000);
    expect(told).toEqual([]);
    vi.advanceTimersByTime(1_000);
    expect(told).toEqual([true]);
    event('pointermove');
    expect(told).toEqual([true]);
    event('keydown');
    expect(told).toEqual([true, false]);
    vi.advanceTimersByTime(60_000);
    expect(told).toEqual([true, false, true]);
    stop();
  });

  it('stays open while somebody moves, and hides at once after the machine has slept', () => {
    const { told, event, stop } = watched();
    for (let n = 0; n < 10; n++) {
      vi.advanceTimersByTime(30_000);
      event('pointermove');
    }
    expect(told).toEqual([]);
    vi.setSystemTime(Date.now() + 3_600_000);
    vi.advanceTimersByTime(1_000);
    expect(told).toEqual([true]);
    stop();
  });

  it('is silent once stopped', () => {
    const { told, event, stop } = watched();
    stop();
    vi.advanceTimersByTime(600_000);
    event('keydown');
    expect(told).toEqual([]);
  });
});
