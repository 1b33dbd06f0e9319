// The sending shortcut, as it is called on this machine.

const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

export const SEND_SHORTCUT = isMac ? "⌘+Enter" : "Ctrl+Enter";
export const SEND_SHORTCUT_ARIA = isMac ? "Meta+Enter" : "Control+Enter";

export function isSendShortcut(event: KeyboardEvent): boolean {
  // While an input method is composing, Enter is part of the word.
  return event.key === "Enter" && (isMac ? event.metaKey : event.ctrlKey) && !event.isComposing;
}
