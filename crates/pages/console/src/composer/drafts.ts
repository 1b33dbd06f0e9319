// What has been typed and not sent: one text for each conversation and tab, for as long as the
// browser tab lives. A note's text can thus never slip into a reply.

export type Tab = "reply" | "note";

const memory = new Map<string, string>();
const listeners = new Set<() => void>();

export function draftOf(agent: string, conversation: string, tab: Tab): string {
  const name = nameOf(agent, conversation, tab);
  return memory.get(name) ?? stored(name) ?? "";
}

export function keepDraft(agent: string, conversation: string, tab: Tab, text: string): void {
  const name = nameOf(agent, conversation, tab);
  memory.set(name, text);
  try {
    if (text === "") sessionStorage.removeItem(name);
    else sessionStorage.setItem(name, text);
  } catch {
    // Storage may be full or forbidden; the draft then lives as long as the page.
  }
}

/** Puts a refused text back, before whatever has been typed since. */
export function returnToDraft(agent: string, conversation: string, tab: Tab, text: string): void {
  const typed = draftOf(agent, conversation, tab);
  keepDraft(agent, conversation, tab, typed.trim() === "" ? text : `${text}\n\n${typed}`);
  for (const listener of listeners) listener();
}

export function onDraftReturned(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function nameOf(agent: string, conversation: string, tab: Tab): string {
  return `frontdesk.draft.${agent}.${conversation}.${tab}`;
}

function stored(name: string): string | null {
  try {
    return sessionStorage.getItem(name);
  } catch {
    return null;
  }
}
