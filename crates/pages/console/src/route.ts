// Addresses and what they mean. `/dashboard/chat/inbox?queue=mine` is a list,
// `/dashboard/chat/inbox/{id}?queue=mine` a conversation with that list beside it.
// What the list shows, its order and its page are all in the address, so a link reproduces the view.

import { useEffect, useState } from "preact/hooks";

export const QUEUES = ["all", "mine", "unassigned"] as const;
export const STATUSES = ["all", "open", "closed", "converted"] as const;
export const SORTS = ["activity", "started", "visitor", "status", "assignee"] as const;
export const ORDERS = ["desc", "asc"] as const;
export const PAGE_SIZES = [10, 25, 50, 100] as const;
export type Queue = (typeof QUEUES)[number];
export type StatusFilter = (typeof STATUSES)[number];
export type Sort = (typeof SORTS)[number];
export type Order = (typeof ORDERS)[number];

export interface Filters {
  queue: Queue;
  status: StatusFilter;
  search: string;
}

export interface Sorting {
  sort: Sort;
  order: Order;
}

/** Which list it is, and which part of it. */
export interface View extends Filters, Sorting {
  /** From 1. */
  page: number;
  /** Rows of a page. */
  size: number;
}

export interface Route {
  conversation: string | null;
  view: View;
}

const INBOX = "/dashboard/chat/inbox";
const PAGE_MAX = 1_000_000;
export const DEFAULT_FILTERS: Filters = { queue: "all", status: "open", search: "" };
export const DEFAULT_VIEW: View = { ...DEFAULT_FILTERS, sort: "activity", order: "desc", page: 1, size: 25 };

/** Newest first, but names from A. */
export function usualOrder(sort: Sort): Order {
  return sort === "activity" || sort === "started" ? "desc" : "asc";
}

export function parseRoute(path: string, query: string): Route {
  const params = new URLSearchParams(query);
  const sort = oneOf(SORTS, params.get("sort"), DEFAULT_VIEW.sort);
  return {
    conversation: conversationIn(path),
    view: {
      queue: oneOf(QUEUES, params.get("queue"), DEFAULT_VIEW.queue),
      status: oneOf(STATUSES, params.get("status"), DEFAULT_VIEW.status),
      search: (params.get("q") ?? "").slice(0, 200),
      sort,
      order: oneOf(ORDERS, params.get("order"), usualOrder(sort)),
      page: pageIn(params.get("page")),
      size: PAGE_SIZES.find((size) => String(size) === params.get("size")) ?? DEFAULT_VIEW.size,
    },
  };
}

export function hrefOf({ conversation, view }: Route): string {
  const params = new URLSearchParams();
  const { queue, status, search, sort, order, page, size } = view;
  if (queue !== DEFAULT_VIEW.queue) params.set("queue", queue);
  if (status !== DEFAULT_VIEW.status) params.set("status", status);
  if (search !== "") params.set("q", search);
  if (sort !== DEFAULT_VIEW.sort) params.set("sort", sort);
  if (order !== usualOrder(sort)) params.set("order", order);
  if (size !== DEFAULT_VIEW.size) params.set("size", String(size));
  if (page !== DEFAULT_VIEW.page) params.set("page", String(page));
  const path = conversation === null ? INBOX : `${INBOX}/${encodeURIComponent(conversation)}`;
  const query = params.toString();
  return query === "" ? path : `${path}?${query}`;
}

/** Another list, another order or another size begins at its first page. */
export function withView(route: Route, change: Partial<View>): Route {
  return { ...route, view: { ...route.view, page: 1, ...change } };
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

function pageIn(value: string | null): number {
  const page = /^[1-9]\d*$/.test(value ?? "") ? Number(value) : DEFAULT_VIEW.page;
  return Math.min(page, PAGE_MAX);
}

function oneOf<T extends string>(known: readonly T[], value: string | null, otherwise: T): T {
  return known.find((each) => each === value) ?? otherwise;
}
