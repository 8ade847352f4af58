// Four facts about an alarm, never merged: kept here, sent, dispatch has it, somebody took it. Each with its time.
import { inServerTime } from '@/api/clock';
import type { Entry } from '@/api/outbox';
import type { AlarmFull } from '@/api/types';
import { say, useText } from '@/i18n/text';
import { Icon, type IconName } from '@/ui/Icon';
import { PriorityMark } from '@/ui/Mark';
import { clock, hourMinute, span, useNow } from '@/ui/time';
import { refusalReason } from './ListRows';
import { useAlarmProgress } from './queries';
import type { LocalAlarm } from './visit';

type Props = { alarm: LocalAlarm; entry: Entry | undefined; compact?: boolean };
type Look = 'done' | 'now' | 'not' | 'bad' | 'wait';
type Fact = { look: Look; icon: IconName; word: string; sub: string };

export function AlarmFacts({ alarm, entry, compact }: Props) {
  const text = useText();
  const now = useNow();
  const sent = entry?.state === 'received';
  const progress = useAlarmProgress(entry?.known_as ?? alarm.id, sent);
  const at = progress.data;
  // Not seen is not the same as not received.
  const unseen = at === undefined && progress.isError;
  const facts = fourFacts(entry, at, now, text, unseen);
  const age = span(now - inServerTime(alarm.at));
  const how =
    alarm.how === 'rules'
      ? sent
        ? text.screening.raisedAgo(age)
        : text.screening.madeAgo(age)
      : text.screening.pressedAgo(age);
  return (
    <section className={compact ? 'fd-alarm is-compact' : 'fd-alarm'} role="status" aria-live="polite">
      <h2 className="fd-alarm-head">
        <b className="fd-alarm-title">{headline(entry, at, text, unseen)}</b>
        <span className="end row">
          <PriorityMark priority={at?.priority ?? alarm.priority} />
          <span className="nowrap" aria-live="off">
            {how}
          </span>
        </span>
      </h2>
      <div className="fd-chain">
        {facts.map((fact) => (
          <div key={fact.word} className={`fd-link is-${fact.look}`}>
            <span className="fd-disc">{fact.look === 'wait' ? null : <Icon name={fact.icon} />}</span>
            <b>{fact.word}</b>
            <small className="fd-when">{fact.sub}</small>
          </div>
        ))}
      </div>
      <NextLine entry={entry} at={at} now={now} />
    </section>
  );
}

function fourFacts(
  entry: Entry | undefined,
  at: AlarmFull | undefined,
  now: number,
  text: ReturnType<typeof useText>,
  unseen: boolean,
): Fact[] {
  const t = text.screening;
  const sent = entry?.state === 'received';
  const seenAt = at?.presented_at ?? null;
  const taker = at?.acknowledged ?? at?.claimed ?? null;
  const saved: Fact =
    entry?.unsaved && !sent
      ? { look: 'bad', icon: 'alert', word: t.factNotSaved, sub: t.keepPageOpen }
      : {
          look: 'done',
          icon: 'check',
          word: t.factSaved,
          sub: entry === undefined ? '' : clock(inServerTime(entry.saved_at)),
        };
  const onWay: Fact = sent
    ? { look: 'done', icon: 'check', word: t.factSent, sub: clock(entry?.received_at ?? entry?.saved_at ?? '') }
    : entry !== undefined && (entry.tries > 0 || entry.state === 'refused')
      ? {
          look: 'bad',
          icon: 'cloud-off',
          word: t.factNotSent,
          sub: entry.state === 'refused' ? text.screening.sentBack : t.factNoNetwork,
        }
      : { look: 'now', icon: 'cloud-up', word: t.factSending, sub: '—' };
  const received: Fact =
    seenAt !== null || taker !== null
      ? {
          look: 'done',
          icon: 'check',
          word: t.factReceived,
          sub: seenAt === null ? t.factReceivedUnknown : clock(seenAt),
        }
      : { look: 'not', icon: 'check', word: unseen ? t.factReceivedUnseen : t.factNotReceived, sub: '—' };
  const left = at?.next_step ? Date.parse(at.next_step.at) - now : null;
  const taken: Fact =
    taker !== null
      ? { look: 'done', icon: 'user', word: t.factTaken, sub: `${clock(taker.at)} ${taker.by}` }
      : seenAt !== null
        ? {
            look: 'wait',
            icon: 'user',
            word: t.factWaiting,
            sub: left !== null && left > 0 ? t.factLeft(span(left)) : '—',
          }
        : { look: 'not', icon: 'user', word: unseen ? t.factTakenUnseen : t.factNotTaken, sub: '—' };
  return [saved, onWay, received, taken];
}

function headline(
  entry: Entry | undefined,
  at: AlarmFull | undefined,
  text: ReturnType<typeof useText>,
  unseen: boolean,
): string {
  if (at?.state === 'closed') return text.screening.alarmClosed;
  if (at?.claimed || at?.acknowledged) return text.screening.alarmTaken;
  if (entry?.state === 'refused') return text.screening.alarmRefused;
  if (entry?.state !== 'received') return text.screening.alarmQueued;
  if (unseen) return text.screening.alarmSentUnseen;
  return at?.presented_at ? text.screening.alarmReceived : text.screening.alarmSent;
}

function NextLine({ entry, at, now }: { entry: Entry | undefined; at: AlarmFull | undefined; now: number }) {
  const text = useText();
  const t = text.screening;
  const failed = entry === undefined || entry.state === 'refused' || (entry.state === 'waiting' && entry.tries > 0);
  if (failed && entry !== undefined) {
    return (
      <div className="fd-next is-loud" role="alert">
        <Icon name="alert" />
        <p className="grow">
          <b>{t.nobodyKnows}</b>
          <br />
          <span className="muted">{entry.state === 'refused' ? refusalReason(entry, text) : t.tries(entry.tries)}</span>
        </p>
      </div>
    );
  }
  const taker = at?.acknowledged ?? at?.claimed ?? null;
  if (taker !== null) {
    const words = at?.acknowledged
      ? t.acknowledgedBy(taker.by, hourMinute(taker.at))
      : t.takenBy(taker.by, hourMinute(taker.at));
    return (
      <div className="fd-next">
        <Icon name="walk" />
        <p className="grow">
          <b>{words}</b>
        </p>
      </div>
    );
  }
  if (!at?.next_step) return null;
  const left = Date.parse(at.next_step.at) - now;
  return (
    <div className="fd-next">
      <Icon name="clock" />
      <p className="grow">
        {at.presented_at ? t.receivedNotComing : null}
        <b>{left > 0 ? t.thenCalls(span(left), say(at.next_step.who)) : t.escalatedTo}</b>
      </p>
    </div>
  );
}
