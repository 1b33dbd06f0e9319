// What can be done with many rows at once, to which of them, and what came of it.

import { ApiError, type Ok, type Summary } from "@frontdesk/client";
import { explain } from "../live/refusals";
import { visitorName } from "../ui/words";

export type BulkAction = "claim" | "unclaim" | "close";

export const BULK_LABELS: Readonly<Record<BulkAction, string>> = { claim: "Claim", unclaim: "Unclaim", close: "Close" };
const DONE: Readonly<Record<BulkAction, string>> = { claim: "claimed", unclaim: "unclaimed", close: "closed" };

/** The single-item rules; the server judges by the same. */
export function isEligible({ status, owner }: Summary, action: BulkAction, me: string): boolean {
  if (status !== "open") return false;
  return action === "claim" ? owner === null : owner?.id === me;
}

export interface Outcome {
  /** "3 claimed, 1 skipped" */
  headline: string;
  /** Who was skipped, and why. */
  skipped: readonly { id: string; name: string; why: string }[];
}

type Results = Ok<"bulk">["results"];

export function outcomeOf(action: BulkAction, results: Results, rowOf: (id: string) => Summary | undefined): Outcome {
  const skipped = results.flatMap(({ conversation: id, err }) => {
    if (err === undefined) return [];
    const row = rowOf(id);
    return [{ id, name: row === undefined ? id : visitorName(row.visitor), why: reason(action, new ApiError(err)) }];
  });
  const done = results.length - skipped.length;
  const headline = skipped.length === 0 ? `${done} ${DONE[action]}` : `${done} ${DONE[action]}, ${skipped.length} skipped`;
  return { headline, skipped };
}

function reason(action: BulkAction, error: ApiError): string {
  if (error.code !== "not_owner") return explain(error);
  const { owner } = error.detail;
  if (owner == null) return action === "close" ? "Claim this conversation to close it." : "Nobody has claimed it.";
  return `Assigned to ${owner.name}.`;
}
