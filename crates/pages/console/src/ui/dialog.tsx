// A question that has to be answered before anything else: the browser's own modal dialog.

import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

interface Props {
  title: string;
  children?: ComponentChildren;
  /** What the button says that does it. */
  doIt: string;
  isDanger?: boolean;
  /** Not yet: something is missing. */
  isBlocked?: boolean;
  onDo: () => void;
  onCancel: () => void;
}

export function Dialog({ title, children, doIt, isDanger = false, isBlocked = false, onDo, onCancel }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const name = useId();
  useEffect(() => dialog.current?.showModal(), []);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (!isBlocked) onDo();
  };
  return (
    <dialog class="dialog" ref={dialog} aria-labelledby={name} onCancel={onCancel}>
      <form class="dialog-form" onSubmit={submit}>
        <h2 id={name}>{title}</h2>
        {children}
        <div class="dialog-actions">
          <button type="button" class="button" onClick={onCancel}>
            Cancel
          </button>
          <button type="submit" class={isDanger ? "button button-danger" : "button button-primary"} disabled={isBlocked}>
            {doIt}
          </button>
        </div>
      </form>
    </dialog>
  );
}
