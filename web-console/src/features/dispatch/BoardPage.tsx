// The live board: queue, work panel, record. Joins the live state, the commands, the sounds and the bands.
import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import { type Board, boardKey, callsBeyondTheSeat, emptyBoard, type Journaled, withoutJournaled } from '@/api/live';
import type { LiveSocket } from '@/api/socket';
import type { Alarm, Me, Priority, Uuid } from '@/api/types';
import { say, useText } from '@/i18n/text';
import { useCommandKeys } from '@/ui/commands';
import { failureWords } from '@/ui/failure';
import { IdleMask } from '@/ui/IdleMask';
import { LanguageSwitch, ThemeSwitch } from '@/ui/Switches';
import { mute, soundIsUnlocked } from '@/ui/sound';
import { clock, hourMinute, useNow } from '@/ui/time';
import { AlarmPanel } from './AlarmPanel';
import { AlarmQueue } from './AlarmQueue';
import { CalledBand, OfflineBand, SoundBand } from './Bands';
import { acknowledge, type BoardContext, boardCommands, claimTop, type Form, keyLabel, note } from './commands';
import { KeysOverlay } from './KeysOverlay';
import { NoteForm } from './NoteForm';
import { byUrgency, countByPriority, groupAlarms, isUnclaimed, topUnclaimed } from './order';
import { useAlarm, useBoard, useQueueItemOf } from './queries';
import { RaiseHere } from './RaiseHere';
import { StatusStrip } from './StatusStrip';
import { Timeline } from './Timeline';
import { useAlarmCommands, type Verb } from './useAlarmCommands';
import { useAlarmSounds } from './useAlarmSounds';
import { useRegions } from './useRegions';
import './board.css';
import './queue.css';
import './work.css';
import './screens.css';

export type Selection = { alarm?: Uuid; item?: Uuid; tab: 'alarm' | 'triage' };
type Triage = {
  count: number;
  list: ReactNode;
  panel: ReactNode;
  side: ReactNode;
  keys: { key: string; label: string }[];
  move: (by: 1 | -1) => void;
};
type Props = {
  me: Me;
  live: LiveSocket;
  selection: Selection;
  onSelect: (selection: Selection) => void;
  triage: Triage;
  dutyLink: ReactNode;
};

const MUTE_MS = 30_000;

export function BoardPage({ me, live, selection, onSelect, triage, dutyLink }: Props) {
  const text = useText();
  const t = text.dispatch;
  const now = useNow();
  const myId = me.account.id;
  const link = useSyncExternalStore(live.subscribe, live.state);
  const query = useBoard(link.state === 'live');
  const board = query.data ?? emptyBoard;
  const client = useQueryClient();
  const alarms = useMemo(() => Object.values(board.alarms), [board.alarms]);
  const journal = useMemo(() => byTimeRaised(board.journal), [board.journal]);
  const [silenced, setSilenced] = useState<ReadonlySet<Uuid>>(new Set());
  const [filter, setFilter] = useState<Priority | null>(null);
  const [form, setForm] = useState<Form>(null);
  const [help, setHelp] = useState(false);
  const [tested, setTested] = useState(soundIsUnlocked);
  const [testAt, setTestAt] = useState<string | null>(null);
  const [testing, setTesting] = useState(false);
  const [mutedUntil, setMutedUntil] = useState(0);
  const { flights, run, forget } = useAlarmCommands(myId);
  const noteInput = useRef<HTMLTextAreaElement>(null);
  const down = link.state === 'down';

  const selectedOpen = selection.alarm === undefined ? undefined : board.alarms[selection.alarm];
  const full = useAlarm(selection.alarm);
  // A closed alarm leaves the board, but not the panel of the one who is reading it.
  const alarm: Alarm | undefined = selectedOpen ?? (full.data?.id === selection.alarm ? full.data : undefined);
  const item = useQueueItemOf(alarm);
  const flight = alarm === undefined ? undefined : flights[alarm.id];
  const top = topUnclaimed(alarms);
  const groups = groupAlarms(alarms, filter, now);
  const called = alarms
    .filter(
      (each) =>
        isUnclaimed(each) && (each.id in board.calledFor || each.told.some((told) => callsBeyondTheSeat(told, myId))),
    )
    .sort(byUrgency)[0];

  const known = query.data !== undefined;
  useAlarmSounds({ alarms, journal, silenced, known, linkIsDown: down, tested });
  useRegions();
  const select = useCallback((id: Uuid) => onSelect({ alarm: id, tab: 'alarm' }), [onSelect]);
  const selectedId = selection.alarm;
  useEffect(() => {
    if (selectedId !== undefined) setForm(null);
  }, [selectedId]);

  const start = useCallback(
    (target: Alarm, verb: Verb, body?: Record<string, unknown>) => void run(target, verb, body),
    [run],
  );
  const claim = useCallback(
    (target: Alarm) => {
      select(target.id);
      void run(target, 'claim');
    },
    [run, select],
  );
  const presented = useCallback((id: Uuid, telling: string) => live.presented(id, telling), [live]);
  const waiting = [...alarms.filter(isUnclaimed), ...journal.map((row) => row.alarm)].filter((each) => !each.drill);
  const waitingP1 = waiting.filter((each) => each.priority === 'P1').length;
  useEffect(() => {
    document.title = [waitingP1 > 0 ? `(${waitingP1})` : '', text.common.brand, t.board].filter(Boolean).join(' ');
  }, [waitingP1, text, t]);
  const move = (by: 1 | -1) => {
    if (selection.tab === 'triage') return triage.move(by);
    const order = Array.from(
      document.querySelectorAll('#queue [data-row]'),
      (row) => row.getAttribute('data-row') ?? '',
    );
    if (order.length === 0) return;
    const at = order.indexOf(selection.alarm ?? '');
    const next = order[at === -1 ? 0 : Math.min(order.length - 1, Math.max(0, at + by))];
    if (next === undefined) return;
    select(next);
    requestAnimationFrame(() => {
      const row = document.querySelector<HTMLElement>(`#queue [data-row="${next}"]`);
      row?.focus({ preventScroll: true });
      row?.scrollIntoView({ block: 'nearest' });
    });
  };
  const context: BoardContext = {
    text,
    me: myId,
    permissions: me.permissions,
    alarm,
    top,
    busy: flight?.state === 'flying',
    run: start,
    claim,
    open: (next) => {
      if (next === 'note') noteInput.current?.focus();
      else setForm(next);
    },
    move,
    filter: (priority) => setFilter((known) => (known === priority ? null : priority)),
    mute: () => setMutedUntil(mute(MUTE_MS)),
    help: () => setHelp(true),
    otherTab: () => onSelect({ ...selection, tab: selection.tab === 'alarm' ? 'triage' : 'alarm' }),
  };
  useCommandKeys(boardCommands, context, !help);

  const lastRun = useRef(run);
  lastRun.current = run;
  const muted = Date.now() < mutedUntil;
  const shownItem = selection.item !== undefined && selection.alarm === undefined;
  const lines = full.data?.timeline ?? [];
  const line = me.tenant.helplines[0]?.number;

  return (
    <div className={down ? 'bd is-down' : 'bd'}>
      <a className="skip btn" href="#queue">
        {t.toQueue}
      </a>
      <StatusStrip
        me={me}
        link={link}
        asOf={board.asOf}
        engineAt={board.engineAt}
        counts={countByPriority(alarms)}
        shelved={groups.shelved.length}
        drills={alarms.filter((each) => each.drill).length}
        flood={groups.flood}
        lately={groups.lately}
        pageIsOld={board.pageIsOld}
        soundBad={!tested || muted}
        soundWords={
          !tested
            ? t.soundUntested
            : muted
              ? t.mutedFor(Math.ceil((mutedUntil - Date.now()) / 1000))
              : testAt === null
                ? t.soundOn
                : t.soundTestedAt(testAt)
        }
        onSound={() => setTesting(true)}
      />
      <div className="bands">
        <OfflineBand link={link} asOf={board.asOf} line={line} />
        <CalledBand alarm={called} onOpen={(each) => select(each.id)} />
        {tested && !testing ? null : (
          <SoundBand
            onPassed={() => {
              setTested(true);
              setTesting(false);
              setTestAt(hourMinute(Date.now()));
            }}
            onLater={tested ? () => setTesting(false) : null}
          />
        )}
        {query.isError && !down ? (
          <div className="band band-ink" role="alert">
            <b className="band-title">{t.listNotUpdated}</b>
            <span className="grow">
              {failureWords(query.error, text)} {board.asOf === 0 ? '' : t.notSeenAfter(clock(board.asOf))}
            </span>
            <button type="button" className="btn" onClick={() => void query.refetch()}>
              {text.common.tryAgain}
            </button>
          </div>
        ) : null}
      </div>
      <main className="bd-main">
        <AlarmQueue
          groups={groups}
          journal={journal}
          silenced={silenced}
          total={alarms.length + journal.length}
          unclaimed={waiting.length}
          me={myId}
          selected={selection.alarm}
          called={called?.id}
          top={top?.id}
          mayClaim={me.permissions.includes('alarm_claim')}
          flights={flights}
          frozen={down}
          filter={filter}
          tab={selection.tab}
          triageCount={triage.count}
          triageList={triage.list}
          emptyNote={<EmptyNote loading={query.data === undefined && !query.isError} asOf={board.asOf} />}
          onTab={(tab) => onSelect({ ...selection, tab })}
          onFilter={setFilter}
          onSelect={select}
          onClaim={claim}
          onPresented={presented}
          onSilence={(id) => setSilenced((seen) => new Set(seen).add(id))}
          onPutAway={(id) => client.setQueryData<Board>(boardKey, (shown) => withoutJournaled(shown ?? emptyBoard, id))}
        />
        <section className="bd-work" id="work" aria-label={t.workPanel} tabIndex={-1}>
          <IdleMask>
            {shownItem ? (
              triage.panel
            ) : alarm === undefined ? (
              <div className="bd-empty bd-pick">
                <b className="box-title">
                  {selection.alarm === undefined
                    ? t.pickOne
                    : full.isError
                      ? failureWords(full.error, text)
                      : text.common.loading}
                </b>
                {selection.alarm === undefined ? t.pickHow : ''}
              </div>
            ) : (
              <AlarmPanel
                alarm={alarm}
                full={full.data?.id === alarm.id ? full.data : undefined}
                fullError={full.error}
                item={item.data}
                itemError={item.error}
                context={context}
                flight={flight}
                form={form}
                onForm={(next) => {
                  forget(alarm.id);
                  setForm(next);
                }}
                onRun={(verb, body) => run(alarm, verb, body)}
                onItem={(id) => onSelect({ item: id, tab: 'triage' })}
              />
            )}
          </IdleMask>
        </section>
        <section className="bd-side" id="record" aria-label={t.record} tabIndex={-1}>
          <IdleMask>
            {shownItem ? (
              triage.side
            ) : (
              <>
                <h2 className="side-head">
                  {t.record} <small className="faint">{alarm === undefined ? '' : t.onlyGrows(lines.length)}</small>
                </h2>
                {alarm === undefined ? (
                  <p className="bd-empty">{t.recordEmpty}</p>
                ) : (
                  <>
                    <Timeline
                      lines={lines}
                      raisedAt={alarm.raised_at}
                      flight={flight?.verb === 'note' || flight?.state === 'flying' ? flight : undefined}
                      me={me.account.name}
                      failed={full.isError}
                    />
                    <NoteForm
                      key={alarm.id}
                      alarm={alarm}
                      busy={context.busy}
                      input={noteInput}
                      onSave={(words) => lastRun.current(alarm, 'note', { text: words })}
                    />
                  </>
                )}
              </>
            )}
          </IdleMask>
          <RaiseHere />
        </section>
      </main>
      <footer className="bd-foot">
        <span className="bd-keys">
          {[claimTop, acknowledge, note].map((command) => (
            <span key={command.id} className="bd-key">
              <kbd className="kbd">{keyLabel(command, text)}</kbd>
              {command.label(context)}
            </span>
          ))}
          <span className="bd-key">
            <kbd className="kbd">↑</kbd>
            <kbd className="kbd">↓</kbd>
            {t.upDown}
          </span>
          <span className="bd-key">
            <kbd className="kbd">M</kbd>
            {t.mute}
          </span>
          <button type="button" className="bd-key bd-key-btn" onClick={() => setHelp(true)}>
            <kbd className="kbd">?</kbd>
            {t.allKeys}
          </button>
        </span>
        <span className="grow" />
        {me.tenant.fictional ? (
          <span className="drill fictional">{text.common.fictionalCity(me.tenant.name)}</span>
        ) : null}
        {dutyLink}
        <LanguageSwitch />
        <ThemeSwitch />
      </footer>
      <Announcer alarms={alarms} journal={journal} known={known} />
      {help ? <KeysOverlay context={context} extra={triage.keys} onClose={() => setHelp(false)} /> : null}
    </div>
  );
}

function byTimeRaised(journal: Board['journal']): Journaled[] {
  return Object.values(journal).sort((a, b) => Date.parse(a.alarm.raised_at) - Date.parse(b.alarm.raised_at));
}

function EmptyNote({ loading, asOf }: { loading: boolean; asOf: number }) {
  const text = useText();
  if (loading) return <p aria-busy="true">{text.common.loading}</p>;
  return (
    <>
      <b className="box-title">{text.dispatch.noOpenAlarms}</b>
      {asOf === 0 ? '' : text.dispatch.asOf(clock(asOf))}
    </>
  );
}

/** Spoken to a screen reader: P1 at once, P2 when there is a pause, nothing else. Timers are never spoken. */
function Announcer({ alarms, journal, known }: { alarms: Alarm[]; journal: Journaled[]; known: boolean }) {
  const t = useText().dispatch;
  const seen = useRef<Set<string> | null>(null);
  const [words, setWords] = useState<{ P1: string; P2: string }>({ P1: '', P2: '' });
  useEffect(() => {
    if (!known) return;
    const before = seen.current;
    const shown = [
      ...journal.map((row) => row.alarm),
      ...alarms.map((alarm) => ({ ...alarm, place: alarm.where.district })),
    ];
    seen.current = new Set(shown.map((alarm) => alarm.id));
    if (before === null) return;
    for (const { id, priority, place, headline, drill } of shown) {
      if (before.has(id) || drill || (priority !== 'P1' && priority !== 'P2')) continue;
      const spoken = [t.priorityWords[priority], place, say(headline)].filter(Boolean).join(t.comma);
      setWords((old) => ({ ...old, [priority]: spoken }));
    }
  }, [alarms, journal, known, t]);
  return (
    <>
      <div className="sr-only" aria-live="assertive">
        {words.P1}
      </div>
      <div className="sr-only" aria-live="polite">
        {words.P2}
      </div>
    </>
  );
}
