// Each filter in force, with a cross to take it away.

import { DEFAULT_FILTERS, navigate, withView, type Filters, type Route } from "../route";
import { Icon } from "../ui/icon";
import { QUEUE_LABELS, statusFilterLabel } from "../ui/words";

export interface Chip {
  label: string;
  without: Partial<Filters>;
}

/** What narrows the list; a list of everything has none. */
export function chipsOf({ queue, status, search }: Filters): Chip[] {
  const chips: Chip[] = [];
  if (queue !== "all") chips.push({ label: `Queue: ${QUEUE_LABELS[queue]}`, without: { queue: "all" } });
  if (status !== "all") chips.push({ label: `Status: ${statusFilterLabel(status)}`, without: { status: "all" } });
  if (search !== "") chips.push({ label: `Search: ${search}`, without: { search: "" } });
  return chips;
}

export function Chips({ route }: { route: Route }) {
  const { queue, status, search } = route.view;
  const chips = chipsOf(route.view);
  const isUsual = queue === DEFAULT_FILTERS.queue && status === DEFAULT_FILTERS.status && search === "";
  if (chips.length === 0) return null;
  return (
    <div class="chips" role="group" aria-label="Filters in force">
      {chips.map(({ label, without }) => (
        <span key={label} class="chip">
          <bdi class="chip-text">{label}</bdi>
          <button type="button" class="chip-remove" aria-label={`Remove filter ${label}`} onClick={() => navigate(withView(route, without))}>
            <Icon name="cross" />
          </button>
        </span>
      ))}
      {!isUsual && (
        <button type="button" class="link-button" onClick={() => navigate(withView(route, DEFAULT_FILTERS))}>
          Reset filters
        </button>
      )}
    </div>
  );
}
