// What the tablet owes the server: sealed, retried until a receipt, kept when refused, alive after a crash.
import 'fake-indexeddb/auto';
import { describe, expect, it } from 'vitest';
import { Refused, Unreached } from '@/api/http';
import { type NewEntry, Outbox, waitMs } from '@/api/outbox';
import { SealedStore } from '@/api/sealed';

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
  const transport = async (path: string) => {
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
    state.answer = () => refusal(401, 'signed-out');
    await outbox.add(answers);
    await outbox.flush();
    expect(outbox.find('screening', 's1')?.state).toBe('waiting');
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
    const transport = (_path: string, body: unknown) => {
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
    await outbox.add({ ...danger, body: { alone: true } });
    answerFirst({ body: {}, status: 200 });
    await settled(() => outbox.find('danger', 's1')?.state === 'waiting');
    await outbox.flush();
    expect(bodies).toEqual([{ alone: null }, { alone: true }]);
    expect(outbox.find('danger', 's1')?.state).toBe('received');
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

  it('is wiped on leaving, except for what was not sent', async () => {
    const { store, name } = await fresh();
    await store.put('cache', 'worklist', { a: 1 });
    await store.put('outbox', 'screening:s1', { b: 2 });
    await store.leave([{ kind: 'outbox', id: 'screening:s1' }]);
    expect(await SealedStore.lastAccount(name)).toBeNull();
    const again = await SealedStore.open('account-1', name);
    expect(await again.get('cache', 'worklist')).toBeUndefined();
    expect(await again.get('outbox', 'screening:s1')).toEqual({ b: 2 });
    await again.leave([]);
    expect(await allOf(name, 'keys')).toEqual([]);
    expect(await allOf(name, 'rows')).toEqual([]);
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
