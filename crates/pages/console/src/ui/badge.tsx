import type { Status } from "@frontdesk/client";
import { STATUS_LABELS } from "./words";

export function StatusBadge({ status }: { status: Status }) {
  const label = STATUS_LABELS[status];
  return (
    <span class={`badge badge-${status}`} title={label}>
      <span class="badge-text">{label}</span>
    </span>
  );
}
