// Whose session a page works under: the key to it, what is sent when it is stale, and never under somebody else's.
import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { exchange, post, put, Refused, setSessionKey, Unreached, whenSignedOut } from '@/api/http';
import type { NewEntry } from '@/api/outbox';
import { readSession, type Session, signOut } from '@/api/session';

type Sent = { method: string; path: string; csrf: string | null };
type Reply = { status: number; body?: unknown; type?: string };
const JSON_TYPE = 'application/json';
const problem = (status: number, kind: string): Reply => ({
  status,
  body: { type: `/problems/${kind}`, title: kind, status },
  type: 'application/problem+json',
});

/** A server with one session: it takes what comes with its key, and nothing else. */
function server(account = 'lin', csrf = 'key-1') {
  const sent: Sent[] = [];
  const state = { account, csrf, reached: true, signedOut: false, instead: null as Reply | null };
  const answer = ({ method, path, csrf: shown }: Sent): Reply => {
    if (state.instead !== null) return state.instead;
    if (state.signedOut) return problem(401, 'signed-out');
    if (path === '/me') return { status: 200, body: { account: { id: state.account }, csrf: state.csrf } };
    if (method !== 'GET' && shown !== state.csrf) return problem(403, 'csrf');
    return { status: 200, body: {} };
  };
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    const headers = init.headers as Record<string, string>;
    const request = {
      method: init.method ?? 'GET',
      path: url.replace('/api/v1', ''),
      csrf: headers['x-csrf'] ?? null,
    };
    if (!state.reached) throw new TypeError('fetch failed');
    sent.push(request);
    const { status, body, type = JSON_TYPE } = answer(request);
    return new Response(body === undefined ? null : JSON.stringify(body), {
      status,
      headers: { 'content-type': type },
    });
  });
  return { sent, state, puts: () => sent.filter((each) => each.method === 'PUT') };
}

const events = new EventTarget();
const signedOut = vi.fn();
beforeEach(() => {
  signedOut.mockClear();
  whenSignedOut(signedOut);
  for (const name of ['addEventListener', 'removeEventListener'] as const)
    vi.stubGlobal(name, events[name].bind(events));
});
afterEach(() => {
  setSessionKey(null);
  vi.unstubAllGlobals();
});

describe('the key to a session', () => {
  it('is asked for again when another tab has signed in anew, and the request goes out', async () => {
    const { state, puts } = server();
    setSessionKey({ account: 'lin', csrf: 'key-1' });
    state.csrf = 'key-2';
    await Promise.all([put('/alarms/a1', {}), put('/alarms/a2', {})]);
    expect(puts().map((each) => each.csrf)).toEqual(['key-1', 'key-1', 'key-2', 'key-2']);
    await post('/alarms/a1/claim');
    expect(signedOut).not.toHaveBeenCalled();
  });

  it("never becomes somebody else's: what this page has is not sent under their session", async () => {
    const { state, puts } = server();
    setSessionKey({ account: 'lin', csrf: 'key-1' });
    Object.assign(state, { account: 'chen', csrf: 'key-of-chen' });
    await expect(put('/screenings/s1', {})).rejects.toMatchObject({ status: 403 });
    expect(puts().map((each) => each.csrf)).toEqual(['key-1']);
    expect(signedOut).toHaveBeenCalledOnce();
  });

  it('is looked at when a request goes out, not when it was made', async () => {
    const { sent } = server();
    setSessionKey({ account: 'chen', csrf: 'key-1' });
    await expect(exchange('PUT', '/screenings/s1', { body: {}, whose: 'lin' })).rejects.toBeInstanceOf(Unreached);
    expect(sent).toEqual([]);
  });

  it('is tried once: what is refused with a good key stays refused', async () => {
    const { state, sent } = server();
    setSessionKey({ account: 'lin', csrf: 'key-1' });
    vi.stubGlobal('fetch', withCsrfRefused(globalThis.fetch));
    await expect(put('/alarms/a1', {})).rejects.toBeInstanceOf(Refused);
    expect(sent.map((each) => each.path)).toEqual(['/me']);
    expect(state.csrf).toBe('key-1');
  });
});

function withCsrfRefused(inner: typeof fetch): typeof fetch {
  return async (url, init) => {
    if (init?.method === 'GET') return inner(url, init);
    const body = JSON.stringify({ type: '/problems/csrf', title: 'csrf', status: 403 });
    return new Response(body, { status: 403, headers: { 'content-type': 'application/problem+json' } });
  };
}

describe('what something on the way answers', () => {
  it('is not the word of the server: 401, 403, 404 or 413 without a problem may pass later', async () => {
    const { state } = server();
    for (const status of [401, 403, 404, 413]) {
      state.instead = { status, body: '<html>sign in to the hotel</html>', type: 'text/html' };
      await expect(put('/alarms/a1', {})).rejects.toBeInstanceOf(Unreached);
    }
    expect(signedOut).not.toHaveBeenCalled();
    state.instead = problem(422, 'invalid');
    await expect(put('/alarms/a1', {})).rejects.toBeInstanceOf(Refused);
  });
});

const alarm: NewEntry = { what: 'alarm', subject: 'a1', path: '/alarms/a1', body: { kind: 'button' }, label: '' };
const until = (isSo: () => boolean) => expect.poll(isSo, { timeout: 2_000, interval: 5 }).toBe(true);

describe('a tablet', () => {
  it('that somebody else signs in to sends nothing of the one before, also when the network comes back', async () => {
    const { state, puts } = server();
    const lin = await readSession();
    state.reached = false;
    await lin?.outbox.add(alarm);
    Object.assign(state, { reached: true, account: 'chen', csrf: 'key-of-chen' });
    const chen = await readSession();
    events.dispatchEvent(new Event('online'));
    await lin?.outbox.flush({ evenEarly: true });
    await chen?.outbox.flush({ evenEarly: true });
    expect(puts()).toEqual([]);
    if (chen) await signOut(chen);

    Object.assign(state, { account: 'lin', csrf: 'key-3' });
    const again = await readSession();
    await until(() => again?.outbox.find('alarm', 'a1')?.state === 'received');
    expect(puts().map((each) => each.csrf)).toEqual(['key-3']);
  });

  it('that starts without a network sends what waits as soon as there is one', async () => {
    const { state, puts } = server();
    const online = await readSession();
    expect(online?.offline).toBe(false);
    state.reached = false;
    const session = await afterRestart(online);
    expect(session?.offline).toBe(true);
    await session?.outbox.add(alarm);
    state.reached = true;
    events.dispatchEvent(new Event('online'));
    await until(() => session?.outbox.find('alarm', 'a1')?.state === 'received');
    expect(puts().at(-1)?.csrf).toBe('key-1');
  });
});

/** The page as it is after the tablet was switched off and on: nothing but what the device has kept. */
async function afterRestart(before: Session | null): Promise<Session | null> {
  before?.outbox.stop();
  vi.resetModules();
  const page = await import('@/api/session');
  return page.readSession();
}
