// 分诊待办 in the board's queue column: tier, who, why, how long until the deadline, who owns it.
import { useRef } from 'react';
import type { QueueItem, Uuid } from '@/api/types';
import { say, useText } from '@/i18n/text';
import { useHeldOrder, useSteadyRow } from '@/ui/heldOrder';
import { TierMark } from '@/ui/Mark';
import { span, useNow } from '@/ui/time';
import { byDeadline, dueWithin, isOverdue, stageWords } from './order';
import './triage.css';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export function TriageList({
  items,
  selected,
  onSelect,
}: {
  items: QueueItem[];
  selected: Uuid | undefined;
  onSelect: (id: Uuid) => void;
}) {
  const text = useText();
  const t = text.triage;
  const now = useNow();
  const list = useRef<HTMLDivElement>(null);
  const spacer = useRef<HTMLDivElement>(null);
  const byId = new Map(items.map((item) => [item.id, item]));
  const order = useHeldOrder(
    [...items].sort(byDeadline).map((item) => item.id),
    list,
  );
  useSteadyRow(list, spacer);
  const overdue = items.filter((item) => isOverdue(item, now)).length;
  return (
    <div className="tq" ref={list}>
      <p className="tq-sum">{items.length === 0 ? t.emptyQueue : t.summary(dueWithin(items, now, HOUR_MS), overdue)}</p>
      <div role="list" aria-label={t.inTriage}>
        {order.map((id) => {
          const item = byId.get(id);
          if (item === undefined) return null;
          const late = isOverdue(item, now);
          return (
            // biome-ignore lint/a11y/useKeyWithClickEvents: keys are handled by the queue as a whole (one Tab stop)
            <div
              key={id}
              className={['tq-row', late ? 'is-over' : '', selected === id ? 'is-on' : ''].filter(Boolean).join(' ')}
              role="listitem"
              aria-current={selected === id}
              data-row={id}
              tabIndex={selected === id || (selected === undefined && id === order[0]) ? 0 : -1}
              onClick={() => onSelect(id)}
            >
              <TierMark tier={item.tier} />
              <div className="tq-m">
                <h3 className="tq-who ellipsis">
                  {item.person.name_masked} {item.person.age === null ? '' : text.common.years(item.person.age)}
                  {item.stage === 'first_contact' ? null : <span className="tag tq-tag">{stageWords(item, t)}</span>}
                  {item.second_person ? <span className="tag tq-tag">{t.asksSecond}</span> : null}
                </h3>
                <p className="tq-why ellipsis">
                  {[say(item.headline), item.org.district ?? item.org.name].filter(Boolean).join(t.semicolon)}
                </p>
              </div>
              <div className="tq-t">
                <b className="tq-due">{dueWords(item, now, late, t)}</b>
                <p className={item.owner?.name ? 'tq-owner' : 'tq-owner danger-text'}>
                  {item.owner?.name ?? t.noOwner}
                </p>
              </div>
            </div>
          );
        })}
      </div>
      <div ref={spacer} />
    </div>
  );
}

function dueWords(item: QueueItem, now: number, late: boolean, t: ReturnType<typeof useText>['triage']): string {
  if (item.due_at === null) return '–';
  const ms = Date.parse(item.due_at) - now;
  if (late) {
    if (-ms >= DAY_MS) return t.overdueDays(Math.floor(-ms / DAY_MS));
    return -ms >= HOUR_MS ? t.overdueBy(t.hours(Math.floor(-ms / HOUR_MS))) : t.overdueBy(span(-ms));
  }
  if (ms >= DAY_MS) return t.days(Math.floor(ms / DAY_MS));
  return ms >= HOUR_MS ? t.hours(Math.floor(ms / HOUR_MS)) : span(ms);
}
