// Which conversations are listed. The choice lives in the address, so a link reproduces the view.

import type { Counts } from "@frontdesk/client";
import { useEffect, useRef, useState } from "preact/hooks";
import { hrefOf, isForBrowser, navigate, STATUSES, withView, type Queue, type Route, type StatusFilter } from "../route";
import { Icon } from "../ui/icon";
import { QUEUE_LABELS, statusFilterLabel } from "../ui/words";

const SEARCH_AFTER_MS = 250;
const COUNTS: readonly { queue: Queue; countOf: (counts: Counts) => number }[] = [
  { queue: "all", countOf: (counts) => counts.open },
  { queue: "mine", countOf: (counts) => counts.mine },
  { queue: "unassigned", countOf: (counts) => counts.unassigned },
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
      {COUNTS.map(({ queue, countOf }) => {
        const target = withView(route, { queue });
        return (
          <a
            key={queue}
            class="queue"
            href={hrefOf(target)}
            aria-current={route.view.queue === queue ? "true" : undefined}
            onClick={(event) => {
              if (isForBrowser(event)) return;
              event.preventDefault();
              navigate(target);
            }}
          >
            {QUEUE_LABELS[queue]}
            {counts !== undefined && <span class="queue-count">{countOf(counts).toLocaleString()}</span>}
          </a>
        );
      })}
    </nav>
  );
}

function StatusSelect({ route }: { route: Route }) {
  return (
    <label class="status-filter">
      <span class="sr-only">Status</span>
      <select
        class="input select"
        value={route.view.status}
        onChange={(event) => navigate(withView(route, { status: event.currentTarget.value as StatusFilter }))}
      >
        {STATUSES.map((status) => (
          <option key={status} value={status}>
            {statusFilterLabel(status)}
          </option>
        ))}
      </select>
      <Icon name="chevron" />
    </label>
  );
}

function SearchBox({ route }: { route: Route }) {
  const { search } = route.view;
  const [text, setText] = useState(search);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);

  // The address may change by itself: back, forward, another filter.
  useEffect(() => setText(search), [search]);
  useEffect(() => () => clearTimeout(timer.current), []);

  const type = (next: string) => {
    setText(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => navigate(withView(route, { search: next.trim() }), "replace"), SEARCH_AFTER_MS);
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
