// The list: title, filters, rows, and what stands there when there are none.

import { EmptyInbox, InboxProblem, InboxSkeleton } from "./empty";
import type { Feed } from "./feed";
import { InboxFilters } from "./filters";
import { InboxList } from "./list";
import type { Desk } from "../live/desk";
import { useStore } from "../live/store";
import type { Route } from "../route";
import { INBOX_TITLE } from "../ui/words";

interface Props {
  desk: Desk;
  feed: Feed;
  route: Route;
  /** Cards in a narrow column instead of a table. */
  isNarrow: boolean;
}

export function Inbox({ desk, feed, route, isNarrow }: Props) {
  const state = useStore(feed.state);
  const counts = useStore(desk.counts);
  const { phase, rows, order, total, next, loadingMore, problem } = state;
  return (
    <section class="inbox" aria-labelledby="inbox-title">
      <header class="inbox-head">
        <div class="inbox-heading">
          <h1 id="inbox-title">{INBOX_TITLE}</h1>
          {phase === "ready" && <Total total={total} />}
        </div>
        <InboxFilters route={route} counts={counts} />
      </header>
      {problem !== undefined && <InboxProblem text={problem} onRetry={() => feed.reload()} />}
      {phase === "loading" && <InboxSkeleton />}
      {phase === "ready" && rows.size === 0 && <EmptyInbox filters={route.filters} />}
      {phase === "ready" && rows.size > 0 && (
        <InboxList desk={desk} rows={rows} order={order} route={route} isNarrow={isNarrow}>
          {next !== undefined && (
            <button type="button" class="button load-more" disabled={loadingMore} onClick={() => feed.loadMore()}>
              {loadingMore ? "Loading…" : "Load more"}
            </button>
          )}
        </InboxList>
      )}
    </section>
  );
}

function Total({ total }: { total: number }) {
  return (
    <p class="inbox-total" data-part="total">
      {total.toLocaleString()} {total === 1 ? "conversation" : "conversations"}
    </p>
  );
}
