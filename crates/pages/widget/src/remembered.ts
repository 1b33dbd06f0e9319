// What the widget remembers of the visitor's conversation between pages: enough to know whether a
// connection is worth its socket, and what has been seen.

import type { SiteStorage } from "./storage";

export interface Remembered {
  id: string;
  open: boolean;
  /** The last number that the visitor has had before their eyes. */
  seen: number;
}

export const CONVERSATION_ENTRY = "conversation";

export function recall(storage: SiteStorage): Remembered | undefined {
  return storage.json(CONVERSATION_ENTRY);
}

export function remember(storage: SiteStorage, conversation: Remembered | undefined): void {
  storage.setJson(CONVERSATION_ENTRY, conversation);
}
