// The list: title, filters, rows, and what stands there when there are none.

import { useState } from "preact/hooks";
import { BulkBar } from "./bulk-bar";
import { Chips } from "./chips";
import { EmptyInbox, InboxProblem, InboxSkeleton } from "./empty";
import type { Feed } from "./feed";
import { InboxFilters } from "./filters";
import { InboxList } from "./list";
import { Pager } from "./pager";
import { NOTHING, type Selection } from "./selection";
import type { Desk } from "../live/desk";
import { useStore } from "../live/store";
import { hrefOf, type Route } from "../route";
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
  const list = hrefOf({ ...route, conversation: null });
  const [selection, select] = useSelection(list);
  const { phase, page, rows, order, total, hasNext, isTurning, problem } = state;
  const selected = order.flatMap((id) => (selection.has(id) ? (rows.get(id) ?? []) : []));
  return (
    <section class="inbox" aria-labelledby="inbox-title">
      <header class="inbox-head">
        <div class="inbox-heading">
          <h1 id="inbox-title">{INBOX_TITLE}</h1>
          {phase === "ready" && <Total total={total} />}
        </div>
        <InboxFilters route={route} counts={counts} />
        <Chips route={route} />
      </header>
      <BulkBar key={list} desk={desk} rows={selected} onDone={() => select(NOTHING)} />
      {problem !== undefined && <InboxProblem text={problem} onRetry={() => feed.reload()} />}
      {phase === "loading" && <InboxSkeleton />}
      {phase === "ready" && rows.size === 0 && <EmptyInbox view={route.view} />}
      {phase === "ready" && rows.size > 0 && (
        <>
          <InboxList
            desk={desk}
            rows={rows}
            order={order}
            route={route}
            isNarrow={isNarrow}
            isTurning={isTurning}
            selection={selection}
            onSelect={select}
          />
          <Pager route={route} page={page} rows={rows.size} total={total} hasNext={hasNext} />
        </>
      )}
    </section>
  );
}

/** Another list or another page begins with nothing ticked. */
function useSelection(list: string): [Selection, (selection: Selection) => void] {
  const [ticked, setTicked] = useState<{ list: string; selection: Selection }>({ list, selection: NOTHING });
  return [ticked.list === list ? ticked.selection : NOTHING, (selection) => setTicked({ list, selection })];
}

function Total({ total }: { total: number }) {
  return (
    <p class="inbox-total" data-part="total">
      {total.toLocaleString()} {total === 1 ? "conversation" : "conversations"}
    </p>
  );
}
