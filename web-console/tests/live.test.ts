// The live board: events in order, duplicates dropped, gaps noticed, snapshots replacing only their own stream.
import { describe, expect, it } from 'vitest';
import { applyFrame, type Board, emptyBoard, withAlarm, withoutJournaled } from '@/api/live';
import type { Alarm, EventBody, JournalAlarm, ServerFrame } from '@/api/types';

const ME = 'account-me';

function alarm(id: string, more: Partial<Alarm> = {}): Alarm {
  return {
    id,
    version: 1,
    number: 417,
    state: 'raised',
    priority: 'P1',
    kind: 'button',
    headline: { zh: '一键报警', en: 'Alarm' },
    who: null,
    where: { org_id: 'o', org_name: '', district_id: 'd', district: '', place: null, address: null },
    why: [],
    policy: 'default@1.0.0',
    second_person_for: [],
    reason: 'button',
    claim_due_at: null,
    count: 1,
    last_press_at: '2026-11-21T02:14:20Z',
    raised_at: '2026-11-21T02:14:20Z',
    escalation_step: 0,
    told: [],
    raised_by: null,
    presented_at: null,
    next_step: null,
    claimed: null,
    acknowledged: null,
    retry_at: null,
    close_asked: null,
    shelved_until: null,
    returned_at: null,
    closed: null,
    queue_item_id: null,
    screening_id: null,
    drill: false,
    ...more,
  };
}
const snapshot = (stream: string, seq: number, alarms: Alarm[], epoch = 1): ServerFrame => ({
  t: 'snapshot',
  stream,
  epoch,
  seq,
  alarms,
  queue: [],
});
const event = (
  seq: number,
  body: EventBody,
  more: { type?: string; stream?: string; epoch?: number } = {},
): ServerFrame => ({
  t: 'ev',
  stream: more.stream ?? 'district:1',
  epoch: more.epoch ?? 1,
  seq,
  type: more.type ?? 'alarm.raised',
  at: '2026-11-21T02:14:30Z',
  body,
});
const heads = (seq: number): ServerFrame => ({
  t: 'heads',
  now: '2026-11-21T02:14:35Z',
  heads: { 'district:1': { epoch: 1, seq } },
  engine_at: '2026-11-21T02:14:34Z',
});

function play(...frames: ServerFrame[]): { board: Board; resumes: number; news: string[] } {
  let board = emptyBoard;
  let resumes = 0;
  const news: string[] = [];
  for (const frame of frames) {
    const applied = applyFrame(board, frame, ME, 1);
    board = applied.board;
    resumes += applied.resume ? 1 : 0;
    news.push(...applied.news.map((each) => each.type));
  }
  return { board, resumes, news };
}

describe('the live board', () => {
  it('starts from a snapshot and follows events in order', () => {
    const { board, resumes } = play(snapshot('district:1', 4, [alarm('a')]), event(5, { alarm: alarm('b') }));
    expect(Object.keys(board.alarms)).toEqual(['a', 'b']);
    expect(board.cursors['district:1']?.seq).toBe(5);
    expect(resumes).toBe(0);
  });

  it('drops a duplicate without news', () => {
    const { news, board } = play(
      snapshot('district:1', 4, []),
      event(5, { alarm: alarm('a', { version: 2 }) }),
      event(5, { alarm: alarm('a', { version: 1 }) }),
      event(4, { alarm: alarm('z') }),
    );
    expect(news).toEqual(['alarm.raised']);
    expect(board.alarms.a?.version).toBe(2);
    expect(board.alarms.z).toBeUndefined();
  });

  it('asks for a resume at a gap and applies nothing after it until the gap is filled', () => {
    const { board, resumes } = play(snapshot('district:1', 4, []), event(6, { alarm: alarm('late') }));
    expect(resumes).toBe(1);
    expect(board.alarms.late).toBeUndefined();
    const filled = [event(5, { alarm: alarm('missed') }), event(6, { alarm: alarm('late') })].reduce(
      (known, frame) => applyFrame(known, frame, ME, 2).board,
      board,
    );
    expect(Object.keys(filled.alarms)).toEqual(['missed', 'late']);
  });

  it('asks for a resume when the epoch has changed', () => {
    expect(play(snapshot('district:1', 4, []), event(1, { alarm: alarm('a') }, { epoch: 2 })).resumes).toBe(1);
  });

  it('notices a silent loss by the heads, but not at the first beat', () => {
    expect(play(snapshot('district:1', 4, []), heads(5)).resumes).toBe(0);
    expect(play(snapshot('district:1', 4, []), heads(5), heads(5)).resumes).toBe(1);
    expect(play(snapshot('district:1', 4, []), heads(5), event(5, { alarm: alarm('a') }), heads(5)).resumes).toBe(0);
  });

  it('replaces by a snapshot only what the same stream had said', () => {
    const { board } = play(
      snapshot('district:1', 4, [alarm('gone'), alarm('stays')]),
      snapshot('district:2', 9, [alarm('elsewhere')]),
      snapshot('district:1', 7, [alarm('stays')]),
    );
    expect(Object.keys(board.alarms).sort()).toEqual(['elsewhere', 'stays']);
  });

  it('takes a closed alarm off the board', () => {
    const { board } = play(
      snapshot('district:1', 4, [alarm('a')]),
      event(5, { alarm: alarm('a', { version: 2, state: 'closed' }) }, { type: 'alarm.closed' }),
    );
    expect(board.alarms.a).toBeUndefined();
  });

  it('never goes back to an older version, whatever the way it came', () => {
    const { board } = play(
      snapshot('district:1', 4, [alarm('a', { version: 5, state: 'claimed' })]),
      event(5, { alarm: alarm('a', { version: 4 }) }),
    );
    expect(board.alarms.a?.state).toBe('claimed');
  });

  it('knows when the policy calls this account, not when a seat is told, and forgets once somebody has it', () => {
    const told = (post: string) => ({ account_id: ME, post });
    const raised = play(
      snapshot('district:1', 4, [alarm('a')]),
      event(5, { alarm: alarm('a', { version: 2 }), told: told('seat_dispatcher') }, { type: 'alarm.told' }),
    ).board;
    expect(raised.calledFor).toEqual({});
    const called = applyFrame(
      raised,
      event(6, { alarm: alarm('a', { version: 3 }), told: told('duty_lead') }, { type: 'alarm.told' }),
      ME,
      2,
    ).board;
    expect(called.calledFor.a?.post).toBe('duty_lead');
    const claimed = event(7, { alarm: alarm('a', { version: 4, state: 'claimed' }) }, { type: 'alarm.claimed' });
    expect(applyFrame(called, claimed, ME, 3).board.calledFor).toEqual({});
  });
});

describe('an alarm while the database is away', () => {
  const inJournal = (id: string, more: Partial<JournalAlarm> = {}): ServerFrame => ({
    t: 'local_alarm',
    alarm: {
      id,
      kind: 'button',
      priority: 'P1',
      headline: { zh: '一键报警', en: 'Alarm' },
      place: '3 栋 2 单元',
      org_id: null,
      person_id: null,
      raised_at: '2026-11-21T02:14:20Z',
      raised_by: { id: 'w', name: '林晓' },
      drill: false,
      ...more,
    },
  });
  const kept = (id: string, alarm_id = id): ServerFrame => ({ t: 'local_alarm_kept', id, alarm_id });
  const welcome: ServerFrame = { t: 'welcome', now: '2026-11-21T02:14:30Z', account_id: ME };
  const then = (board: Board, frame: ServerFrame, at: number) => applyFrame(board, frame, ME, at).board;

  it('stands on the board at once, and once however often it is said', () => {
    const { board } = play(snapshot('district:1', 4, []), inJournal('a'), inJournal('a'));
    expect(Object.values(board.journal)).toMatchObject([{ alarm: { priority: 'P1', place: '3 栋 2 单元' } }]);
    expect(board.alarms).toEqual({});
  });

  it('stays in sight after it was kept, until its own row has come', () => {
    const { board } = play(snapshot('district:1', 4, []), inJournal('a'), kept('a'));
    expect(board.journal.a?.kept).toEqual({ as: 'a', at: 1 });
    const real = then(board, event(5, { alarm: alarm('a') }), 2);
    expect([real.journal, Object.keys(real.alarms)]).toEqual([{}, ['a']]);
  });

  it('gives way to the alarm it joined, whichever of the two words comes first', () => {
    const joins = play(snapshot('district:1', 4, [alarm('open')]), inJournal('a'), kept('a', 'open')).board;
    expect([joins.journal, Object.keys(joins.alarms)]).toEqual([{}, ['open']]);
    const before = play(snapshot('district:1', 4, []), inJournal('a'), kept('a', 'other')).board;
    expect(then(before, snapshot('district:1', 9, [alarm('other')]), 2).journal).toEqual({});
    expect(withAlarm(before, alarm('other', { state: 'closed' })).journal).toEqual({});
  });

  it('leaves a board to which its row never comes, two seconds after it was kept', () => {
    const { board } = play(snapshot('district:1', 4, []), inJournal('a'), kept('a', 'of-another-district'));
    expect(then(board, heads(4), 1_000).journal.a).toBeDefined();
    expect(then(board, heads(4), 2_001).journal).toEqual({});
    expect(then(play(inJournal('waits')).board, heads(4), 60_000).journal.waits).toBeDefined();
  });

  it('says after a lost line that it is not known, and goes only when a person puts it away', () => {
    const { board } = play(inJournal('a'), welcome, snapshot('district:1', 9, []), heads(9));
    expect(board.journal.a?.lineWasLost).toBe(true);
    expect(withoutJournaled(board, 'a').journal).toEqual({});
  });

  it('is not shown beside its real row', () => {
    expect(play(snapshot('district:1', 4, [alarm('a')]), inJournal('a')).board.journal).toEqual({});
  });
});

it('outlives frames of a newer server and says that this page is older', () => {
  const unknown = { t: 'incident', id: 'x' } as unknown as ServerFrame;
  const { board, resumes } = play(snapshot('district:1', 4, [alarm('a')]), unknown, event(5, { alarm: alarm('b') }));
  expect(Object.keys(board.alarms)).toEqual(['a', 'b']);
  expect([board.pageIsOld, resumes]).toEqual([true, 0]);
  expect(play(snapshot('district:1', 4, [])).board.pageIsOld).toBe(false);
});
