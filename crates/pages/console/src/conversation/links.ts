// Finds web addresses in plain text. Whatever is not a well-formed http(s) address stays text.

export type Piece = { text: string } | { text: string; href: string };

const CANDIDATE = /https?:\/\/[^\s<>"'`\u202a-\u202e\u2066-\u2069]+/giu;
const CLOSERS: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };

export function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(CANDIDATE)) {
    const address = withoutTail(match[0]);
    const href = safeHref(address);
    if (href === undefined) continue;
    if (match.index > end) pieces.push({ text: text.slice(end, match.index) });
    pieces.push({ text: address, href });
    end = match.index + address.length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end) });
  return pieces;
}

/** Only what the URL parser itself calls http or https, and never with a user name to mislead. */
function safeHref(address: string): string | undefined {
  if (!URL.canParse(address)) return undefined;
  const url = new URL(address);
  const isWeb = url.protocol === "http:" || url.protocol === "https:";
  return isWeb && url.username === "" && url.password === "" ? url.href : undefined;
}

/** A full stop or an unopened bracket at the end belongs to the sentence. */
function withoutTail(address: string): string {
  let kept = address;
  for (;;) {
    const last = kept.at(-1) ?? "";
    const opener = CLOSERS[last];
    const isTail = /[.,;:!?…]/u.test(last) || (opener !== undefined && count(kept, last) > count(kept, opener));
    if (!isTail) return kept;
    kept = kept.slice(0, -1);
  }
}

function count(text: string, char: string): number {
  return text.split(char).length - 1;
}
