// The one way to the server over HTTP: JSON in, JSON out, problem+json as an error, CSRF on unsafe methods.
import { sawDate } from './clock';
import { wasNotReached, wasReached } from './reach';
import type { Problem } from './types';

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

let csrf = '';
export function setCsrf(value: string): void {
  csrf = value;
}

let onSignedOut: () => void = () => {};
/** Called when a session that was alive here is refused. */
export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener;
}

export type Answer<T> = { body: T; status: number };
type Options = { body?: unknown; headers?: Record<string, string>; timeoutMs?: number; as?: 'text' };

export async function exchange<T>(method: string, path: string, options: Options = {}): Promise<Answer<T>> {
  const headers: Record<string, string> = { accept: 'application/json', ...options.headers };
  if (options.body !== undefined) headers['content-type'] = 'application/json';
  if (method !== 'GET' && csrf !== '') headers['x-csrf'] = csrf;
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
  if (response.status < 500) wasReached();
  else wasNotReached();
  if (response.ok) return { body: await readBody<T>(response, options.as), status: response.status };
  const problem = await readProblem(response);
  // A 5xx says nothing about the request itself: the same request may pass later.
  if (response.status >= 500 || response.status === 408) throw new Unreached(String(response.status));
  const refused = new Refused(problem);
  // Another tab has signed in anew: the session is alive, but this tab has to ask for its own key to it.
  if ((response.status === 401 && path !== '/sessions') || refused.is('csrf')) onSignedOut();
  throw refused;
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
    throw new Unreached('unreadable answer');
  }
}

async function readProblem(response: Response): Promise<Problem> {
  const fallback = { type: 'about:blank', title: response.statusText || 'error', status: response.status };
  try {
    const body = (await response.json()) as Partial<Problem>;
    return { ...fallback, ...body };
  } catch {
    return fallback;
  }
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
