// What the page that embeds the widget can ask of it: `Frontdesk.chat('open' | 'close' | 'reset')` and
// `Frontdesk.chat('texts', {…})`.
// A page may call before this script has arrived: a stub keeps the calls in `Frontdesk.chat.q`.

import type { Texts } from "./texts";
import type { Widget } from "./widget";

interface Chat {
  (command?: unknown, payload?: unknown): void;
  /** Only on the stub: calls waiting for the widget. */
  q?: ArrayLike<unknown>[];
  installed?: true;
}

declare global {
  interface Window {
    Frontdesk?: { chat?: Chat };
  }
}

export function isInstalled(): boolean {
  return window.Frontdesk?.chat?.installed === true;
}

export function installApi(widget: Widget): void {
  const waiting = window.Frontdesk?.chat?.q ?? [];
  const chat: Chat = (command, payload) => obey(widget, command, payload);
  chat.installed = true;
  window.Frontdesk = { ...window.Frontdesk, chat };
  for (const call of Array.from(waiting)) chat(call[0], call[1]);
}

function obey(widget: Widget, command: unknown, payload: unknown): void {
  switch (command) {
    case "open":
      return widget.open();
    case "close":
      return widget.close();
    case "reset":
      return widget.reset();
    case "texts":
      return widget.speak(payload as Partial<Texts>);
    default:
      console.warn("Frontdesk: unknown command", command);
  }
}
