// Numbered pages on a list that is read by cursors. A cursor stands at a row, not at a number: turning to
// the next page and back shows what was there, also while rows above come and go.

import type { InboxPage } from "@frontdesk/client";

const ROWS_MAX = 100;

export interface Part {
  limit: number;
  cursor?: string;
}

export class Pages {
  readonly #list: (part: Part) => Promise<InboxPage>;
  readonly #size: number;
  /** By the number of rows before them. */
  readonly #cursors = new Map<number, string>();

  constructor(list: (part: Part) => Promise<InboxPage>, size: number) {
    this.#list = list;
    this.#size = size;
  }

  /** Page `page`, from 1; behind the last page, one without rows. */
  async page(page: number): Promise<InboxPage> {
    const wanted = (page - 1) * this.#size;
    let at = Math.max(0, ...[...this.#cursors.keys()].filter((known) => known <= wanted));
    while (at < wanted) {
      const limit = Math.min(ROWS_MAX, wanted - at);
      const skipped = await this.#from(at, limit);
      if (skipped.next === undefined) return { ...skipped, rows: [] };
      at += limit;
    }
    return this.#from(at, this.#size);
  }

  /** Rows have moved from page to page: where pages begin is found out anew. */
  forget(): void {
    this.#cursors.clear();
  }

  async #from(at: number, limit: number): Promise<InboxPage> {
    // The first page has no cursor: it begins where the list begins.
    const cursor = this.#cursors.get(at);
    const page = await this.#list({ limit, ...(cursor !== undefined && { cursor }) });
    if (page.next !== undefined) this.#cursors.set(at + limit, page.next);
    return page;
  }
}
