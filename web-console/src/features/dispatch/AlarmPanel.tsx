// The alarm at work: who, where, why, who was told, what was answered, and what can be done about it.
import { type ReactNode, useEffect, useRef } from 'react';
import type { Alarm, AlarmFull, QueueItemFull } from '@/api/types';
import { say, useText } from '@/i18n/text';
import { CountedAnswers } from '@/ui/CountedAnswers';
import { failureWords } from '@/ui/failure';
import { historyWords } from '@/ui/history';
import { PriorityMark, TierMark } from '@/ui/Mark';
import { postName } from '@/ui/posts';
import { TwoStepButton } from '@/ui/TwoStepButton';
import { clock, span, stamp, useNow } from '@/ui/time';
import { flightWords, placeWords } from './AlarmRow';
import { CannotReachForm } from './CannotReachForm';
import { CloseForm } from './CloseForm';
import {
  acknowledge,
  type BoardContext,
  cannotReach,
  close,
  escalate,
  type Form,
  keyLabel,
  release,
  shelve,
} from './commands';
import { ShelveForm } from './ShelveForm';
import type { Flight, Verb } from './useAlarmCommands';

type Props = {
  alarm: Alarm;
  full: AlarmFull | undefined;
  fullError: Error | null;
  item: QueueItemFull | undefined;
  itemError: Error | null;
  context: BoardContext;
  flight: Flight | undefined;
  form: Form;
  onForm: (form: Form) => void;
  onRun: (verb: Verb, body: Record<string, unknown>) => Promise<boolean>;
  onItem: (id: string) => void;
};

export function AlarmPanel(props: Props) {
  const { alarm, context, flight, form, onForm, onRun } = props;
  const text = useText();
  const t = text.dispatch;
  const now = useNow();
  const mine = (alarm.acknowledged ?? alarm.claimed)?.by_id === context.me && alarm.state !== 'raised';
  return (
    <>
      <header className="wp-head">
        <div className="wp-l1">
          <PriorityMark priority={alarm.priority} owned={alarm.state !== 'raised'} drill={alarm.drill} />
          <h1 className="wp-title">
            {alarm.drill ? <span className="tag drill">{t.drill}</span> : null} {say(alarm.headline)}
            {alarm.count > 1 ? ` ×${alarm.count}` : ''}
          </h1>
          <time className="age">
            {span((alarm.closed ? Date.parse(alarm.closed.at) : now) - Date.parse(alarm.raised_at))}
          </time>
        </div>
        <div className="wp-l2">
          <span>{placeWords(alarm, props.full?.person?.address) || t.placeUnknown}</span>
          <span className="faint small nowrap">A-{String(alarm.number).padStart(4, '0')}</span>
        </div>
        <Actions {...props} mine={mine} />
        <p className="wp-lease">
          <span>{leaseWords(alarm, mine, now, t)}</span>
          <span className="end">{flight === undefined ? '' : (flightWords(flight, now, text) ?? '')}</span>
        </p>
      </header>
      {form === 'close' ? (
        <CloseForm
          key={alarm.id}
          alarm={alarm}
          problem={flight?.verb === 'close' && flight.state !== 'flying' ? flightWords(flight, now, text) : null}
          onClose={async (body) => {
            const closed = await onRun('close', body);
            if (closed) onForm(null);
            return closed;
          }}
          onBack={() => onForm(null)}
        />
      ) : null}
      {form === 'shelve' ? (
        <ShelveForm
          key={alarm.id}
          alarm={alarm}
          onSend={async (body) => {
            const sent = await onRun('shelve', body);
            if (sent) onForm(null);
            return sent;
          }}
          onBack={() => onForm(null)}
        />
      ) : null}
      {alarm.close_asked && alarm.state !== 'closed' ? (
        <CloseAsked alarm={alarm} me={context.me} onAgree={() => void onRun('second', {})} />
      ) : null}
      {form === 'cannot-reach' ? (
        <CannotReachForm
          key={alarm.id}
          alarm={alarm}
          onSend={async (body) => {
            const sent = await onRun('cannot-reach', body);
            if (sent) onForm(null);
            return sent;
          }}
          onBack={() => onForm(null)}
        />
      ) : null}
      <Facts {...props} />
    </>
  );
}

function leaseWords(alarm: Alarm, mine: boolean, now: number, t: ReturnType<typeof useText>['dispatch']): ReactNode {
  if (alarm.closed)
    return t.closedBy(alarm.closed.by, clock(alarm.closed.at), t.closeCodes[alarm.closed.code], alarm.closed.reason);
  if (alarm.state === 'raised')
    return alarm.next_step
      ? t.nobodyHasItNext(span(Date.parse(alarm.next_step.at) - now), say(alarm.next_step.who))
      : t.nobodyHasIt;
  const holder = alarm.acknowledged ?? alarm.claimed;
  const until = (alarm.state === 'claimed' ? alarm.claimed?.until : alarm.acknowledged?.until) ?? null;
  const left = until === null ? null : span(Date.parse(until) - now);
  const retry = alarm.retry_at === null ? '' : t.retryAt(clock(alarm.retry_at));
  if (mine) return `${left === null ? t.yours : t.yoursFor(left)} ${retry}`;
  return left === null ? t.heldBy(holder?.by ?? '') : t.heldByFor(holder?.by ?? '', left);
}

function Actions({ alarm, context, flight, mine, onForm, form }: Props & { mine: boolean }) {
  const text = useText();
  const t = text.dispatch;
  const now = useNow();
  const button = (command: typeof acknowledge, primary = false) => {
    const may = command.may(context);
    const flying = flight?.verb === command.id && flight.state === 'flying' && now - flight.since >= 200;
    const failed = flight?.verb === command.id && flight.state === 'failed';
    const look = flying
      ? 'btn pending'
      : failed
        ? 'btn failed'
        : may !== true
          ? 'btn off'
          : primary
            ? 'btn btn-primary'
            : 'btn';
    return (
      <button
        key={command.id}
        type="button"
        className={look}
        aria-disabled={may !== true}
        onClick={() => command.may(context) === true && command.run(context)}
      >
        {flying
          ? `${command.label(context)}${t.comma}${t.delivering}`
          : failed
            ? t.notDeliveredAgain
            : command.label(context)}
        <kbd className="kbd">{keyLabel(command, text)}</kbd>
      </button>
    );
  };
  if (alarm.state === 'closed') {
    return (
      <div className="wp-acts">
        <button type="button" className="btn" onClick={() => context.run(alarm, 'reopen')}>
          {t.verbs.reopen}
        </button>
      </div>
    );
  }
  const closeMay = close.may(context);
  return (
    <div className="wp-acts">
      {alarm.state === 'raised' && !context.permissions.includes('alarm_claim') ? (
        <span className="wp-why">{text.common.notAllowed}</span>
      ) : alarm.state === 'raised' ? (
        <button
          type="button"
          className={flight?.verb === 'claim' && flight.state === 'flying' ? 'btn pending' : 'btn btn-primary'}
          onClick={() => context.claim(alarm)}
        >
          {t.claim} {context.top?.id === alarm.id ? <kbd className="kbd">{t.spaceKey}</kbd> : null}
        </button>
      ) : (
        button(acknowledge, alarm.state === 'claimed' && mine)
      )}
      {button(escalate)}
      {button(cannotReach)}
      {mine ? button(release) : null}
      {alarm.state === 'raised' && alarm.priority !== 'P1' ? button(shelve) : null}
      <span className="grow" />
      {typeof closeMay === 'string' ? <span className="wp-why">{closeMay}</span> : null}
      <button
        type="button"
        className={closeMay === true ? (form === 'close' ? 'btn on' : 'btn') : 'btn off'}
        aria-disabled={closeMay !== true}
        onClick={() => closeMay === true && onForm(form === 'close' ? null : 'close')}
      >
        {t.close} <kbd className="kbd">X</kbd>
      </button>
    </div>
  );
}

/** A close that waits for a second person: for them the place to agree, for everybody else a fact. */
function CloseAsked({ alarm, me, onAgree }: { alarm: Alarm; me: string; onAgree: () => void }) {
  const t = useText().dispatch;
  const asked = alarm.close_asked;
  if (asked === null) return null;
  return (
    <div className="act-form row wrap" role="status">
      <span className="grow">{t.closeWaits(asked.by, t.closeCodes[asked.code] ?? asked.code, asked.reason)}</span>
      {asked.by_id === me ? null : <TwoStepButton label={t.agreeClose} again={t.agreeCloseAgain} onConfirm={onAgree} />}
    </div>
  );
}

function Facts({ alarm, full, fullError, item, itemError, onItem }: Props) {
  const text = useText();
  const t = text.dispatch;
  const scroller = useRef<HTMLDivElement>(null);
  const id = alarm.id;
  useEffect(() => {
    if (id) scroller.current?.scrollTo(0, 0);
  }, [id]);
  const who = alarm.who;
  const name = full?.person?.name ?? who?.name_masked ?? null;
  const about = [
    who?.sex === 'F' ? text.common.female : who?.sex === 'M' ? text.common.male : null,
    who?.age == null ? null : text.common.years(who.age),
  ].filter(Boolean);
  return (
    <div className="wp-body" ref={scroller}>
      <dl className="facts">
        <dt className="facts-dt">{t.who}</dt>
        <dd className="facts-dd">
          {name === null ? t.nobodyNamed : <b>{name}</b>} {about.join(' ')}{' '}
          {item === undefined ? null : <TierMark tier={item.tier} />}
          <small className="facts-sub">
            {full?.person?.phone
              ? `${t.phone} ${full.person.phone}`
              : full === undefined && fullError === null
                ? text.common.loading
                : ''}
            {fullError === null ? '' : `${t.personNotLoaded}${t.comma}${failureWords(fullError, text)}`}
            {item === undefined ? '' : ` ${item.state === 'open' ? t.tierSuggested : t.tierConfirmed}`}
          </small>
        </dd>
        <dt className="facts-dt">{t.where}</dt>
        <dd className="facts-dd">
          {full?.person?.address ?? alarm.where.address ?? alarm.where.place ?? t.addressUnknown}
          <small className="facts-sub">
            {[...new Set([alarm.where.district, alarm.where.org_name])].filter(Boolean).join(' ')}
          </small>
        </dd>
        <dt className="facts-dt">{t.why}</dt>
        <dd className="facts-dd">
          {alarm.why.length === 0 ? t.pressedByHand : null}
          {alarm.why.map((why) => (
            <span key={`${why.row}${why.text.zh}`} className="facts-line">
              {say(why.text)}
              <small className="facts-sub">
                {[t.rule(why.row), why.source].filter(Boolean).join(text.common.listComma)}
              </small>
            </span>
          ))}
        </dd>
        {alarm.count > 1 ? (
          <>
            <dt className="facts-dt">{t.again}</dt>
            <dd className="facts-dd">{t.pressedTimes(alarm.count, clock(alarm.last_press_at))}</dd>
          </>
        ) : null}
        <dt className="facts-dt">{t.told}</dt>
        <dd className="facts-dd">
          {alarm.told.length === 0 ? t.toldNobody : null}
          {alarm.told.map((each) => (
            <span key={`${each.name}${each.post}${each.at}`} className="told">
              <time className="faint">{clock(each.at)}</time> <b>{each.name}</b> {postName(each.post, text)}
              <small className="facts-sub">{each.receipt_at ? t.shownAt(clock(each.receipt_at)) : t.notShownYet}</small>
            </span>
          ))}
        </dd>
        {alarm.queue_item_id ? (
          <>
            <dt className="facts-dt">{t.followUp}</dt>
            <dd className="facts-dd">
              {item === undefined ? (
                itemError === null ? (
                  text.common.loading
                ) : (
                  failureWords(itemError, text)
                )
              ) : (
                <>
                  {item.owner?.name ?? <span className="danger-text">{t.nobodyOwns}</span>}{' '}
                  {item.owner === null ? '' : postName(item.owner.post, text)}
                  {item.due_at === null ? '' : `${t.comma}${t.due(stamp(item.due_at))}`}{' '}
                  <button type="button" className="link small" onClick={() => onItem(item.id)}>
                    {t.openItem}
                  </button>
                </>
              )}
            </dd>
          </>
        ) : null}
      </dl>
      {item === undefined ? null : <CountedAnswers reasons={item.reasons} scales={item.scales} />}
      {item?.answers === undefined || item.answers.length === 0 ? null : (
        <section className="wp-part">
          <h2 className="part-head">
            {t.answers} <small className="faint">{t.lookRecorded}</small>
          </h2>
          <ol className="answers">
            {item.answers.map((answer) => (
              <li key={answer.item} className={answer.critical ? 'answer is-critical' : 'answer'}>
                <span className="faint">{answer.item.replace(/^q/, '')}</span>
                <span>{say(answer.text)}</span>
                <b>{answer.answer === null ? t.notAnswered : say(answer.answer)}</b>
              </li>
            ))}
          </ol>
        </section>
      )}
      {item?.history === undefined || item.history.length === 0 ? null : (
        <section className="wp-part">
          <h2 className="part-head">{t.history}</h2>
          <ul>
            {item.history.map((line) => (
              <li key={`${line.at}${line.kind}`} className="hist">
                <time className="faint">{stamp(line.at)}</time>
                {historyWords(line, text)}
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}
