// The one store on this device. Every row is sealed with AES-GCM under a key that cannot be exported and belongs
// to one account; signing out wipes the rows, unless something has not reached the server yet.
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import { newId } from './ids';

export type Kind = 'outbox' | 'visit' | 'cache' | 'note';

type Row = { account: string; kind: Kind; id: string; iv: Uint8Array<ArrayBuffer>; data: ArrayBuffer };
/** `id`: tells two keys of one account apart, where it has signed out in one tab while another went on. */
type KeyRow = { account: string; key: CryptoKey; id?: string; current: boolean };

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
    private readonly db: IDBPDatabase<Schema> | null,
    readonly account: string,
    private key: KeyRow,
  ) {}

  /** A device that cannot store still gets a store: everything put there is refused, so that the page says so. */
  static async open(account: string, name = NAME): Promise<SealedStore> {
    const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
    const fresh: KeyRow = { account, key, id: newId(), current: true };
    try {
      const db = await openDatabase(name);
      // One transaction, so that two tabs that start together agree on one key.
      const tx = db.transaction('keys', 'readwrite');
      const known = await tx.store.get(account);
      for (const other of await tx.store.getAll()) {
        if (other.current && other.account !== account) await tx.store.put({ ...other, current: false });
      }
      const row = { ...(known ?? fresh), current: true };
      await tx.store.put(row);
      await tx.done;
      return new SealedStore(db, account, row);
    } catch {
      return new SealedStore(null, account, fresh);
    }
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
    return `${this.db?.name ?? 'no disk'}/${this.account}`;
  }

  async put(kind: Kind, id: string, value: unknown): Promise<void> {
    if (this.db === null) throw new Error('this device cannot store');
    for (;;) {
      const { key } = this;
      const row = await this.seal(key.key, kind, id, value);
      const tx = this.db.transaction(['keys', 'rows'], 'readwrite');
      const known = await tx.objectStore('keys').get(this.account);
      if (known === undefined || known.id === key.id) {
        // Signed out elsewhere meanwhile, this row must not lie here without its key.
        if (known === undefined) await tx.objectStore('keys').put({ ...key, current: false });
        await tx.objectStore('rows').put(row);
        await tx.done;
        return;
      }
      await tx.done;
      this.key = known; // signed in again elsewhere, under a new key: this row is for that one
    }
  }

  async get<T>(kind: Kind, id: string): Promise<T | undefined> {
    if (this.db === null) return undefined;
    const tx = this.db.transaction(['keys', 'rows']);
    const [known, row] = await Promise.all([
      tx.objectStore('keys').get(this.account),
      tx.objectStore('rows').get([this.account, kind, id]),
    ]);
    this.key = known ?? this.key;
    return row === undefined ? undefined : this.unseal<T>(row);
  }

  async list<T>(kind: Kind): Promise<T[]> {
    if (this.db === null) return [];
    const range = IDBKeyRange.bound([this.account, kind, ''], [this.account, kind, '\uffff']);
    const tx = this.db.transaction(['keys', 'rows']);
    const [known, rows] = await Promise.all([
      tx.objectStore('keys').get(this.account),
      tx.objectStore('rows').getAll(range),
    ]);
    this.key = known ?? this.key;
    const values = await Promise.all(rows.map((row) => this.unseal<T>(row)));
    return values.filter((value): value is Awaited<T> & T => value !== undefined);
  }

  async remove(kind: Kind, id: string): Promise<void> {
    await this.db?.delete('rows', [this.account, kind, id]);
  }

  /** Signing out. What lies in the outbox now, whichever tab put it there, stays sealed with its key for the next time. */
  async leave(): Promise<void> {
    if (this.db === null) return;
    const tx = this.db.transaction(['keys', 'rows'], 'readwrite');
    const range = IDBKeyRange.bound([this.account, '', ''] as never, [this.account, '\uffff', ''] as never);
    const known = await tx.objectStore('keys').get(this.account);
    const rows = await tx.objectStore('rows').getAllKeys(range);
    const wiped = rows.filter(([, kind]) => kind !== 'outbox');
    for (const row of wiped) await tx.objectStore('rows').delete(row);
    if (wiped.length === rows.length) await tx.objectStore('keys').delete(this.account);
    else await tx.objectStore('keys').put({ ...(known ?? this.key), current: false });
    await tx.done;
  }

  close(): void {
    this.db?.close();
  }

  private async seal(key: CryptoKey, kind: Kind, id: string, value: unknown): Promise<Row> {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const additionalData = bound(this.account, kind, id);
    const data = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData }, key, encode(value));
    return { account: this.account, kind, id, iv, data };
  }

  private async unseal<T>(row: Row): Promise<T | undefined> {
    try {
      const additionalData = bound(row.account, row.kind, row.id);
      const plain = await crypto.subtle.decrypt(
        { name: 'AES-GCM', iv: row.iv, additionalData },
        this.key.key,
        row.data,
      );
      return JSON.parse(new TextDecoder().decode(plain)) as T;
    } catch {
      // A row that does not open was sealed under a key that is gone: it cannot be read by anybody any more.
      return undefined;
    }
  }
}
