// What stands above the list while rows are ticked, and afterwards what came of it.

import type { Summary } from "@frontdesk/client";
import { useState } from "preact/hooks";
import { BULK_LABELS, isEligible, outcomeOf, type BulkAction, type Outcome } from "./bulk";
import type { Desk } from "../live/desk";
import { explain } from "../live/refusals";
import { Dialog } from "../ui/dialog";
import { Icon } from "../ui/icon";
import { toast } from "../ui/toast";

const ACTIONS = ["claim", "unclaim", "close"] as const;

interface Props {
  desk: Desk;
  rows: readonly Summary[];
  onDone: () => void;
}

export function BulkBar({ desk, rows, onDone }: Props) {
  const [isBusy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<Outcome>();
  const [asksToClose, setAsksToClose] = useState(false);

  const run = async (action: BulkAction) => {
    setAsksToClose(false);
    setBusy(true);
    try {
      const conversations = rows.map(({ id }) => id);
      const { results } = await desk.client.command("bulk", { action, conversations });
      setOutcome(outcomeOf(action, results, (id) => desk.row(id)));
      onDone();
    } catch (error) {
      toast("error", explain(error));
    } finally {
      setBusy(false);
    }
  };
  const isPossible = (action: BulkAction) => rows.some((row) => isEligible(row, action, desk.me.id));
  const ask = (action: BulkAction) => (action === "close" ? setAsksToClose(true) : run(action));
  return (
    <>
      {rows.length > 0 && (
        <div class="bulk" role="toolbar" aria-label="Selected conversations">
          <span class="bulk-count" role="status">{rows.length} selected</span>
          {ACTIONS.map((action) => (
            <button key={action} type="button" class="button" disabled={isBusy || !isPossible(action)} onClick={() => ask(action)}>
              {BULK_LABELS[action]}
            </button>
          ))}
          <button type="button" class="link-button" onClick={onDone}>
            Clear selection
          </button>
        </div>
      )}
      {outcome !== undefined && rows.length === 0 && <OutcomeNote outcome={outcome} onDismiss={() => setOutcome(undefined)} />}
      {asksToClose && (
        <Dialog title={closeQuestion(rows.length)} doIt="Close" isDanger onDo={() => run("close")} onCancel={() => setAsksToClose(false)}>
          <p>Only those assigned to you are closed. Their visitors can no longer write in them.</p>
        </Dialog>
      )}
    </>
  );
}

function closeQuestion(count: number): string {
  return count === 1 ? "Close the selected conversation?" : `Close the ${count} selected conversations?`;
}

function OutcomeNote({ outcome, onDismiss }: { outcome: Outcome; onDismiss: () => void }) {
  return (
    <div class="outcome">
      <div class="outcome-text" role="status">
        <p class="outcome-headline">{outcome.headline}</p>
        {outcome.skipped.length > 0 && (
          <ul class="outcome-skipped">
            {outcome.skipped.map(({ id, name, why }) => (
              <li key={id}>
                <bdi class="outcome-name">{name}</bdi> <span>{why}</span>
              </li>
            ))}
          </ul>
        )}
      </div>
      <button type="button" class="icon-button" aria-label="Dismiss" onClick={onDismiss}>
        <Icon name="cross" />
      </button>
    </div>
  );
}
