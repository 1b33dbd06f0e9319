/** `unknown`: a kind of frame from a newer server, to be ignored. `broken`: not a frame at all. */
export type FrameKind = "answer" | "event" | "signal" | "bye" | "unknown" | "broken";

/** Anything but JSON becomes undefined, which is a broken frame. */
export function parse(data: unknown): any {
  try {
    return JSON.parse(data as string);
  } catch {
    return undefined;
  }
}

/** Looks no deeper than the client relies on. */
export function kindOf(frame: any): FrameKind {
  if (typeof frame !== "object" || frame === null || Array.isArray(frame)) return "broken";
  const { re, ok, err, ev, sig, bye, conversation, seq } = frame;
  if (isText(err?.code) || (ok !== undefined && Number.isInteger(re))) return "answer";
  if (isText(ev) && isText(conversation) && Number.isInteger(seq) && seq > 0) return "event";
  if (isText(sig)) return "signal";
  if (isText(bye?.code)) return "bye";
  return [re, ok, err, ev, sig, bye].some((part) => part !== undefined) ? "broken" : "unknown";
}

const isText = (value: unknown): boolean => typeof value === "string";
