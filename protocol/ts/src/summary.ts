import { LIMITS, type EventFrame, type Summary } from "./wire";

/** The summary after one more event. An event that it already counts changes nothing. */
export function advance(summary: Summary, event: EventFrame): Summary {
  if (event.conversation !== summary.id || event.seq <= summary.seq) return summary;
  return { ...summary, seq: event.seq, ...changes(summary, event) };
}

function changes(summary: Summary, event: EventFrame): Partial<Summary> {
  const { at, by } = event;
  switch (event.ev) {
    case "message.posted": {
      const unread = by.role === "visitor" ? (summary.unread ?? 0) + 1 : 0;
      const preview = { by, text: cut(event.data.text), at };
      return { activity_at: at, preview, ...(summary.unread !== undefined && { unread }) };
    }
    case "note.posted":
      return { activity_at: at, preview: { by, text: cut(event.data.text), at } };
    case "conversation.claimed":
      return { owner: event.data.owner };
    case "conversation.unclaimed":
      return { owner: null };
    case "conversation.closed":
      return { status: "closed", activity_at: at, closed_at: at, closed_by: by };
    default:
      return {};
  }
}

/** By characters, as the server counts them, and not by halves of them. */
function cut(text: string): string {
  return [...text].slice(0, LIMITS.preview_chars_max).join("");
}
