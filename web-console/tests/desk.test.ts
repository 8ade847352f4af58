// What stands on a desk: names hidden when nobody is there, and the QR code of a second factor.
import { encode } from 'uqr';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { watchIdle } from '@/ui/IdleMask';
import { qrPath } from '@/ui/QrCode';

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

it('draws exactly the dark modules of a QR code', () => {
  const { data, size } = encode('otpauth://totp/Xindeng:sysadmin?secret=JBSWY3DPEHPK3PXP&issuer=Xindeng', {
    border: 4,
  });
  const drawn = Array.from({ length: size }, () => Array<boolean>(size).fill(false));
  for (const [, x, y, length] of qrPath(data).matchAll(/M(\d+) (\d+)h(\d+)v1h-\3z/g)) {
    for (let at = 0; at < Number(length); at++) (drawn[Number(y)] ?? [])[Number(x) + at] = true;
  }
  expect(drawn).toEqual(data);
  expect(data[0]?.some(Boolean)).toBe(false);
});
