// From a conversation's events and the texts still on their way to the lines that are shown. Pure: no
// document, no clock.

import type { EventFrame } from "@frontdesk/client";
import type { Unsent } from "./outbox";

export type Delivery = "sending" | "sent" | "failed";

export interface Message {
  kind: "message";
  id: string;
  mine: boolean;
  /** The agent's name, "" when unknown. */
  name: string;
  text: string;
  at: number;
  /** The first and the last of a run by one author: they carry the name and the time. */
  first: boolean;
  last: boolean;
  delivery: Delivery | undefined;
  key: string | undefined;
}

export type Line =
  | Message
  | { kind: "day"; id: string; at: number }
  | { kind: "joined"; id: string; name: string };

type Posted = Extract<EventFrame, { ev: "message.posted" }>;

const RUN_GAP_MS = 5 * 60_000;

export function linesOf(events: readonly EventFrame[], unsent: readonly Unsent[]): Line[] {
  const lines: Line[] = [];
  for (const event of events) {
    if (event.ev === "message.posted") add(lines, messageOf(event));
    else if (event.ev === "conversation.claimed") {
      addDay(lines, event.at);
      lines.push({ kind: "joined", id: `e${event.seq}`, name: event.by.name });
    }
  }
  const arrived = new Set(lines.map((line) => line.id));
  const newest = events.at(-1)?.at ?? 0;
  for (const item of unsent) {
    const message = messageOnItsWay(item, newest);
    if (!arrived.has(message.id)) add(lines, message);
  }
  return lines;
}

/** The agent's messages after the last one that was seen. */
export function unreadIn(events: readonly EventFrame[], seenSeq: number): number {
  return events.filter(({ ev, by, seq }) => ev === "message.posted" && by.role === "agent" && seq > seenSeq).length;
}

function messageOf({ seq, at, by, data: { text, key } }: Posted): Message {
  const mine = by.role === "visitor";
  const name = mine ? "" : by.name;
  // The same line before and after the server's answer, so that it does not flicker.
  const id = key === undefined ? `e${seq}` : `k${key}`;
  return { kind: "message", id, mine, name, text, at, first: true, last: true, delivery: mine ? "sent" : undefined, key };
}

function messageOnItsWay({ key, text, at: writtenAt, state }: Unsent, newest: number): Message {
  const delivery = state === "accepted" ? "sent" : state === "waiting" ? "sending" : "failed";
  // This device's clock may be behind the server's.
  const at = Math.max(writtenAt, newest);
  return { kind: "message", id: `k${key}`, mine: true, name: "", text, at, first: true, last: true, delivery, key };
}

function add(lines: Line[], message: Message): void {
  addDay(lines, message.at);
  const before = lines.at(-1);
  if (before?.kind === "message" && sameRun(before, message)) {
    before.last = false;
    message.first = false;
  }
  lines.push(message);
}

function sameRun(before: Message, message: Message): boolean {
  return before.mine === message.mine && before.name === message.name && message.at - before.at < RUN_GAP_MS;
}

function addDay(lines: Line[], at: number): void {
  const day = new Date(at).toDateString();
  const last = lines.findLast((line) => line.kind === "message" || line.kind === "day");
  if (last && "at" in last && new Date(last.at).toDateString() === day) return;
  lines.push({ kind: "day", id: `d${day}`, at });
}
