// The one way to the server over HTTP: JSON in, JSON out, problem+json as an error, CSRF on unsafe methods.
import { sawDate } from './clock';
import { wasNotReached, wasReached } from './reach';
import type { Me, Problem, Uuid } from './types';

/** The server answered, and the answer is a refusal. */
export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.title);
    this.name = 'Refused';
  }
  get status(): number {
    return this.problem.status;
  }
  is(kind: string): boolean {
    return this.problem.type.endsWith(`/problems/${kind}`);
  }
}

/** No answer: no network, a time-out, or a server that is starting. Whether it took effect is not known. */
export class Unreached extends Error {
  constructor(readonly why: string) {
    super(why);
    this.name = 'Unreached';
  }
}

/** Whose session this page works under, and what tells the server that a request is this page's own. */
export type SessionKey = { account: Uuid; csrf: string };
let key: SessionKey | null = null;
export function setSessionKey(fresh: SessionKey | null): void {
  key = fresh;
}

let onSignedOut: () => void = () => {};
/** Called when a session that was alive here is refused. */
export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener;
}

export type Answer<T> = { body: T; status: number };
type Options = {
  body?: unknown;
  headers?: Record<string, string>;
  timeoutMs?: number;
  as?: 'text';
  /** Whose it is: sent under no other session. */
  whose?: Uuid;
};

export async function exchange<T>(method: string, path: string, options: Options = {}): Promise<Answer<T>> {
  const used = key;
  try {
    return await once<T>(method, path, options);
  } catch (error) {
    if (!(error instanceof Refused) || !error.is('csrf') || !(await renewed(used))) throw error;
    return once<T>(method, path, options);
  }
}

let renewing: Promise<boolean> | undefined;
/**
 * Another tab has signed in anew, or this page started with what it kept: there is a new key to the session. Where the
 * session is somebody else's now, nothing of this page is sent under it.
 */
async function renewed(used: SessionKey | null): Promise<boolean> {
  if (used === null) return false;
  if (key !== used) return key?.account === used.account;
  renewing ??= askForKey(used).finally(() => {
    renewing = undefined;
  });
  return renewing;
}

async function askForKey(used: SessionKey): Promise<boolean> {
  const me = await once<Me>('GET', '/me', { timeoutMs: 6_000 }).catch(() => null);
  if (me === null || key !== used) return false;
  if (me.body.account.id !== used.account) onSignedOut();
  else key = { account: used.account, csrf: me.body.csrf };
  return key !== used && key.csrf !== used.csrf;
}

async function once<T>(method: string, path: string, options: Options): Promise<Answer<T>> {
  if (options.whose !== undefined && key?.account !== options.whose) throw new Unreached('another session');
  const headers: Record<string, string> = { accept: 'application/json', ...options.headers };
  if (options.body !== undefined) headers['content-type'] = 'application/json';
  if (method !== 'GET' && key !== null) headers['x-csrf'] = key.csrf;
  let response: Response;
  const askedAt = Date.now();
  try {
    response = await fetch(`/api/v1${path}`, {
      method,
      headers,
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
      signal: AbortSignal.timeout(options.timeoutMs ?? 10_000),
      credentials: 'same-origin',
      cache: 'no-store',
    });
  } catch (error) {
    wasNotReached();
    throw new Unreached(error instanceof Error ? error.name : 'network');
  }
  sawDate(response.headers.get('date'), askedAt);
  if (response.ok) {
    const body = await readBody<T>(response, options.as);
    wasReached();
    return { body, status: response.status };
  }
  const problem = await readProblem(response);
  // A 5xx says nothing about the request itself: the same request may pass later. Nor does what is not a problem:
  // our server says every refusal as one, so something on the way has answered (a proxy, a public network's page).
  if (problem === null || response.status >= 500 || response.status === 408) {
    wasNotReached();
    throw new Unreached(String(response.status));
  }
  wasReached();
  // a second person who mistypes at this desk does not end the session of the first
  if (response.status === 401 && problem.type.endsWith('/problems/signed-out')) onSignedOut();
  throw new Refused(problem);
}

/** What time it is there; says nothing about who asks. */
export async function askTheTime(): Promise<void> {
  const askedAt = Date.now();
  try {
    const response = await fetch('/healthz', { cache: 'no-store', signal: AbortSignal.timeout(4_000) });
    sawDate(response.headers.get('date'), askedAt);
  } catch (error) {
    wasNotReached();
    throw new Unreached(error instanceof Error ? error.name : 'network');
  }
}

async function readBody<T>(response: Response, as?: 'text'): Promise<T> {
  if (response.status === 204) return undefined as T;
  try {
    return (as === 'text' ? await response.text() : await response.json()) as T;
  } catch {
    wasNotReached();
    throw new Unreached('unreadable answer');
  }
}

async function readProblem(response: Response): Promise<Problem | null> {
  if (response.headers.get('content-type')?.startsWith('application/problem+json') !== true) return null;
  return ((await response.json().catch(() => null)) as Problem | null) ?? null;
}

export async function get<T>(path: string, options?: Options): Promise<T> {
  return (await exchange<T>('GET', path, options)).body;
}
export async function post<T>(path: string, body?: unknown, options?: Options): Promise<T> {
  return (await exchange<T>('POST', path, { ...options, body: body ?? {} })).body;
}
export async function put<T>(path: string, body: unknown, options?: Options): Promise<T> {
  return (await exchange<T>('PUT', path, { ...options, body })).body;
}
export async function del(path: string): Promise<void> {
  await exchange<void>('DELETE', path);
}
