// Turns events and unsent messages into what the transcript shows, top to bottom.

import type { EventFrame } from "@frontdesk/client";
import { startOfDay } from "../ui/time";
import type { Pending } from "../live/unsent";

const GROUP_GAP_MS = 5 * 60_000;

export interface Bubble {
  key: string;
  text: string;
  at: number;
  pending?: Pending;
}

export type Voice = "visitor" | "agent" | "note";

export interface Author {
  id: string;
  name: string | undefined;
}

export type Item =
  | { kind: "day"; key: string; at: number }
  | { kind: "new"; key: string; at: number }
  | { kind: "system"; key: string; at: number; who: string | undefined; says: string }
  | { kind: "group"; key: string; voice: Voice; author: Author; own: boolean; bubbles: Bubble[] };

const SYSTEM_LINES: Readonly<Record<string, string>> = {
  "conversation.started": "started this conversation",
  "conversation.claimed": "claimed this conversation",
  "conversation.unclaimed": "released this conversation",
  "conversation.closed": "closed this conversation",
};

/** `newFrom`: the first event that the agent has not seen before. */
export function itemsOf(events: readonly EventFrame[], pending: readonly Pending[], me: Author, newFrom?: number): Item[] {
  const items: Item[] = [];
  for (const event of events) {
    addDay(items, event.at);
    if (event.seq === newFrom) items.push({ kind: "new", key: `n${event.seq}`, at: event.at });
    const says = SYSTEM_LINES[event.ev];
    if (says !== undefined) {
      items.push({ kind: "system", key: `s${event.seq}`, at: event.at, who: event.by.name, says });
    } else {
      const voice = voiceOf(event);
      if (voice === undefined) continue;
      addBubble(items, voice, event.by, event.by.role === "agent" && event.by.id === me.id, bubbleOf(event));
    }
  }
  for (const each of pending) {
    addDay(items, each.at);
    const bubble = { key: `k${each.key}`, text: each.text, at: each.at, pending: each };
    addBubble(items, each.kind === "note" ? "note" : "agent", me, true, bubble);
  }
  return items;
}

/** The first message of the visitor's that no agent has answered, if one was answered before. */
export function firstUnanswered(events: readonly EventFrame[]): number | undefined {
  const answered = events.findLastIndex((event) => voiceOf(event) === "agent");
  return answered === -1 ? undefined : firstOfVisitor(events.slice(answered));
}

export function firstOfVisitor(events: readonly EventFrame[]): number | undefined {
  return events.find((event) => voiceOf(event) === "visitor")?.seq;
}

/** The key keeps one element through "Sending…" and "Sent", so that nothing flickers. */
function bubbleOf(event: EventFrame): Bubble {
  const { text, key } = event.data as { text?: unknown; key?: unknown };
  return {
    key: typeof key === "string" ? `k${key}` : `e${event.seq}`,
    text: typeof text === "string" ? text : "",
    at: event.at,
  };
}

function voiceOf(event: EventFrame): Voice | undefined {
  if (event.ev === "note.posted") return "note";
  if (event.ev !== "message.posted") return undefined;
  return event.by.role === "visitor" ? "visitor" : "agent";
}

function addDay(items: Item[], at: number): void {
  const last = items.at(-1);
  if (last !== undefined && startOfDay(lastTime(last)) >= startOfDay(at)) return;
  items.push({ kind: "day", key: `d${startOfDay(at)}`, at });
}

function addBubble(items: Item[], voice: Voice, author: Author, own: boolean, bubble: Bubble): void {
  const last = items.at(-1);
  const joins =
    last?.kind === "group" && last.voice === voice && last.author.id === author.id && bubble.at - lastTime(last) < GROUP_GAP_MS;
  if (joins) last.bubbles.push(bubble);
  else items.push({ kind: "group", key: bubble.key, voice, author, own, bubbles: [bubble] });
}

function lastTime(item: Item): number {
  return item.kind === "group" ? (item.bubbles.at(-1)?.at ?? 0) : item.at;
}
