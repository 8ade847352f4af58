// One alarm in the queue. Solid mark: nobody has it. Hollow: somebody has it.
import { memo, type ReactNode, useEffect, useRef } from 'react';
import type { Alarm, Uuid } from '@/api/types';
import { say, type Text, useText } from '@/i18n/text';
import { problemWords } from '@/ui/failure';
import { PriorityMark } from '@/ui/Mark';
import { clock, span, useNow } from '@/ui/time';
import { fuseShare, isUnclaimed, lastTelling } from './order';
import type { Flight } from './useAlarmCommands';

type Props = {
  alarm: Alarm;
  me: Uuid;
  selected: boolean;
  called: boolean;
  flight: Flight | undefined;
  frozen: boolean;
  short?: boolean;
  /** The one that the space bar takes. */
  isTop: boolean;
  mayClaim: boolean;
  tabStop: boolean;
  onSelect: (id: Uuid) => void;
  onClaim: (alarm: Alarm) => void;
  onPresented: (id: Uuid, telling: string) => void;
};

/** Drawn again only when its own alarm changes or the second does: a flood must not starve the receipts. */
export const AlarmRow = memo(function AlarmRow(props: Props) {
  const { alarm, me, selected, called, flight, onPresented } = props;
  const text = useText();
  const t = text.dispatch;
  const now = useNow();
  const ref = useRef<HTMLDivElement>(null);
  const unclaimed = isUnclaimed(alarm);
  const escalated = unclaimed && alarm.escalation_step > 0;
  const mine = (alarm.acknowledged?.by_id ?? alarm.claimed?.by_id) === me && !unclaimed;
  const look = [
    'al',
    alarm.priority.toLowerCase(),
    unclaimed
      ? escalated && alarm.priority !== 'P1'
        ? 'esc'
        : 'raised'
      : alarm.state === 'claimed'
        ? 'claimed'
        : 'acked',
    selected ? 'sel' : '',
    alarm.drill ? 'isdrill' : '',
    alarm.returned_at ? 'rtn' : '',
    props.short ? 'short' : '',
    now - Date.parse(alarm.raised_at) < 4_000 && unclaimed ? 'arrive' : '',
  ];
  const { id } = alarm;
  // Each call to somebody wants its own receipt, though the row has stood here all the time.
  const telling = lastTelling(alarm, me);
  // the policy expects P1 to P3 to be seen on a screen; P4 stands on the list only
  const needsReceipt = alarm.priority !== 'P4' && unclaimed;

  // Said only when it stands on a screen that somebody can look at: after the paint, in a visible document.
  useEffect(() => {
    if (!needsReceipt) return;
    let frame = 0;
    const afterPaint = () => {
      frame = requestAnimationFrame(() => {
        frame = requestAnimationFrame(() => {
          const box = ref.current?.getBoundingClientRect();
          if (document.visibilityState === 'visible' && box !== undefined && box.height > 0) onPresented(id, telling);
        });
      });
    };
    afterPaint();
    document.addEventListener('visibilitychange', afterPaint);
    return () => {
      cancelAnimationFrame(frame);
      document.removeEventListener('visibilitychange', afterPaint);
    };
  }, [needsReceipt, id, telling, onPresented]);

  const fuse = props.frozen ? null : fuseShare(alarm, now);
  const place = placeWords(alarm);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: keys are handled by the queue as a whole (one Tab stop)
    <div
      ref={ref}
      className={look.filter(Boolean).join(' ')}
      role="listitem"
      aria-current={selected}
      data-row={alarm.id}
      tabIndex={props.tabStop ? 0 : -1}
      onClick={() => props.onSelect(alarm.id)}
    >
      <PriorityMark priority={alarm.priority} owned={!unclaimed} drill={alarm.drill} />
      <div className="al-m">
        <h3 className="al-kind">
          {alarm.drill ? <span className="tag drill">{t.drill}</span> : null}
          <span className="ellipsis">{say(alarm.headline)}</span>
          {alarm.count > 1 ? <span className="nowrap">×{alarm.count}</span> : null}
        </h3>
        <p className="al-place ellipsis">{place || t.placeUnknown}</p>
        <p className="al-st ellipsis">
          <StateWords alarm={alarm} mine={mine} called={called} flight={flight} now={now} />
        </p>
        {alarm.priority === 'P1' && unclaimed && props.mayClaim && !props.short ? (
          <button
            type="button"
            className={flight?.state === 'failed' ? 'take take-failed' : 'take'}
            onClick={(event) => {
              event.stopPropagation();
              props.onClaim(alarm);
            }}
          >
            <ClaimWords flight={flight} now={now} isTop={props.isTop} />
          </button>
        ) : null}
      </div>
      <div className="al-t">
        <time className="age">{span(now - Date.parse(alarm.raised_at))}</time>
        <NextWords alarm={alarm} now={now} frozen={props.frozen} />
      </div>
      {fuse === null ? null : <span className="fuse" style={{ width: `${Math.round(fuse * 100)}%` }} />}
    </div>
  );
});

export function placeWords(alarm: Alarm, address?: string | null): string {
  const { district, org_name, place } = alarm.where;
  return [...new Set([district, org_name, place, address ?? alarm.where.address].filter(Boolean))].join(' ');
}

export function flightWords(flight: Flight, now: number, text: Text): string | null {
  const t = text.dispatch;
  if (flight.state === 'flying') return now - flight.since >= 200 ? t.delivering : null;
  if (flight.state === 'failed') return t.notDelivered;
  if (flight.state === 'refused')
    return flight.problem === undefined ? t.notDelivered : problemWords(flight.problem, text);
  if (flight.winner === undefined) return t.changedMeanwhile;
  return flight.winner.earlierSecs === null
    ? t.takenByOther(flight.winner.name)
    : t.earlier(flight.winner.name, flight.winner.earlierSecs.toFixed(1));
}

function ClaimWords(props: { flight: Flight | undefined; now: number; isTop: boolean }): ReactNode {
  const { flight, now, isTop } = props;
  const t = useText().dispatch;
  if (flight?.verb === 'claim' && flight.state === 'flying' && now - flight.since >= 200)
    return `${t.claim}${t.comma}${t.delivering}`;
  if (flight?.verb === 'claim' && flight.state === 'failed') return t.notDeliveredAgain;
  return (
    <>
      {t.claim} {isTop ? <kbd className="kbd">{t.spaceKey}</kbd> : null}
    </>
  );
}

function StateWords(props: { alarm: Alarm; mine: boolean; called: boolean; flight: Flight | undefined; now: number }) {
  const { alarm, mine, called, flight, now } = props;
  const text = useText();
  const t = text.dispatch;
  const me = text.common.me;
  const flying = flight === undefined ? null : flightWords(flight, now, text);
  const holder = alarm.acknowledged ?? alarm.claimed;
  const word = alarm.returned_at
    ? t.returned
    : alarm.state === 'raised'
      ? alarm.escalation_step > 0
        ? t.escalatedSteps(alarm.escalation_step)
        : t.waiting
      : alarm.state === 'claimed'
        ? t.claimed
        : t.acknowledged;
  const lastTold = alarm.told.at(-1);
  const rest =
    flying ??
    (alarm.state !== 'raised'
      ? mine
        ? me
        : (holder?.by ?? '')
      : alarm.escalation_step > 0 && lastTold !== undefined
        ? t.didNotAnswer(lastTold.name ?? '')
        : (alarm.why[0] && say(alarm.why[0].text)) || '');
  return (
    <>
      <b className={mine ? 'state mine' : 'state'}>{word}</b>
      {called && alarm.state === 'raised' ? <b className="callme">{t.callsYou}</b> : null}
      {rest}
    </>
  );
}

function NextWords({ alarm, now, frozen }: { alarm: Alarm; now: number; frozen: boolean }) {
  const t = useText().dispatch;
  if (frozen) return null;
  if (alarm.drill) return <p className="al-next">{t.noEscalation}</p>;
  const left = (at: string) => span(Date.parse(at) - now);
  if (alarm.state === 'raised') {
    if (!alarm.next_step) return null;
    return (
      <>
        <p className="al-next">
          {alarm.escalation_step > 0 ? t.escalatesAgain : t.escalates} <b>{left(alarm.next_step.at)}</b>
        </p>
        <p className="al-to" title={say(alarm.next_step.who)}>
          {say(alarm.next_step.who)}
        </p>
      </>
    );
  }
  const until = alarm.state === 'claimed' ? alarm.claimed?.until : alarm.acknowledged?.until;
  if (!until) return <p className="al-to">{clock(alarm.raised_at)}</p>;
  return (
    <p className="al-next">
      {alarm.state === 'claimed' ? t.lease : t.fallsBack} <b>{left(until)}</b>
    </p>
  );
}
