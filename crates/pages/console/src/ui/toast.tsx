// Short messages over the page, where they cover neither header nor composer. Nothing that went wrong is ever only in the log.

import { useEffect } from "preact/hooks";
import { Store, useStore } from "../live/store";
import { Icon } from "./icon";

interface Toast {
  id: number;
  kind: "error" | "info";
  text: string;
}

const TOASTS_MAX = 4;
const toasts = new Store<readonly Toast[]>([]);
let lastId = 0;

export function toast(kind: Toast["kind"], text: string): void {
  const id = ++lastId;
  // Saying the same thing twice only replaces it.
  toasts.update((all) => [...all.filter((each) => each.text !== text), { id, kind, text }].slice(-TOASTS_MAX));
}

export function Toasts() {
  const all = useStore(toasts);
  return (
    <div class="toasts">
      {all.map((each) => (
        <ToastItem key={each.id} {...each} />
      ))}
    </div>
  );
}

function ToastItem({ id, kind, text }: Toast) {
  useEffect(() => {
    const timer = setTimeout(() => dismiss(id), kind === "error" ? 10_000 : 5_000);
    return () => clearTimeout(timer);
  }, [id, kind]);
  return (
    <div class={`toast toast-${kind}`} role={kind === "error" ? "alert" : "status"}>
      <Icon name={kind === "error" ? "warning" : "info"} />
      <span class="toast-text" dir="auto">{text}</span>
      <button type="button" class="icon-button" aria-label="Dismiss" onClick={() => dismiss(id)}>
        <Icon name="cross" />
      </button>
    </div>
  );
}

function dismiss(id: number): void {
  toasts.update((all) => all.filter((each) => each.id !== id));
}
