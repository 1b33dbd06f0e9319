// Turns the addresses in a message into links. What somebody typed stays text: only an address that
// parses as http or https becomes an <a>, and its target is what the parser read, not what was typed.

export interface Part {
  text: string;
  /** Where the text leads, if it is a link. */
  target?: string;
}

const CANDIDATE = /https?:\/\/[^\s<>"'`]+/gi;
const TRAILING = /[.,;:!?…»”’*_]+$/;

export function partsOf(text: string): Part[] {
  const parts: Part[] = [];
  let end = 0;
  for (const match of text.matchAll(CANDIDATE)) {
    const typed = trimmed(match[0]);
    const target = safeTarget(typed);
    if (!target) continue;
    parts.push({ text: text.slice(end, match.index) }, { text: typed, target });
    end = match.index + typed.length;
  }
  parts.push({ text: text.slice(end) });
  return parts.filter((part) => part.text !== "");
}

/** The sentence's own punctuation is not part of the address; a bracket is, if it was opened inside. */
function trimmed(candidate: string): string {
  let typed = candidate.replace(TRAILING, "");
  while (typed.endsWith(")") && typed.split(")").length > typed.split("(").length) {
    typed = typed.slice(0, -1).replace(TRAILING, "");
  }
  return typed;
}

function safeTarget(typed: string): string | undefined {
  let url: URL;
  try {
    url = new URL(typed);
  } catch {
    return undefined;
  }
  const http = url.protocol === "http:" || url.protocol === "https:";
  // A name before the @ is a well-known way to dress up a foreign host as a trusted one.
  return http && url.username === "" && url.password === "" ? url.href : undefined;
}
