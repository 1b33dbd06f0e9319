// What one site's widget remembers in this browser. Private windows and strict settings may refuse
// storage: then everything lives as long as the page, and nothing else changes.

export class SiteStorage {
  readonly #prefix: string;
  readonly #memory = new Map<string, string>();

  constructor(site: string) {
    this.#prefix = `frontdesk:${site}:`;
  }

  text(name: string): string | undefined {
    const kept = this.#memory.get(name);
    if (kept !== undefined) return kept;
    try {
      return localStorage.getItem(this.#prefix + name) ?? undefined;
    } catch {
      return undefined;
    }
  }

  setText(name: string, value: string | undefined): void {
    this.#memory.delete(name);
    try {
      if (value === undefined) localStorage.removeItem(this.#prefix + name);
      else localStorage.setItem(this.#prefix + name, value);
    } catch {
      if (value !== undefined) this.#memory.set(name, value);
    }
  }

  /** What was stored under this name; undefined if it was not stored by us. */
  json<T>(name: string): T | undefined {
    try {
      return JSON.parse(this.text(name) ?? "null") ?? undefined;
    } catch {
      return undefined;
    }
  }

  setJson(name: string, value: unknown): void {
    this.setText(name, value === undefined ? undefined : JSON.stringify(value));
  }

  /** Calls back when another tab changed one of this site's entries. */
  onForeignChange(changed: (name: string) => void): void {
    addEventListener("storage", (event) => {
      if (event.key?.startsWith(this.#prefix)) changed(event.key.slice(this.#prefix.length));
    });
  }
}
