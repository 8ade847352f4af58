// Today's list: who first, who today, and where each finished record is. Rows never change places by themselves.
import type { UseQueryResult } from '@tanstack/react-query';
import { useState, useSyncExternalStore } from 'react';
import { serverNow } from '@/api/clock';
import type { Entry } from '@/api/outbox';
import { currentReach, subscribeReach } from '@/api/reach';
import type { Session } from '@/api/session';
import type { Target, Worklist } from '@/api/types';
import { useText } from '@/i18n/text';
import { failureWords } from '@/ui/failure';
import { Icon } from '@/ui/Icon';
import { dayLabel, hourMinute, localDay, useNow } from '@/ui/time';
import { AlarmBar } from './AlarmBar';
import { ClockBand } from './ClockBand';
import type { FieldView } from './FieldApp';
import { FieldNav } from './FieldNav';
import { DoneRow, TodoRow } from './ListRows';
import { sortTargets } from './listOrder';
import { NetworkBand } from './NetworkBand';
import type { Kept, Toolbox } from './queries';
import type { FieldSettings } from './settings';
import type { Visits } from './useVisits';

type Props = {
  session: Session;
  worklist: UseQueryResult<Kept<Worklist>>;
  toolbox: Toolbox | undefined;
  entries: readonly Entry[];
  visits: Visits;
  settings: FieldSettings;
  onSettings: (next: Partial<FieldSettings>) => void;
  onView: (view: FieldView) => void;
  onUpdate: (() => void) | null;
  onStart: (target: Target) => void;
  onAlarm: () => Promise<Entry | undefined>;
};
type Tab = 'today' | 'overdue' | 'done';

export function ListPage(props: Props) {
  const { session, worklist, entries, visits } = props;
  const text = useText();
  const [tab, setTab] = useState<Tab>('today');
  const [search, setSearch] = useState('');
  const reach = useSyncExternalStore(subscribeReach, currentReach);
  useNow();
  const today = localDay(serverNow());
  const kept = worklist.data;
  const parts = sortTargets(kept?.value.targets ?? [], entries, today, search);
  const count = parts.overdue.length + parts.today.length + parts.done.length;
  const helpline = (kept?.value.helplines ?? session.me.tenant.helplines)[0];
  const rowProps = { visits, toolbox: props.toolbox, onStart: props.onStart };

  return (
    <div className={props.settings.largeList ? 'fd fd-large' : 'fd'}>
      <header className="fd-head">
        <Icon name="lamp" />
        <div className="grow">
          <h1 className="fd-title">{session.me.account.roles[0]?.org_name ?? text.screening.fieldTitle}</h1>
          <p className="muted">
            {session.me.account.name}
            {text.common.dot}
            {dayLabel(serverNow())}
          </p>
        </div>
        {session.me.tenant.fictional ? (
          <span className="drill fictional">{text.common.fictionalCity(session.me.tenant.name)}</span>
        ) : null}
        <button
          type="button"
          className={props.settings.largeList ? 'btn on' : 'btn'}
          aria-pressed={props.settings.largeList}
          onClick={() => props.onSettings({ largeList: !props.settings.largeList })}
        >
          <Icon name="type" />
          {text.screening.largeText}
        </button>
      </header>
      <NetworkBand
        ended={session.ended}
        reach={reach}
        entries={entries}
        onShow={() => props.onView('upload')}
        onUpdate={props.onUpdate}
      />
      <ClockBand />
      <div className="fd-find">
        <label className="fd-search">
          <Icon name="search" />
          <span className="sr-only">{text.screening.search}</span>
          <input
            className="fd-search-input"
            type="search"
            placeholder={text.screening.search}
            value={search}
            onChange={(event) => setSearch(event.target.value)}
          />
        </label>
      </div>
      <div className="fd-tabs" role="tablist">
        <TabButton on={tab === 'today'} onClick={() => setTab('today')} label={text.screening.tabToday} count={count} />
        <TabButton
          on={tab === 'overdue'}
          onClick={() => setTab('overdue')}
          label={text.screening.tabOverdue}
          count={parts.overdue.length}
          loud
        />
        <TabButton
          on={tab === 'done'}
          onClick={() => setTab('done')}
          label={text.screening.tabDone}
          count={parts.done.length}
        />
      </div>
      <main className="fd-main">
        <ListState worklist={worklist} count={count} search={search} />
        {tab !== 'done' && parts.overdue.length > 0 ? (
          <>
            <SectionHead
              title={text.screening.first}
              count={text.screening.overduePeople(parts.overdue.length)}
              note={text.screening.orderFixed}
            />
            <div className="fd-card">
              {parts.overdue.map((target, index) => (
                <TodoRow key={target.id} target={target} primary={index === 0} {...rowProps} />
              ))}
            </div>
          </>
        ) : null}
        {tab === 'today' && parts.today.length > 0 ? (
          <>
            <SectionHead
              title={text.screening.today}
              count={text.screening.peopleLeft(parts.today.length)}
              note={kept === undefined ? '' : text.screening.listAsOf(hourMinute(kept.value.as_of ?? kept.kept_at))}
            />
            <div className="fd-card">
              {parts.today.map((target, index) => (
                <TodoRow
                  key={target.id}
                  target={target}
                  primary={parts.overdue.length === 0 && index === 0}
                  {...rowProps}
                />
              ))}
            </div>
          </>
        ) : null}
        {tab !== 'overdue' && parts.done.length > 0 ? (
          <>
            <SectionHead
              title={text.screening.doneToday}
              count={text.screening.people(parts.done.length)}
              note={text.screening.whereEachIs}
            />
            <div className="fd-card">
              {parts.done.map((done) => (
                <DoneRow key={done.key} done={done} offline={!reach.reached} onFix={() => props.onView('upload')} />
              ))}
            </div>
          </>
        ) : null}
      </main>
      <footer className="fd-foot">
        <AlarmBar entries={entries} helpline={helpline} onAlarm={props.onAlarm} />
        <FieldNav view="list" entries={entries} onView={props.onView} />
      </footer>
    </div>
  );
}

function TabButton(props: { on: boolean; label: string; count: number; loud?: boolean; onClick: () => void }) {
  return (
    <button
      type="button"
      role="tab"
      aria-selected={props.on}
      className={props.on ? 'fd-tab is-on' : 'fd-tab'}
      onClick={props.onClick}
    >
      {props.label} <b className={props.loud && props.count > 0 ? 'fd-tab-loud' : undefined}>{props.count}</b>
    </button>
  );
}

function SectionHead({ title, count, note }: { title: string; count: string; note: string }) {
  return (
    <h2 className="fd-section">
      <b>{title}</b>
      {count}
      <span className="end">{note}</span>
    </h2>
  );
}

function ListState({
  worklist,
  count,
  search,
}: {
  worklist: UseQueryResult<Kept<Worklist>>;
  count: number;
  search: string;
}) {
  const text = useText();
  if (worklist.isError) {
    return (
      <div className="fd-card fd-note" role="status">
        <b className="box-title">{text.screening.listFailed}</b>
        {worklist.data === undefined
          ? [failureWords(worklist.error, text), text.screening.firstPull].join(text.common.listComma)
          : text.screening.listFailedOld(hourMinute(worklist.data.kept_at))}
        <button type="button" className="btn" onClick={() => void worklist.refetch()}>
          {text.common.tryAgain}
        </button>
      </div>
    );
  }
  if (worklist.data === undefined) {
    return (
      <p className="fd-note muted" aria-busy="true">
        {text.common.loading}
      </p>
    );
  }
  if (count > 0) return null;
  return (
    <div className="fd-card fd-note">
      <b className="box-title">
        {search.trim() === '' ? text.screening.emptyList : text.screening.noMatch(search.trim())}
      </b>
      {search.trim() === '' ? text.screening.emptyListWhy : null}
    </div>
  );
}
