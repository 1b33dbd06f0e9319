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
  if (!isObject(frame)) return "broken";
  const { re, ok, err, ev, sig, bye, conversation, seq } = frame;
  if (isObject(err) || (ok !== undefined && Number.isInteger(re))) return "answer";
  if (typeof ev === "string" && typeof conversation === "string" && Number.isInteger(seq)) return "event";
  if (typeof sig === "string") return "signal";
  if (isObject(bye)) return "bye";
  return [re, ok, err, ev, sig, bye].some((part) => part !== undefined) ? "broken" : "unknown";
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
