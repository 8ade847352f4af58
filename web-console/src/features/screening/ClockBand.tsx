// This tablet's clock is wrong: said here, so that somebody sets it. Nothing is held up by it.
import { useSyncExternalStore } from 'react';
import { clockError, subscribeClock } from '@/api/clock';
import { useText } from '@/i18n/text';
import { Icon } from '@/ui/Icon';

export function ClockBand() {
  const text = useText();
  const t = text.screening;
  const error = useSyncExternalStore(subscribeClock, clockError);
  if (error === 0) return null;
  const size = text.common.roughly(Math.abs(error) / 60_000);
  return (
    <div className="fd-net" role="status">
      <Icon name="clock" />
      <div className="grow">
        <b>{error > 0 ? t.clockFast(size) : t.clockSlow(size)}</b>
        {text.common.dot}
        {t.clockHint}
      </div>
    </div>
  );
}
