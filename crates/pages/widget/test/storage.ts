import { SiteStorage } from "../src/storage";

/** A browser's storage that a test can look into. */
export class FakeStorage {
  readonly entries = new Map<string, string>();
  getItem = (name: string): string | null => this.entries.get(name) ?? null;
  setItem = (name: string, value: string): void => void this.entries.set(name, value);
  removeItem = (name: string): void => void this.entries.delete(name);
}

/** Two tabs of one browser have one storage; `denied` is a browser that lets nobody store. */
export function browser(denied = false): () => SiteStorage {
  const storage = new FakeStorage();
  Object.defineProperty(globalThis, "localStorage", {
    configurable: true,
    get() {
      if (denied) throw new Error("denied");
      return storage;
    },
  });
  return () => new SiteStorage("site");
}
