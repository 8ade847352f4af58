// Who is signed in here, and the sealed store and outbox that belong to that account.
import { del, get, Refused, setSessionKey, Unreached } from './http';
import { Outbox } from './outbox';
import { SealedStore } from './sealed';
import type { Me, Uuid } from './types';

/** `ended`: the server no longer knows this session; what is on the device can still be finished and kept. */
export type Session = { me: Me; store: SealedStore; outbox: Outbox; offline: boolean; ended?: boolean };

export const sessionKey = ['session'] as const;

type Opened = { store: SealedStore; outbox: Outbox; close: () => void };
let open: { account: Uuid; opened: Promise<Opened> } | undefined;

/** One outbox for this page. Another account's has stopped before anything can go out under the new session. */
async function openFor(account: Uuid): Promise<Opened> {
  if (open !== undefined && open.account !== account) await close();
  open ??= { account, opened: start(account) };
  return open.opened;
}

async function start(account: Uuid): Promise<Opened> {
  const store = await SealedStore.open(account);
  const outbox = new Outbox(store);
  await outbox.load();
  const online = () => void outbox.flush({ evenEarly: true });
  addEventListener('online', online);
  const close = () => {
    removeEventListener('online', online);
    outbox.stop();
    store.close();
  };
  return { store, outbox, close };
}

async function close(): Promise<void> {
  const was = open;
  open = undefined;
  setSessionKey(null);
  (await was?.opened)?.close();
}

/** null: nobody is signed in. Without a network the last account of this device goes on with what it has. */
export async function readSession(): Promise<Session | null> {
  try {
    const me = await get<Me>('/me', { timeoutMs: 6_000 });
    const { store, outbox } = await openFor(me.account.id);
    setSessionKey({ account: me.account.id, csrf: me.csrf });
    await store.put('cache', 'me', me).catch(() => {}); // a full device cannot start offline, but works now
    void outbox.flush({ evenEarly: true });
    return { me, store, outbox, offline: false };
  } catch (error) {
    if (error instanceof Refused) return null;
    if (!(error instanceof Unreached)) throw error;
    return readOfflineSession(error);
  }
}

async function readOfflineSession(error: Unreached): Promise<Session> {
  const account = open?.account ?? (await SealedStore.lastAccount());
  if (account === null) throw error;
  const { store, outbox } = await openFor(account);
  const me = await store.get<Me>('cache', 'me');
  if (me === undefined) throw error;
  // What waits goes out as soon as there is a network, before the server has said who this is.
  setSessionKey({ account, csrf: me.csrf });
  return { me, store, outbox, offline: true };
}

/** Removes what the server has, and what it need not have; what it lacks stays sealed for the next sign-in. */
export async function signOut(session: Session): Promise<void> {
  await del('/sessions/current').catch(() => {});
  await session.outbox.forgetReceived();
  await session.store.leave();
  await close();
}

export function hasRole(me: Me, ...roles: string[]): boolean {
  return me.account.roles.some((each) => roles.includes(each.role));
}
