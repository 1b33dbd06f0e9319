// Addresses and what they mean. `/dashboard/chat/inbox?queue=mine` is a list,
// `/dashboard/chat/inbox/{id}?queue=mine` a conversation with that list beside it.

import { useEffect, useState } from "preact/hooks";

export const QUEUES = ["all", "mine", "unassigned"] as const;
export const STATUSES = ["all", "open", "closed", "converted"] as const;
export type Queue = (typeof QUEUES)[number];
export type StatusFilter = (typeof STATUSES)[number];

export interface Filters {
  queue: Queue;
  status: StatusFilter;
  search: string;
}

export interface Route {
  conversation: string | null;
  filters: Filters;
}

const INBOX = "/dashboard/chat/inbox";
export const DEFAULT_FILTERS: Filters = { queue: "all", status: "open", search: "" };

export function parseRoute(path: string, query: string): Route {
  const params = new URLSearchParams(query);
  return {
    conversation: conversationIn(path),
    filters: {
      queue: oneOf(QUEUES, params.get("queue"), DEFAULT_FILTERS.queue),
      status: oneOf(STATUSES, params.get("status"), DEFAULT_FILTERS.status),
      search: (params.get("q") ?? "").slice(0, 200),
    },
  };
}

export function hrefOf(route: Route): string {
  const params = new URLSearchParams();
  const { queue, status, search } = route.filters;
  if (queue !== DEFAULT_FILTERS.queue) params.set("queue", queue);
  if (status !== DEFAULT_FILTERS.status) params.set("status", status);
  if (search !== "") params.set("q", search);
  const path = route.conversation === null ? INBOX : `${INBOX}/${encodeURIComponent(route.conversation)}`;
  const query = params.toString();
  return query === "" ? path : `${path}?${query}`;
}

/** Goes to a route, as a new step in the history or in place of the present one. */
export function navigate(route: Route, how: "push" | "replace" = "push"): void {
  const href = hrefOf(route);
  if (href !== location.pathname + location.search) {
    if (how === "push") history.pushState(null, "", href);
    else history.replaceState(null, "", href);
  }
  for (const listener of listeners) listener();
}

export function useRoute(): Route {
  const [route, setRoute] = useState(current);
  useEffect(() => {
    const update = () => setRoute(current());
    listeners.add(update);
    addEventListener("popstate", update);
    return () => {
      listeners.delete(update);
      removeEventListener("popstate", update);
    };
  }, []);
  return route;
}

/** A click that the browser should handle itself: another tab, another window, a download. */
export function isForBrowser(event: MouseEvent): boolean {
  return event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
}

const listeners = new Set<() => void>();

function current(): Route {
  return parseRoute(location.pathname, location.search);
}

function conversationIn(path: string): string | null {
  const rest = path.startsWith(`${INBOX}/`) ? path.slice(INBOX.length + 1).replace(/\/$/, "") : "";
  if (rest === "" || rest.includes("/")) return null;
  try {
    return decodeURIComponent(rest);
  } catch {
    return null;
  }
}

function oneOf<T extends string>(known: readonly T[], value: string | null, otherwise: T): T {
  return known.find((each) => each === value) ?? otherwise;
}
