// What the tablet owes the server: sealed, retried until a receipt, kept when refused, alive after a crash.
import 'fake-indexeddb/auto';
import { describe, expect, it, vi } from 'vitest';
import { clockError, inServerTime, sawDate, serverNow } from '@/api/clock';
import { Refused, Unreached } from '@/api/http';
import { type Entry, type NewEntry, Outbox, sentAt, waitMs } from '@/api/outbox';
import { SealedStore } from '@/api/sealed';
import { timeIn, type Visit } from '@/features/screening/visit';

const answers: NewEntry = {
  what: 'screening',
  subject: 's1',
  path: '/screenings/s1',
  body: { answers: { q1: 3, q9: 2 } },
  label: '王秀英',
};
const alarm: NewEntry = {
  what: 'alarm',
  subject: 'a1',
  path: '/alarms/a1',
  body: { kind: 'screening' },
  label: '王秀英',
};
const refusal = (status: number, kind: string) =>
  new Refused({
    type: `/problems/${kind}`,
    title: 'no',
    status,
    errors: [{ field: 'person_id', reason: 'not this person' }],
  });

let databases = 0;
async function fresh() {
  databases += 1;
  const name = `test-${databases}`;
  return { name, store: await SealedStore.open('account-1', name) };
}

function server() {
  const seen: string[] = [];
  const state: { answer: () => unknown } = { answer: () => ({ receipt: '8F2C', received_at: '2026-11-21T02:14:28Z' }) };
  const transport = async ({ path }: Pick<Entry, 'path'>) => {
    seen.push(path);
    const body = state.answer();
    if (body instanceof Error) throw body;
    return { body, status: 201 };
  };
  return { seen, state, transport };
}

describe('the outbox', () => {
  it('keeps answers until there is a receipt, then forgets the answers and keeps the receipt', async () => {
    const { store } = await fresh();
    const { state, transport } = server();
    let now = 1_000_000;
    const outbox = new Outbox(store, { transport, now: () => now, random: () => 0.5, timers: false });
    state.answer = () => new Unreached('network');
    await outbox.add(answers);
    await outbox.flush();
    expect(outbox.find('screening', 's1')).toMatchObject({ state: 'waiting', body: answers.body });
    state.answer = () => ({ receipt: '8F2C', received_at: '2026-11-21T02:14:28Z' });
    now += 120_000;
    await outbox.flush();
    expect(outbox.find('screening', 's1')).toMatchObject({ state: 'received', receipt: '8F2C', body: null });
  });

  it('does not try again before its time, and waits longer each time', async () => {
    const { store } = await fresh();
    const { seen, state, transport } = server();
    let now = 1_000_000;
    const outbox = new Outbox(store, { transport, now: () => now, random: () => 0.5, timers: false });
    state.answer = () => new Unreached('network');
    await outbox.add(answers);
    await outbox.flush();
    await outbox.flush();
    expect(seen).toHaveLength(1);
    now += waitMs('screening', 1, 0.5);
    await outbox.flush();
    expect(seen).toHaveLength(2);
    expect(waitMs('screening', 2, 0.5)).toBe(2 * waitMs('screening', 1, 0.5));
    expect(waitMs('screening', 40, 0.5)).toBe(60_000);
  });

  it('retries an alarm every two seconds however often it failed', () => {
    expect([1, 5, 50].map((tries) => waitMs('alarm', tries, 0.9))).toEqual([2000, 2000, 2000]);
  });

  it('keeps the answers of what the server refuses, with the reason', async () => {
    const { store } = await fresh();
    const { state, transport } = server();
    const outbox = new Outbox(store, { transport, timers: false });
    state.answer = () => refusal(422, 'invalid');
    await outbox.add(answers);
    await outbox.flush();
    const entry = outbox.find('screening', 's1');
    expect(entry).toMatchObject({ state: 'refused', body: answers.body });
    expect(entry?.refusal?.errors?.[0]?.reason).toBe('not this person');
  });

  it('does not take an ended session for a refusal', async () => {
    const { store } = await fresh();
    const { state, transport } = server();
    const outbox = new Outbox(store, { transport, timers: false });
    for (const ended of [refusal(401, 'signed-out'), refusal(403, 'csrf')]) {
      state.answer = () => ended;
      await outbox.add(answers);
      await outbox.flush();
      expect(outbox.find('screening', 's1')).toMatchObject({ state: 'waiting', tries: 1 });
    }
  });

  it('goes on after a crash with what was stored', async () => {
    const { store, name } = await fresh();
    const { state, transport } = server();
    state.answer = () => new Unreached('network');
    const crashing = new Outbox(store, { transport, timers: false });
    await crashing.add(answers);
    crashing.stop();
    store.close();

    const again = await SealedStore.open('account-1', name);
    state.answer = () => ({ receipt: '41BE', received_at: '2026-11-21T02:20:00Z' });
    const outbox = new Outbox(again, { transport, timers: false });
    await outbox.load();
    await outbox.flush();
    expect(outbox.find('screening', 's1')).toMatchObject({ state: 'received', receipt: '41BE' });
  });

  it('sends an alarm with its screening once, when the server makes that alarm itself', async () => {
    const { store } = await fresh();
    const { seen, state, transport } = server();
    state.answer = () => ({
      receipt: '8F2C',
      received_at: '2026-11-21T02:14:28Z',
      alarm_id: 'a0',
      suggestion: { alarm: { priority: 'P1', after_secs: 0 } },
    });
    const outbox = new Outbox(store, { transport, timers: false });
    await outbox.add({ ...alarm, covered_by: 'screening:s1' }, answers);
    await settled(() => outbox.find('alarm', 'a1')?.state === 'received');
    expect(seen).toEqual(['/screenings/s1']);
    expect(outbox.find('alarm', 'a1')?.known_as).toBe('a0');
  });

  it('sends the alarm by itself when its screening is refused', async () => {
    const { store } = await fresh();
    const { seen, state, transport } = server();
    state.answer = () => (seen.at(-1) === '/screenings/s1' ? refusal(422, 'invalid') : {});
    const outbox = new Outbox(store, { transport, timers: false });
    await outbox.add({ ...alarm, covered_by: 'screening:s1' }, answers);
    await settled(() => outbox.find('alarm', 'a1')?.state === 'received');
    expect(seen).toEqual(['/screenings/s1', '/alarms/a1']);
    expect(outbox.find('screening', 's1')?.state).toBe('refused');
  });

  it('sends the alarm by itself when the server only plans one for later', async () => {
    const { store } = await fresh();
    const { seen, state, transport } = server();
    state.answer = () => ({
      receipt: '8F2C',
      received_at: '2026-11-21T02:14:28Z',
      alarm_id: 'a1',
      suggestion: { alarm: { priority: 'P2', after_secs: 1800 } },
    });
    const outbox = new Outbox(store, { transport, timers: false });
    await outbox.add({ ...alarm, covered_by: 'screening:s1' }, answers);
    await settled(() => outbox.find('alarm', 'a1')?.state === 'received');
    expect(seen).toEqual(['/screenings/s1', '/alarms/a1']);
  });

  it('takes "id reused" for an alarm as: the alarm stands', async () => {
    const { store } = await fresh();
    const { state, transport } = server();
    state.answer = () => refusal(409, 'id-reused');
    const outbox = new Outbox(store, { transport, timers: false });
    await outbox.add(alarm);
    await settled(() => outbox.find('alarm', 'a1')?.state === 'received');
  });

  it('does not let a late answer overwrite a danger fact that was said again', async () => {
    const { store } = await fresh();
    let answerFirst: (value: { body: unknown; status: number }) => void = () => {};
    const bodies: unknown[] = [];
    const transport = ({ body }: Pick<Entry, 'body'>) => {
      bodies.push(body);
      if (bodies.length > 1) return Promise.resolve({ body: {}, status: 200 });
      return new Promise<{ body: unknown; status: number }>((resolve) => {
        answerFirst = resolve;
      });
    };
    const outbox = new Outbox(store, { transport, timers: false });
    const danger: NewEntry = {
      what: 'danger',
      subject: 's1',
      path: '/screenings/s1/danger',
      body: { alone: null },
      label: '',
    };
    await outbox.add(danger);
    await settled(() => bodies.length === 1);
    await outbox.add({ ...danger, body: { alone: true } });
    answerFirst({ body: {}, status: 200 });
    await settled(() => outbox.find('danger', 's1')?.state === 'waiting');
    await outbox.flush();
    expect(bodies).toEqual([{ alone: null }, { alone: true }]);
    expect(outbox.find('danger', 's1')?.state).toBe('received');
  });
});

/** A server that knows a screening only once it has received it, and has made an alarm of it as loud as it says. */
function strictServer() {
  const heard: { path: string; body: unknown }[] = [];
  const received = new Set<string>();
  const state = { reached: false, priorityOfScreening: 'P2', refuses: '' };
  const transport = async ({ path, body }: Pick<Entry, 'path' | 'body'>) => {
    if (!state.reached) throw new Unreached('network');
    heard.push({ path, body });
    const [, what, id] = path.split('/') as [string, string, string];
    await Promise.resolve();
    if (path === state.refuses) throw refusal(422, 'invalid');
    const suggestion = (priority: string) => ({ alarm: { priority, after_secs: 0 } });
    if (path.endsWith('/danger')) {
      if (!received.has(id)) throw refusal(404, 'not-found');
      return { body: { suggestion: suggestion('P1'), alarm_id: 'a1' }, status: 200 };
    }
    if (what !== 'screenings') return { body: { alarm: {} }, status: 201 };
    received.add(id);
    const made = { alarm_id: 'a1', suggestion: suggestion(state.priorityOfScreening) };
    return { body: { receipt: '8F2C', received_at: '2026-11-21T02:14:28Z', ...made }, status: 201 };
  };
  return { heard, state, transport };
}

describe('a worker without a network', () => {
  const quiet: NewEntry = { ...alarm, body: { kind: 'screening', priority: 2 }, covered_by: 'screening:s1' };
  const loud: NewEntry = { ...alarm, body: { kind: 'screening', priority: 1 }, covered_by: 'danger:s1' };
  const facts: NewEntry = {
    what: 'danger',
    subject: 's1',
    path: '/screenings/s1/danger',
    body: { act_under_way: null, means_within_reach: true, alone: null },
    label: '王秀英',
  };

  it('sees "means within reach" arrive, after the answers it is about', async () => {
    const { store } = await fresh();
    const { heard, state, transport } = strictServer();
    const outbox = new Outbox(store, { transport, timers: false });
    await outbox.add(quiet, answers);
    await outbox.add(loud, facts);
    await outbox.flush({ evenEarly: true });
    expect(outbox.all().every((entry) => entry.state === 'waiting')).toBe(true);

    state.reached = true;
    await outbox.flush({ evenEarly: true });

    const paths = heard.map((each) => each.path);
    expect(paths.indexOf('/screenings/s1')).toBeLessThan(paths.indexOf('/screenings/s1/danger'));
    expect(outbox.all().map((entry) => [entry.what, entry.state])).toEqual(
      expect.arrayContaining([
        ['alarm', 'received'],
        ['screening', 'received'],
        ['danger', 'received'],
      ]),
    );
    // The alarm had failed with the network, so it went by itself, and as loud as the worker had made it.
    expect(heard.find((each) => each.path === '/alarms/a1')?.body).toMatchObject({ priority: 1 });
  });

  it('is heard as P1 even if the answers are refused, and the facts wait for them to be mended', async () => {
    const { store } = await fresh();
    const { heard, state, transport } = strictServer();
    const outbox = new Outbox(store, { transport, timers: false });
    await outbox.add(quiet, answers);
    await outbox.add(loud, facts);
    await outbox.flush();
    Object.assign(state, { reached: true, refuses: '/screenings/s1' });
    await outbox.flush({ evenEarly: true });
    expect(heard.find((each) => each.path === '/alarms/a1')?.body).toMatchObject({ priority: 1 });
    expect(outbox.find('danger', 's1')?.state).toBe('waiting');
    expect(heard.some((each) => each.path.endsWith('/danger'))).toBe(false);

    state.refuses = '';
    await outbox.retry('screening:s1');
    await settled(() => outbox.find('danger', 's1')?.state === 'received');
  });

  it('sends nothing twice where the server has made the alarm of the facts', async () => {
    const { store } = await fresh();
    const { heard, state, transport } = strictServer();
    state.reached = true;
    const outbox = new Outbox(store, { transport, timers: false });
    await outbox.add(quiet, answers);
    await settled(() => outbox.find('alarm', 'a1')?.state === 'received');
    await outbox.add(loud, facts);
    await settled(() => outbox.find('alarm', 'a1')?.state === 'received');
    expect(heard.map((each) => each.path)).toEqual(['/screenings/s1', '/screenings/s1/danger']);
  });

  it('is heard where the server makes a quieter alarm of the answers than the worker knows', async () => {
    const { store } = await fresh();
    const { heard, state, transport } = strictServer();
    state.reached = true;
    const outbox = new Outbox(store, { transport, timers: false });
    await outbox.add({ ...loud, covered_by: 'screening:s1' }, answers);
    await settled(() => outbox.find('alarm', 'a1')?.state === 'received');
    expect(heard.map((each) => each.path)).toEqual(['/screenings/s1', '/alarms/a1']);
  });

  it('keeps trying facts whose screening the server does not know yet', async () => {
    const { store } = await fresh();
    const { state, transport } = strictServer();
    state.reached = true;
    const outbox = new Outbox(store, { transport, timers: false });
    await outbox.add(facts); // the answers went out from elsewhere
    await settled(() => outbox.find('danger', 's1')?.tries === 1);
    expect(outbox.find('danger', 's1')).toMatchObject({ state: 'waiting', last_failure: '404' });
    await outbox.add(answers);
    await settled(() => outbox.find('screening', 's1')?.state === 'received');
    await outbox.flush({ evenEarly: true });
    expect(outbox.find('danger', 's1')?.state).toBe('received');
  });

  it('discards the facts with the answers they are about', async () => {
    const { store } = await fresh();
    const { transport } = strictServer();
    const outbox = new Outbox(store, { transport, timers: false });
    await outbox.add(answers, facts);
    await outbox.discard('screening:s1');
    expect(outbox.all()).toEqual([]);
    expect(await store.list('outbox')).toEqual([]);
  });
});

describe('two tabs on one outbox', () => {
  it('send each entry once, and both know it was received', async () => {
    const { store, name } = await fresh();
    const { seen, state, transport } = server();
    const locks = oneAtATime();
    const slow = async ({ path }: Pick<Entry, 'path'>) => {
      const answer = await transport({ path });
      await new Promise((resolve) => setTimeout(resolve, 20));
      return answer;
    };
    const first = new Outbox(store, { transport: slow, timers: false, locks });
    state.answer = () => new Unreached('network');
    await first.add(answers);
    await first.flush();
    const second = new Outbox(await SealedStore.open('account-1', name), { transport: slow, timers: false, locks });
    await second.load();
    seen.length = 0;
    state.answer = () => ({ receipt: '8F2C', received_at: '2026-11-21T02:14:28Z' });
    await Promise.all([first.flush({ evenEarly: true }), second.flush({ evenEarly: true })]);
    expect(seen).toEqual(['/screenings/s1']);
    for (const outbox of [first, second]) await settled(() => outbox.find('screening', 's1')?.receipt === '8F2C');
  });

  it('do not overwrite what the other has said meanwhile', async () => {
    const { store, name } = await fresh();
    const locks = oneAtATime();
    const said: unknown[] = [];
    let answerFirst: () => void = () => {};
    const transport = async ({ body }: Pick<Entry, 'body'>) => {
      said.push(body);
      if (said.length === 1) await new Promise<void>((resolve) => (answerFirst = resolve));
      return { body: {}, status: 200 };
    };
    const danger: NewEntry = { what: 'danger', subject: 's1', path: '/p', body: { alone: null }, label: '' };
    const first = new Outbox(store, { transport, timers: false, locks });
    const second = new Outbox(await SealedStore.open('account-1', name), { transport, timers: false, locks });
    await first.add(danger);
    await settled(() => said.length === 1);
    await second.add({ ...danger, body: { alone: true } });
    answerFirst();
    await first.flush();
    await second.flush();
    expect(said).toEqual([{ alone: null }, { alone: true }]);
    await settled(() => first.find('danger', 's1')?.state === 'received');
  });
});

describe('the clock of the device', () => {
  const at = (text: string) => Date.parse(text);
  it('is told as it showed when the answers were given, also if it was set meanwhile', () => {
    const day = 86_400_000;
    const now = at('2026-11-21T10:00:00Z');
    // right all along; three days slow then and now; slow then and set by the network before sending
    expect(sentAt({ clock_offset: 0 }, now, 0)).toBe('2026-11-21T10:00:00.000Z');
    expect(sentAt({ clock_offset: 3 * day }, now - 3 * day, 3 * day)).toBe('2026-11-18T10:00:00.000Z');
    expect(sentAt({ clock_offset: 3 * day }, now, 0)).toBe('2026-11-18T10:00:00.000Z');
    expect(sentAt({}, now, 3 * day)).toBe('2026-11-21T10:00:00.000Z');
  });

  it('is known from any answer, and does not fall behind the last one if it is reset', () => {
    vi.useFakeTimers({ now: at('2026-11-21T10:06:00Z') });
    sawDate('Sat, 21 Nov 2026 10:00:00 GMT', Date.now());
    expect(clockError()).toBe(360_000 - 500);
    expect(inServerTime('2026-11-21T10:06:00Z')).toBe(at('2026-11-21T10:00:00.500Z'));
    vi.setSystemTime(at('2015-01-01T00:00:00Z'));
    expect(serverNow()).toBeGreaterThanOrEqual(at('2026-11-21T10:00:00Z'));
    sawDate('Sat, 21 Nov 2026 10:01:00 GMT', Date.now());
    expect(serverNow()).toBe(at('2026-11-21T10:01:00.500Z'));
    vi.setSystemTime(at('2026-11-21T10:01:30Z'));
    sawDate('Sat, 21 Nov 2026 10:01:30 GMT', Date.now());
    expect([clockError(), serverNow()]).toEqual([0, at('2026-11-21T10:01:30.500Z')]);
    vi.useRealTimers();
  });

  it('keeps the order of the steps of a visit if it is set back', () => {
    const visit = { touched_at: '2026-11-21T10:00:00.000Z' } as Visit;
    expect(timeIn(visit, at('2026-11-18T10:00:00Z'))).toBe('2026-11-21T10:00:00.000Z');
    expect(timeIn(visit, at('2026-11-21T10:00:01Z'))).toBe('2026-11-21T10:00:01.000Z');
  });
});

describe('the sealed store', () => {
  it('writes nothing readable to the disk', async () => {
    const { store, name } = await fresh();
    await store.put('outbox', 'screening:s1', { label: '王秀英', answers: { q9: 2 } });
    const rows = await everything(name);
    expect(rows).not.toContain('王秀英');
    expect(rows).not.toContain('q9');
    expect(await store.get('outbox', 'screening:s1')).toEqual({ label: '王秀英', answers: { q9: 2 } });
  });

  it('keeps its key from being exported', async () => {
    const { name } = await fresh();
    const [row] = await allOf<{ key: CryptoKey }>(name, 'keys');
    expect(row?.key.extractable).toBe(false);
    await expect(crypto.subtle.exportKey('raw', row?.key as CryptoKey)).rejects.toThrow();
  });

  it('does not open a row for another account, nor a row put in another place', async () => {
    const { store, name } = await fresh();
    await store.put('visit', 'v1', { person: 'x' });
    const other = await SealedStore.open('account-2', name);
    expect(await other.get('visit', 'v1')).toBeUndefined();
    expect(await other.list('visit')).toEqual([]);
  });

  it('is wiped on leaving, except for what was not received', async () => {
    const { store, name } = await fresh();
    await store.put('cache', 'worklist', { a: 1 });
    await store.put('outbox', 'screening:s1', { b: 2 });
    await store.leave();
    expect(await SealedStore.lastAccount(name)).toBeNull();
    const again = await SealedStore.open('account-1', name);
    expect(await again.get('cache', 'worklist')).toBeUndefined();
    expect(await again.get('outbox', 'screening:s1')).toEqual({ b: 2 });
    await again.remove('outbox', 'screening:s1');
    await again.leave();
    expect(await allOf(name, 'keys')).toEqual([]);
    expect(await allOf(name, 'rows')).toEqual([]);
  });

  it('seals nothing under a key that is gone, though another tab signs out and in again', async () => {
    const { store: tab, name } = await fresh();
    const other = await SealedStore.open('account-1', name);
    await other.leave();
    await tab.put('outbox', 'alarm:a1', { after: 'signing out' });
    const again = await SealedStore.open('account-1', name);
    expect(await again.get('outbox', 'alarm:a1')).toEqual({ after: 'signing out' });
    await again.remove('outbox', 'alarm:a1');
    await again.leave();

    const anew = await SealedStore.open('account-1', name); // a fresh key, while the first tab goes on
    await tab.put('outbox', 'alarm:a2', { after: 'signing in' });
    expect(await anew.list('outbox')).toEqual([{ after: 'signing in' }]);
    await anew.put('outbox', 'alarm:a3', { b: 3 });
    expect(await tab.get('outbox', 'alarm:a3')).toEqual({ b: 3 });
  });
});

describe('signing out in one tab', () => {
  it('leaves what another tab still owes, and takes what was received', async () => {
    const { store, name } = await fresh();
    const { state, transport } = server();
    const locks = oneAtATime();
    const leaving = new Outbox(store, { transport, timers: false, locks });
    await leaving.add(answers);
    await settled(() => leaving.find('screening', 's1')?.state === 'received');
    const staying = new Outbox(await SealedStore.open('account-1', name), { transport, timers: false, locks });
    await staying.load();
    state.answer = () => new Unreached('network');
    await staying.add(alarm);

    await leaving.forgetReceived();
    await store.leave();
    leaving.stop();
    store.close();

    const again = await SealedStore.open('account-1', name);
    expect((await again.list<Entry>('outbox')).map((entry) => entry.id)).toEqual(['alarm:a1']);
    state.answer = () => ({});
    await staying.flush({ evenEarly: true });
    expect(staying.find('alarm', 'a1')?.state).toBe('received');
  });

  it('sends nothing any more from there', async () => {
    const { store } = await fresh();
    const { seen, state, transport } = server();
    const outbox = new Outbox(store, { transport, timers: false });
    state.answer = () => new Unreached('network');
    await outbox.add(answers);
    await outbox.flush();
    seen.length = 0;
    outbox.stop();
    await outbox.flush({ evenEarly: true });
    await outbox.add(alarm);
    await outbox.retry('screening:s1');
    expect(seen).toEqual([]);
  });
});

describe('a device that cannot store', () => {
  const full = () => Promise.reject(new DOMException('the disk is full', 'QuotaExceededError'));

  it('still sends the alarm, and says that it is not saved here', async () => {
    const { store } = await fresh();
    const { seen, state, transport } = server();
    vi.spyOn(store, 'put').mockImplementation(full);
    state.answer = () => new Unreached('network');
    const outbox = new Outbox(store, { transport, timers: false });
    const [entry] = await outbox.add(alarm);
    expect(entry).toMatchObject({ id: 'alarm:a1', state: 'waiting', unsaved: true });
    await outbox.flush({ evenEarly: true });
    expect(outbox.find('alarm', 'a1')).toMatchObject({ unsaved: true, last_failure: 'network' });
    state.answer = () => ({});
    await outbox.flush({ evenEarly: true });
    expect(outbox.find('alarm', 'a1')?.state).toBe('received');
    expect(seen).toContain('/alarms/a1');
  });

  it('saves it as soon as it can again', async () => {
    const { store } = await fresh();
    const { state, transport } = server();
    state.answer = () => new Unreached('network');
    const outbox = new Outbox(store, { transport, timers: false });
    const put = vi.spyOn(store, 'put').mockImplementation(full);
    await outbox.add(alarm);
    put.mockRestore();
    await outbox.flush({ evenEarly: true });
    expect(outbox.find('alarm', 'a1')?.unsaved).toBeUndefined();
    expect(await store.list<Entry>('outbox')).toMatchObject([{ id: 'alarm:a1', state: 'waiting' }]);
  });

  it('does not wait for a store that never answers, or is not there at all', async () => {
    const { store } = await fresh();
    const never = () => new Promise<never>(() => {});
    for (const call of ['put', 'get', 'list'] as const) vi.spyOn(store, call).mockImplementation(never);
    const gone = vi.spyOn(indexedDB, 'open').mockImplementation(() => {
      throw new DOMException('no storage', 'InvalidStateError');
    });
    const nowhere = await SealedStore.open('account-1', 'none');
    gone.mockRestore();
    for (const broken of [store, nowhere]) {
      const { transport } = server();
      const outbox = new Outbox(broken, { transport, timers: false, storeWithinMs: 5 });
      await outbox.load();
      await outbox.add(alarm);
      await settled(() => outbox.find('alarm', 'a1')?.state === 'received');
    }
  });
});

async function settled(isSo: () => boolean): Promise<void> {
  await expect.poll(isSo, { timeout: 2_000, interval: 5 }).toBe(true);
}
function allOf<T>(name: string, table: string): Promise<T[]> {
  return new Promise((resolve, reject) => {
    const open = indexedDB.open(name);
    open.onerror = () => reject(open.error);
    open.onsuccess = () => {
      const all = open.result.transaction(table).objectStore(table).getAll();
      all.onsuccess = () => resolve(all.result as T[]);
    };
  });
}
async function everything(name: string): Promise<string> {
  const rows = await allOf<{ data: ArrayBuffer }>(name, 'rows');
  return rows.map((row) => Buffer.from(row.data).toString('utf8')).join('');
}
/** Web Locks as a browser has them, for the one mode that is used. */
function oneAtATime(): Pick<LockManager, 'request'> {
  const held = new Map<string, Promise<unknown>>();
  const request = async (name: string, options: LockOptions, work: (lock: Lock | null) => unknown) => {
    if (options.ifAvailable && held.has(name)) return work(null);
    const turn = (held.get(name) ?? Promise.resolve()).then(() => work({ name, mode: 'exclusive' }));
    const done = turn.catch(() => {}).finally(() => held.get(name) === done && held.delete(name));
    held.set(name, done);
    return turn;
  };
  return { request } as Pick<LockManager, 'request'>;
}
