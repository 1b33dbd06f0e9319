// Which conversations are listed. The choice lives in the address, so a link reproduces the view.

import type { Counts } from "@frontdesk/client";
import { useEffect, useRef, useState } from "preact/hooks";
import { hrefOf, isForBrowser, navigate, STATUSES, type Filters, type Queue, type Route, type StatusFilter } from "../route";
import { Icon } from "../ui/icon";
import { STATUS_LABELS } from "../ui/words";

const SEARCH_AFTER_MS = 250;
const QUEUE_LABELS: readonly { queue: Queue; label: string; countOf: (counts: Counts) => number }[] = [
  { queue: "all", label: "All", countOf: (counts) => counts.open },
  { queue: "mine", label: "Mine", countOf: (counts) => counts.mine },
  { queue: "unassigned", label: "Unassigned", countOf: (counts) => counts.unassigned },
];

interface Props {
  route: Route;
  counts: Counts | undefined;
}

export function InboxFilters({ route, counts }: Props) {
  return (
    <div class="filters">
      <QueueFilter route={route} counts={counts} />
      <div class="filters-more">
        <SearchBox route={route} />
        <StatusSelect route={route} />
      </div>
    </div>
  );
}

function QueueFilter({ route, counts }: Props) {
  return (
    <nav class="queues" aria-label="Queue">
      {QUEUE_LABELS.map(({ queue, label, countOf }) => {
        const target = withFilters(route, { queue });
        return (
          <a
            key={queue}
            class="queue"
            href={hrefOf(target)}
            aria-current={route.filters.queue === queue ? "true" : undefined}
            onClick={(event) => {
              if (isForBrowser(event)) return;
              event.preventDefault();
              navigate(target);
            }}
          >
            {label}
            {counts !== undefined && <span class="queue-count">{countOf(counts).toLocaleString()}</span>}
          </a>
        );
      })}
    </nav>
  );
}

function StatusSelect({ route }: { route: Route }) {
  const labelOf = (status: StatusFilter) => (status === "all" ? "All" : STATUS_LABELS[status]);
  return (
    <label class="status-filter">
      <span class="sr-only">Status</span>
      <select
        class="input select"
        value={route.filters.status}
        onChange={(event) => navigate(withFilters(route, { status: event.currentTarget.value as StatusFilter }))}
      >
        {STATUSES.map((status) => (
          <option key={status} value={status}>
            {labelOf(status)}
          </option>
        ))}
      </select>
      <Icon name="chevron" />
    </label>
  );
}

function SearchBox({ route }: { route: Route }) {
  const { search } = route.filters;
  const [text, setText] = useState(search);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);

  // The address may change by itself: back, forward, another filter.
  useEffect(() => setText(search), [search]);
  useEffect(() => () => clearTimeout(timer.current), []);

  const type = (next: string) => {
    setText(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => navigate(withFilters(route, { search: next.trim() }), "replace"), SEARCH_AFTER_MS);
  };
  return (
    <label class="search">
      <Icon name="search" />
      <input
        class="input"
        type="search"
        aria-label="Search conversations"
        placeholder="Search conversations…"
        maxLength={200}
        value={text}
        onInput={(event) => type(event.currentTarget.value)}
      />
    </label>
  );
}

function withFilters(route: Route, change: Partial<Filters>): Route {
  return { ...route, filters: { ...route.filters, ...change } };
}
