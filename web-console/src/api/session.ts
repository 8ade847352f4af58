// Who is signed in here, and the sealed store and outbox that belong to that account.
import { del, get, Refused, setCsrf, Unreached } from './http';
import { Outbox } from './outbox';
import { SealedStore } from './sealed';
import type { Me } from './types';

/** `ended`: the server no longer knows this session; what is on the device can still be finished and kept. */
export type Session = { me: Me; store: SealedStore; outbox: Outbox; offline: boolean; ended?: boolean };

export const sessionKey = ['session'] as const;

let open: { store: SealedStore; outbox: Outbox } | undefined;

async function openFor(account: string): Promise<{ store: SealedStore; outbox: Outbox }> {
  if (open?.store.account === account) return open;
  open?.outbox.stop();
  open?.store.close();
  const store = await SealedStore.open(account);
  const outbox = new Outbox(store);
  await outbox.load();
  open = { store, outbox };
  addEventListener('online', () => void outbox.flush({ evenEarly: true }));
  return open;
}

/** null: nobody is signed in. Without a network the last account of this device goes on with what it has. */
export async function readSession(): Promise<Session | null> {
  try {
    const me = await get<Me>('/me', { timeoutMs: 6_000 });
    setCsrf(me.csrf);
    const opened = await openFor(me.account.id);
    await opened.store.put('cache', 'me', me);
    void opened.outbox.flush({ evenEarly: true });
    return { me, ...opened, offline: false };
  } catch (error) {
    if (error instanceof Refused) return null;
    if (!(error instanceof Unreached)) throw error;
    return readOfflineSession(error);
  }
}

async function readOfflineSession(error: Unreached): Promise<Session> {
  const account = await SealedStore.lastAccount();
  if (account === null) throw error;
  const opened = await openFor(account);
  const me = await opened.store.get<Me>('cache', 'me');
  if (me === undefined) throw error;
  return { me, ...opened, offline: true };
}

export async function signOut(session: Session): Promise<void> {
  await del('/sessions/current').catch(() => {});
  const keep = (await session.outbox.unsent()).map((entry) => ({ kind: 'outbox' as const, id: entry.id }));
  session.outbox.stop();
  await session.store.leave(keep);
  session.store.close();
  open = undefined;
  setCsrf('');
}

export function hasRole(me: Me, ...roles: string[]): boolean {
  return me.account.roles.some((each) => roles.includes(each.role));
}
