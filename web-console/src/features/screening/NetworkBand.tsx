// Whether the server is being reached, and what is only on this tablet. Offline is an ink band, not a colour.
import type { Entry } from '@/api/outbox';
import type { Reach } from '@/api/reach';
import { useText } from '@/i18n/text';
import { Icon } from '@/ui/Icon';
import { hourMinute } from '@/ui/time';

type Props = {
  ended?: boolean;
  reach: Reach;
  entries: readonly Entry[];
  onShow: () => void;
  onUpdate: (() => void) | null;
};

export function NetworkBand({ ended, reach, entries, onShow, onUpdate }: Props) {
  const text = useText();
  const waiting = entries.filter((entry) => entry.state === 'waiting');
  const records = waiting.filter((entry) => entry.what !== 'danger');
  if (ended === true) {
    return (
      <div className="fd-net is-off" role="alert">
        <Icon name="lock" />
        <div className="grow">
          <b className="fd-net-title">{text.screening.sessionEnded}</b>
          <span>{text.screening.sessionEndedWhy(records.length)}</span>
        </div>
        <a className="btn fd-net-btn" href="/?to=/t">
          {text.identity.signIn}
        </a>
      </div>
    );
  }
  if (!reach.reached) {
    return (
      <div className="fd-net is-off" role="status">
        <Icon name="cloud-off" />
        <div className="grow">
          <b className="fd-net-title">
            {(navigator.onLine ? text.screening.noServerSince : text.screening.offlineSince)(
              hourMinute(reach.since ?? Date.now()),
            )}
          </b>
          <span>
            {records.length === 0 ? text.screening.offlineNothing : text.screening.offlineUnsent(records.length)}
          </span>
        </div>
        {records.length === 0 ? null : (
          <button type="button" className="btn fd-net-btn" onClick={onShow}>
            {text.screening.seeThese(records.length)}
          </button>
        )}
      </div>
    );
  }
  const received = entries.filter((entry) => entry.what === 'screening' && entry.state === 'received').length;
  const refused = entries.filter((entry) => entry.state === 'refused').length;
  const at = hourMinute(reach.lastAt ?? Date.now());
  return (
    <div className="fd-net" role="status">
      <Icon name={waiting.length > 0 ? 'cloud-up' : 'cloud-ok'} />
      <div className="grow">
        <b>{text.screening.connected}</b>
        {text.common.dot}
        {waiting.length > 0
          ? text.screening.waitingToSend(records.length)
          : received + refused === 0
            ? text.screening.checkedNothing(at)
            : text.screening.checkedAt(at, received, refused)}
      </div>
      {onUpdate === null ? null : (
        <button type="button" className="btn btn-small" onClick={onUpdate}>
          {text.screening.newVersion}
          {text.common.dot}
          {text.screening.updateNow}
        </button>
      )}
    </div>
  );
}
