// What the page keeps in the browser, in tables of IndexedDB: there without a network, and on an origin that is not secure.

export interface Table<T> {
  all(): Promise<T[]>;
  get(id: string): Promise<T | undefined>;
  // All of it or nothing.
  change(put: readonly T[], remove: readonly string[]): Promise<void>;
  clear(): Promise<void>;
}

const NAME = 'atelier';
const VERSION = 1;
// Each with the field its rows are known by.
export const TABLES = { journal: 'key', threads: 'id' } as const;
export type TableName = keyof typeof TABLES;

// For where the browser keeps nothing: it lasts as long as the page.
export class MemoryTable<T> implements Table<T> {
  #rows = new Map<string, T>();
  #key: keyof T;

  constructor(key: keyof T) {
    this.#key = key;
  }
  all = async (): Promise<T[]> => structuredClone([...this.#rows.values()]);
  get = async (id: string): Promise<T | undefined> => structuredClone(this.#rows.get(id));
  change = async (put: readonly T[], remove: readonly string[]): Promise<void> => {
    remove.forEach((id) => this.#rows.delete(id));
    put.forEach((row) => this.#rows.set(String(row[this.#key]), structuredClone(row)));
  };
  clear = async (): Promise<void> => this.#rows.clear();
}

const answerOf = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

class StoredTable<T> implements Table<T> {
  #database: IDBDatabase;
  #name: TableName;

  constructor(database: IDBDatabase, name: TableName) {
    this.#database = database;
    this.#name = name;
  }
  #store = (mode: IDBTransactionMode): IDBObjectStore => this.#database.transaction(this.#name, mode).objectStore(this.#name);
  all = async (): Promise<T[]> => answerOf(this.#store('readonly').getAll() as IDBRequest<T[]>);
  get = async (id: string): Promise<T | undefined> => answerOf(this.#store('readonly').get(id) as IDBRequest<T | undefined>);
  change = (put: readonly T[], remove: readonly string[]): Promise<void> =>
    this.#write((store) => {
      remove.forEach((id) => store.delete(id));
      put.forEach((row) => store.put(row));
    });
  clear = (): Promise<void> => this.#write((store) => store.clear());

  async #write(work: (store: IDBObjectStore) => void): Promise<void> {
    const store = this.#store('readwrite');
    const { transaction } = store;
    work(store);
    await new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = transaction.onerror = () => reject(transaction.error);
    });
  }
}

function openDatabase(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => {
      for (const [name, keyPath] of Object.entries(TABLES)) if (!request.result.objectStoreNames.contains(name)) request.result.createObjectStore(name, { keyPath });
    };
    request.onsuccess = () => {
      // A newer page must be able to change the tables.
      request.result.onversionchange = () => request.result.close();
      resolve(request.result);
    };
    request.onerror = request.onblocked = () => reject(request.error ?? new Error('blocked'));
  });
}

// Never fails: a browser that keeps nothing gives tables that last as long as the page.
export async function openTables(): Promise<<T>(name: TableName) => Table<T>> {
  try {
    const database = await openDatabase();
    return (name) => new StoredTable(database, name);
  } catch {
    return <T>(name: TableName) => new MemoryTable<T>(TABLES[name] as keyof T);
  }
}
