// The one store on this device. Every row is sealed with AES-GCM under a key that cannot be exported and belongs
// to one account; signing out wipes the rows, unless something has not reached the server yet.
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';

export type Kind = 'outbox' | 'visit' | 'cache' | 'note';

type Row = { account: string; kind: Kind; id: string; iv: Uint8Array<ArrayBuffer>; data: ArrayBuffer };
type KeyRow = { account: string; key: CryptoKey; current: boolean };

interface Schema extends DBSchema {
  keys: { key: string; value: KeyRow };
  rows: { key: [string, Kind, string]; value: Row };
}

const NAME = 'xindeng';

function openDatabase(name: string): Promise<IDBPDatabase<Schema>> {
  return openDB<Schema>(name, 1, {
    upgrade(db) {
      db.createObjectStore('keys', { keyPath: 'account' });
      db.createObjectStore('rows', { keyPath: ['account', 'kind', 'id'] });
    },
  });
}

const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const bound = (account: string, kind: Kind, id: string) => new TextEncoder().encode(`${account}|${kind}|${id}`);

export class SealedStore {
  private constructor(
    private readonly db: IDBPDatabase<Schema>,
    readonly account: string,
    private readonly key: CryptoKey,
  ) {}

  static async open(account: string, name = NAME): Promise<SealedStore> {
    const db = await openDatabase(name);
    const fresh = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
    // One transaction, so that two tabs that start together agree on one key.
    const tx = db.transaction('keys', 'readwrite');
    const known = await tx.store.get(account);
    const key = known?.key ?? fresh;
    for (const other of await tx.store.getAll()) {
      if (other.current && other.account !== account) await tx.store.put({ ...other, current: false });
    }
    await tx.store.put({ account, key, current: true });
    await tx.done;
    return new SealedStore(db, account, key);
  }

  /** The account that used this device last and has not signed out: needed to start without a network. */
  static async lastAccount(name = NAME): Promise<string | null> {
    const db = await openDatabase(name);
    const rows = await db.getAll('keys');
    db.close();
    return rows.find((row) => row.current)?.account ?? null;
  }

  /** Names this account's rows on this device: the same in every tab. */
  get place(): string {
    return `${this.db.name}/${this.account}`;
  }

  async put(kind: Kind, id: string, value: unknown): Promise<void> {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const additionalData = bound(this.account, kind, id);
    const data = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData }, this.key, encode(value));
    await this.db.put('rows', { account: this.account, kind, id, iv, data });
  }

  async get<T>(kind: Kind, id: string): Promise<T | undefined> {
    const row = await this.db.get('rows', [this.account, kind, id]);
    return row === undefined ? undefined : this.unseal<T>(row);
  }

  async list<T>(kind: Kind): Promise<T[]> {
    const range = IDBKeyRange.bound([this.account, kind, ''], [this.account, kind, '\uffff']);
    const rows = await this.db.getAll('rows', range);
    const values = await Promise.all(rows.map((row) => this.unseal<T>(row)));
    return values.filter((value): value is Awaited<T> & T => value !== undefined);
  }

  async remove(kind: Kind, id: string): Promise<void> {
    await this.db.delete('rows', [this.account, kind, id]);
  }

  /** Signing out: everything goes, but what is still unsent stays sealed with its key for the next sign-in. */
  async leave(keep: { kind: Kind; id: string }[]): Promise<void> {
    const kept = new Set(keep.map((row) => `${row.kind}|${row.id}`));
    const tx = this.db.transaction(['keys', 'rows'], 'readwrite');
    const range = IDBKeyRange.bound([this.account, '', ''] as never, [this.account, '\uffff', ''] as never);
    for (const key of await tx.objectStore('rows').getAllKeys(range)) {
      if (!kept.has(`${key[1]}|${key[2]}`)) await tx.objectStore('rows').delete(key);
    }
    if (keep.length === 0) await tx.objectStore('keys').delete(this.account);
    else await tx.objectStore('keys').put({ account: this.account, key: this.key, current: false });
    await tx.done;
  }

  close(): void {
    this.db.close();
  }

  private async unseal<T>(row: Row): Promise<T | undefined> {
    try {
      const additionalData = bound(row.account, row.kind, row.id);
      const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv: row.iv, additionalData }, this.key, row.data);
      return JSON.parse(new TextDecoder().decode(plain)) as T;
    } catch {
      // A row that does not open was sealed under a key that is gone: it cannot be read by anybody any more.
      return undefined;
    }
  }
}
