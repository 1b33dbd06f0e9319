// Around the end: the question when the visitor has just written, and what is offered after it.

import { useEffect, useRef } from "preact/hooks";
import type { Unseen } from "./thread";
import type { Desk } from "../live/desk";
import { explain } from "../live/refusals";
import { navigate, type View } from "../route";
import { Dialog } from "../ui/dialog";
import { Icon } from "../ui/icon";
import { toast } from "../ui/toast";
import { CLOSED_FOOTER } from "../ui/words";

interface UnseenProps {
  name: string;
  unseen: Unseen;
  onClose: () => void;
  onCancel: () => void;
}

export function UnseenQuestion({ name, unseen, onClose, onCancel }: UnseenProps) {
  return (
    <Dialog title={`${name} has just written`} doIt="Close all the same" isDanger onDo={onClose} onCancel={onCancel}>
      <ul class="unseen" aria-label="Not seen yet">
        {unseen.texts.map((text, index) => (
          <li key={index} dir="auto">
            {text}
          </li>
        ))}
      </ul>
      <p>The conversation is still open. Close it all the same?</p>
    </Dialog>
  );
}

interface FooterProps {
  desk: Desk;
  view: View;
}

export function ClosedFooter({ desk, view }: FooterProps) {
  const next = useRef<HTMLButtonElement>(null);
  // The caret was in the composer or on a button that is gone; so the next one is one key away.
  useEffect(() => {
    if (document.activeElement === document.body) next.current?.focus({ preventScroll: true });
  }, []);
  return (
    <footer class="closed-footer">
      <Icon name="lock" />
      <span role="status">{CLOSED_FOOTER}</span>
      <button ref={next} type="button" class="button" onClick={() => goToNext(desk, view)}>
        Next unassigned
        <Icon name="forward" />
      </button>
    </footer>
  );
}

/** To whom has waited longest. */
async function goToNext(desk: Desk, view: View): Promise<void> {
  try {
    const { rows } = await desk.client.ask("inbox.list", { queue: "unassigned", sort: "started", order: "asc", limit: 1 });
    const [row] = rows;
    if (row === undefined) return toast("info", "Nobody is waiting.");
    desk.learnAll(rows);
    navigate({ conversation: row.id, view });
  } catch (error) {
    toast("error", explain(error));
  }
}
