// Rows and events to tell stories with.
import type { By, EventFrame, Summary } from "@frontdesk/client";

export const ADA: By = { role: "agent", id: "ag_ada", name: "Ada" };
export const BEN: By = { role: "agent", id: "ag_ben", name: "Ben" };
export const VERA: By = { role: "visitor", id: "v_vera", name: "Vera" };

/** A day of one zone only: tests count days, and must not depend on where they run. */
export const NOON = new Date(2026, 0, 15, 12).getTime();
export const MINUTE = 60_000;

export function row(change: Partial<Summary> = {}): Summary {
  return {
    id: "c_1",
    site: "s_1",
    status: "open",
    owner: null,
    visitor: { id: VERA.id, name: VERA.name, online: true },
    seq: 2,
    started_at: NOON,
    activity_at: NOON,
    preview: { by: VERA, text: "Hello", at: NOON },
    ...change,
  };
}

let lastSeq = 0;

export function said(by: By, text: string, at = NOON, key?: string): EventFrame {
  return { ev: "message.posted", conversation: "c_1", seq: ++lastSeq, at, by, data: { text, ...(key !== undefined && { key }) } };
}

export function noted(by: By, text: string, at = NOON): EventFrame {
  return { ev: "note.posted", conversation: "c_1", seq: ++lastSeq, at, by, data: { text } };
}

export function claimed(by: By, at = NOON): EventFrame {
  return { ev: "conversation.claimed", conversation: "c_1", seq: ++lastSeq, at, by, data: { owner: { id: by.id, name: by.name } } };
}
