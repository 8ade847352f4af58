// The board: order of alarms, order that holds still, commands that lose no intent, keys that belong to one command.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { LiveSocket } from '@/api/socket';
import type { Alarm, ClientFrame } from '@/api/types';
import { boardCommands } from '@/features/dispatch/commands';
import { fuseShare, groupAlarms, lastTelling, topUnclaimed } from '@/features/dispatch/order';
import { stillMeant } from '@/features/dispatch/useAlarmCommands';
import { triageCommands } from '@/features/triage/commands';
import { countedItems } from '@/ui/CountedAnswers';
import { commandFor, defineCommands } from '@/ui/commands';
import { heldOrder } from '@/ui/heldOrder';

const NOW = Date.parse('2026-11-21T02:14:30Z');
function alarm(id: string, more: Partial<Alarm> = {}): Alarm {
  return {
    id,
    version: 1,
    number: 417,
    state: 'raised',
    priority: 'P2',
    kind: 'button',
    headline: { zh: '', en: '' },
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

describe('order of alarms', () => {
  it('pins P1, lists the rest by who has nobody, folds P4, shelves what is shelved', () => {
    const groups = groupAlarms(
      [
        alarm('p4', { priority: 'P4' }),
        alarm('owned', { state: 'claimed' }),
        alarm('open'),
        alarm('p1', { priority: 'P1' }),
        alarm('drill', { priority: 'P1', drill: true }),
        alarm('shelved', { shelved_until: '2026-11-21T02:20:00Z' }),
      ],
      null,
      NOW,
    );
    expect(groups.pinned.map((each) => each.id)).toEqual(['p1']);
    expect(groups.listed.map((each) => each.id)).toEqual(['drill', 'open', 'owned']);
    expect(groups.folded.map((each) => each.id)).toEqual(['p4']);
    expect(groups.shelved.map((each) => each.id)).toEqual(['shelved']);
  });

  it('lets the space bar take a real alarm before a drill, and the longest waiting of the most urgent', () => {
    const alarms = [
      alarm('drill', { priority: 'P1', drill: true }),
      alarm('younger', { raised_at: '2026-11-21T02:14:25Z' }),
      alarm('older'),
    ];
    expect(topUnclaimed(alarms)?.id).toBe('older');
    expect(topUnclaimed([alarm('mine', { state: 'acknowledged' })])).toBeUndefined();
  });

  it('counts a flood from ten alarms in ten minutes, and then folds P3', () => {
    const many = Array.from({ length: 10 }, (_, n) => alarm(`p3-${n}`, { priority: 'P3' }));
    expect(groupAlarms(many, null, NOW)).toMatchObject({ flood: true, listed: [] });
  });

  it('burns the fuse from the last step to the next', () => {
    const burning = alarm('a', { next_step: { at: '2026-11-21T02:14:35Z', who: { zh: '', en: '' } } });
    expect(fuseShare(burning, NOW)).toBeCloseTo(1 / 3);
    expect(fuseShare({ ...burning, state: 'claimed' }, NOW)).toBeNull();
  });
});

describe('receipts', () => {
  const told = (account_id: string, at: string, post = 'seat_dispatcher') => ({
    account_id,
    name: '',
    post,
    at,
    receipt_at: '2026-11-21T02:14:22Z',
  });
  const first = alarm('a', { told: [told('me', '2026-11-21T02:14:21Z'), told('other', '2026-11-21T02:14:21Z')] });

  it('answers each telling anew, though the same people stand in the list', () => {
    const again = alarm('a', { told: [told('other', '2026-11-21T02:14:21Z'), told('me', '2026-11-21T02:16:00.25Z')] });
    const [before, after] = [lastTelling(first, 'me'), lastTelling(again, 'me')];
    expect(after).not.toBe(before);
    const asLead = { ...again, told: [...again.told, told('me', '2026-11-21T02:16:00.5Z', 'duty_lead')] };
    expect(lastTelling(asLead, 'me')).not.toBe(after);
  });
  it('says nothing again when only somebody else was told', () => {
    const others = { ...first, told: [...first.told, told('lead', '2026-11-21T02:14:40Z', 'duty_lead')] };
    expect(lastTelling(others, 'me')).toBe(lastTelling(first, 'me'));
    expect(lastTelling(others, 'a-screen-nobody-told')).toBe(lastTelling(first, 'a-screen-nobody-told'));
  });
  it('goes out once for each telling, when there is a line', async () => {
    const { sent, socket } = await connected();
    for (const alarmOnScreen of [first, first, { ...first, told: [told('me', '2026-11-21T02:16:00Z')] }])
      socket.presented('a', lastTelling(alarmOnScreen, 'me'));
    expect(sent.filter((frame) => frame.t === 'presented')).toHaveLength(2);
    socket.stop();
  });
});

/** A live socket on a line that takes everything. */
async function connected(): Promise<{ sent: ClientFrame[]; socket: LiveSocket }> {
  const sent: ClientFrame[] = [];
  class Line {
    static OPEN = 1;
    readyState = 1;
    onopen = () => {};
    onmessage = (_: { data: string }) => {};
    onclose = () => {};
    constructor() {
      queueMicrotask(() => {
        this.onopen();
        this.onmessage({ data: JSON.stringify({ t: 'welcome', now: '2026-11-21T02:14:30Z', account_id: 'me' }) });
      });
    }
    send(text: string) {
      sent.push(JSON.parse(text));
    }
    close() {}
  }
  vi.stubGlobal('WebSocket', Line);
  vi.stubGlobal('location', { protocol: 'http:', host: 'xindeng' });
  vi.stubGlobal('addEventListener', () => {});
  vi.stubGlobal('removeEventListener', () => {});
  const socket = new LiveSocket({ ticket: async () => 'ticket', cursors: () => [], onFrame: () => {} });
  socket.start();
  await expect.poll(() => socket.state().state).toBe('live');
  return { sent, socket };
}
afterEach(() => vi.unstubAllGlobals());

describe('order that holds still', () => {
  it('is free to change at rest', () => {
    expect(heldOrder(['a', 'b'], ['c', 'b', 'a'], false)).toEqual(['c', 'b', 'a']);
  });
  it('keeps known rows in place and puts new ones above', () => {
    expect(heldOrder(['a', 'b', 'c'], ['c', 'new', 'a', 'b'], true)).toEqual(['new', 'a', 'b', 'c']);
  });
  it('lets go of rows that are gone', () => {
    expect(heldOrder(['a', 'b', 'c'], ['c', 'a'], true)).toEqual(['a', 'c']);
  });
});

describe('commands', () => {
  it('gives no key to two commands of one registry', () => {
    expect(() =>
      defineCommands([
        { id: 'one', label: () => '', keys: ['a'], may: () => true, run: () => {} },
        { id: 'two', label: () => '', keys: ['a'], may: () => true, run: () => {} },
      ]),
    ).toThrow(/one/);
  });

  it('has no triage key that would do something else to an alarm at the same time', () => {
    // Board commands that act on an alarm are refused while an item is selected; the others must not share a key.
    const general = boardCommands.filter(
      (command) =>
        !['acknowledge', 'note', 'escalate', 'cannot-reach', 'release', 'shelve', 'close'].includes(command.id),
    );
    const taken = new Set(general.flatMap((command) => command.keys));
    for (const command of triageCommands) for (const key of command.keys) expect(taken.has(key)).toBe(false);
  });

  const press = (key: string, tagName = 'BODY', more = {}) =>
    commandFor(boardCommands, {
      key,
      isComposing: false,
      ctrlKey: false,
      metaKey: false,
      altKey: false,
      repeat: false,
      target: { tagName } as unknown as EventTarget,
      ...more,
    })?.id;

  it('reads single keys only outside text, never while composing', () => {
    expect(press('a')).toBe('acknowledge');
    expect(press('A')).toBe('acknowledge');
    expect(press('a', 'TEXTAREA')).toBeUndefined();
    expect(press('a', 'BODY', { isComposing: true })).toBeUndefined();
    expect(press('a', 'BODY', { ctrlKey: true })).toBeUndefined();
  });
  it('leaves the space bar to a button that has focus', () => {
    expect(press(' ')).toBe('claim-top');
    expect(press(' ', 'BUTTON')).toBeUndefined();
  });

  it('keeps an intent when something beside the point changed, and drops it when somebody else was faster', () => {
    expect(stillMeant(alarm('a', { version: 3 }), 'claim', 'me')).toBe(true);
    const taken = alarm('a', {
      state: 'claimed',
      claimed: { by_id: 'other', by: '李娜', at: '2026-11-21T02:14:29Z', until: '2026-11-21T02:15:29Z' },
    });
    expect(stillMeant(taken, 'claim', 'me')).toBe(false);
    expect(stillMeant(taken, 'acknowledge', 'me')).toBe(false);
    expect(stillMeant(taken, 'note', 'me')).toBe(true);
    expect(stillMeant(taken, 'close', 'me')).toBe(false);
  });
});

it('finds the answers among the inputs of reasons, once each', () => {
  const reason = (inputs: Record<string, number>) => ({ row: 'r', text: { zh: '', en: '' }, source: '', inputs });
  expect(
    countedItems([reason({ 'phq9.q9': 2, 'phq9.total': 13 }), reason({ 'phq9.q9': 2, 'c_ssrs_screener.q6a': 1 })]),
  ).toEqual([
    { code: 'phq9', id: 'q9', value: 2 },
    { code: 'c_ssrs_screener', id: 'q6a', value: 1 },
  ]);
});
