// The queue: P1 pinned above both tabs, the list below, P4 folded into one row, the shelf at the end.
import { type ReactNode, useMemo, useRef } from 'react';
import type { Journaled } from '@/api/live';
import type { Alarm, Priority, Uuid } from '@/api/types';
import { say, useText } from '@/i18n/text';
import { useHeldOrder, useSteadyRow } from '@/ui/heldOrder';
import { PriorityMark } from '@/ui/Mark';
import { hourMinute, span, useNow } from '@/ui/time';
import { AlarmRow } from './AlarmRow';
import { JournalRow } from './JournalRow';
import { type Groups, isUnclaimed } from './order';
import type { Flights } from './useAlarmCommands';

const PINNED_FULL = 3;

export type QueueProps = {
  groups: Groups;
  /** Kept by the server, not in the list yet: pinned above everything. */
  journal: Journaled[];
  silenced: ReadonlySet<Uuid>;
  total: number;
  unclaimed: number;
  me: Uuid;
  selected: Uuid | undefined;
  called: Uuid | undefined;
  top: Uuid | undefined;
  mayClaim: boolean;
  flights: Flights;
  frozen: boolean;
  filter: Priority | null;
  tab: 'alarm' | 'triage';
  triageCount: number;
  triageList: ReactNode;
  emptyNote: ReactNode;
  onTab: (tab: 'alarm' | 'triage') => void;
  onFilter: (priority: Priority | null) => void;
  onSelect: (id: Uuid) => void;
  onClaim: (alarm: Alarm) => void;
  onPresented: (id: Uuid, telling: string) => void;
  onSilence: (id: Uuid) => void;
  onPutAway: (id: Uuid) => void;
};

export function AlarmQueue(props: QueueProps) {
  const { groups, tab } = props;
  const text = useText();
  const t = text.dispatch;
  const area = useRef<HTMLElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const spacer = useRef<HTMLDivElement>(null);
  const byId = useMemo(() => new Map([...groups.pinned, ...groups.listed].map((alarm) => [alarm.id, alarm])), [groups]);
  const pinnedIds = useHeldOrder(
    groups.pinned.map((alarm) => alarm.id),
    area,
  );
  const listedIds = useHeldOrder(
    groups.listed.map((alarm) => alarm.id),
    area,
  );
  useSteadyRow(list, spacer);
  const first = [...pinnedIds, ...listedIds][0];
  const row = (id: Uuid, short: boolean) => {
    const alarm = byId.get(id);
    if (alarm === undefined) return null;
    return (
      <AlarmRow
        key={id}
        alarm={alarm}
        me={props.me}
        selected={props.selected === id}
        called={id === props.called}
        isTop={id === props.top}
        mayClaim={props.mayClaim}
        flight={props.flights[id]}
        frozen={props.frozen}
        short={short}
        tabStop={props.selected === undefined ? id === first : props.selected === id}
        onSelect={props.onSelect}
        onClaim={props.onClaim}
        onPresented={props.onPresented}
      />
    );
  };
  const alarmKeys = props.filter === null ? null : t.onlyPriority(props.filter);
  return (
    <section className={props.frozen ? 'bd-q is-frozen' : 'bd-q'} id="queue" aria-label={t.queue} ref={area}>
      <div className="bd-tabs" role="tablist">
        <button
          type="button"
          role="tab"
          className={tab === 'alarm' ? 'bd-tab is-on' : 'bd-tab'}
          aria-selected={tab === 'alarm'}
          onClick={() => props.onTab('alarm')}
        >
          {t.tabAlarms} <b className="bd-tab-n">{props.total}</b>
          {props.unclaimed > 0 ? <em className="bd-tab-hot">{t.unclaimedCount(props.unclaimed)}</em> : null}
        </button>
        <button
          type="button"
          role="tab"
          className={tab === 'triage' ? 'bd-tab is-on' : 'bd-tab'}
          aria-selected={tab === 'triage'}
          onClick={() => props.onTab('triage')}
        >
          {t.tabTriage} <b className="bd-tab-n">{props.triageCount}</b>
        </button>
        <span className="grow" />
        {alarmKeys === null ? (
          <span className="bd-hint">
            <kbd className="kbd">1</kbd>–<kbd className="kbd">4</kbd> {t.filterHint}
          </span>
        ) : (
          <button type="button" className="link small" onClick={() => props.onFilter(null)}>
            {alarmKeys}
          </button>
        )}
      </div>
      <div className="bd-lists">
        {pinnedIds.length + props.journal.length === 0 ? null : (
          <div className="bd-pin" role="list" aria-label={t.pinned}>
            {props.journal.map((each) => (
              <JournalRow
                key={each.alarm.id}
                row={each}
                silenced={props.silenced.has(each.alarm.id)}
                onSilence={props.onSilence}
                onPutAway={props.onPutAway}
              />
            ))}
            {pinnedIds.map((id, index) => row(id, groups.pinned.length > PINNED_FULL && index > 0))}
          </div>
        )}
        {tab === 'alarm' ? (
          <div className="bd-list" ref={list}>
            <div role="list" aria-label={t.tabAlarms}>
              {listedIds.map((id) => row(id, false))}
            </div>
            <Folded groups={groups} onFilter={props.onFilter} />
            {props.total === 0 ? <div className="bd-empty">{props.emptyNote}</div> : null}
            <div ref={spacer} />
          </div>
        ) : (
          props.triageList
        )}
      </div>
      {tab === 'alarm' && groups.shelved.length > 0 ? (
        <Shelf alarms={groups.shelved} onSelect={props.onSelect} />
      ) : null}
    </section>
  );
}

function Folded({ groups, onFilter }: { groups: Groups; onFilter: (priority: Priority) => void }) {
  const t = useText().dispatch;
  const kinds = (['P3', 'P4'] as const).filter((priority) =>
    groups.folded.some((alarm) => alarm.priority === priority),
  );
  return kinds.map((priority) => {
    const rows = groups.folded.filter((alarm) => alarm.priority === priority);
    const latest = rows.reduce((a, b) => (a.raised_at > b.raised_at ? a : b));
    const counted = new Map<string, number>();
    for (const alarm of rows) counted.set(say(alarm.headline), (counted.get(say(alarm.headline)) ?? 0) + alarm.count);
    return (
      <button key={priority} type="button" className="al al-group" onClick={() => onFilter(priority)}>
        <PriorityMark priority={priority} owned={!rows.some(isUnclaimed)} />
        <span className="al-m">
          <span className="al-kind al-kind-quiet ellipsis">
            {[...counted].map(([kind, n]) => `${kind} ${n}`).join(t.comma)}
          </span>
          <span className="al-place ellipsis">{t.latest(hourMinute(latest.raised_at), latest.where.district)}</span>
        </span>
        <span className="al-t">
          {t.unfold} <kbd className="kbd">{priority.slice(1)}</kbd>
        </span>
      </button>
    );
  });
}

function Shelf({ alarms, onSelect }: { alarms: Alarm[]; onSelect: (id: Uuid) => void }) {
  const t = useText().dispatch;
  const now = useNow();
  return (
    <div className="bd-shelf">
      <h4 className="bd-shelf-title">
        {t.shelved(alarms.length)} <span className="faint">{t.comesBack}</span>
      </h4>
      {alarms.map((alarm) => (
        <button key={alarm.id} type="button" className="bd-shelf-row" onClick={() => onSelect(alarm.id)}>
          <PriorityMark priority={alarm.priority} />
          <span className="ellipsis">{say(alarm.headline)}</span>
          <b>{span(Date.parse(alarm.shelved_until ?? alarm.raised_at) - now)}</b>
        </button>
      ))}
    </div>
  );
}
