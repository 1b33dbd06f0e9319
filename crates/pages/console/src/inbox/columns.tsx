// The head of the table: what the columns are, and which one the list is sorted by.

import { hrefOf, isForBrowser, navigate, usualOrder, withView, type Route, type Sort } from "../route";
import { Icon } from "../ui/icon";

const COLUMNS: readonly { name: string; sort?: Sort }[] = [
  { name: "Visitor", sort: "visitor" },
  { name: "Last message" },
  { name: "Status", sort: "status" },
  { name: "Assignee", sort: "assignee" },
  { name: "Started", sort: "started" },
  { name: "Last activity", sort: "activity" },
];

export function Columns({ route }: { route: Route }) {
  return (
    <>
      {COLUMNS.map(({ name, sort }) => (
        <th key={name} scope="col" aria-sort={sort && ariaSort(route, sort)}>
          {sort === undefined ? name : <SortLink route={route} name={name} sort={sort} />}
        </th>
      ))}
    </>
  );
}

/** A click sorts by the column, a second one the other way. */
function SortLink({ route, name, sort }: { route: Route; name: string; sort: Sort }) {
  const { view } = route;
  const isSorted = view.sort === sort;
  const order = isSorted ? (view.order === "asc" ? "desc" : "asc") : usualOrder(sort);
  const target = withView(route, { sort, order });
  return (
    <a
      class={isSorted ? `sort sort-${view.order}` : "sort"}
      href={hrefOf(target)}
      onClick={(event) => {
        if (isForBrowser(event)) return;
        event.preventDefault();
        navigate(target);
      }}
    >
      {name}
      <Icon name="down" />
    </a>
  );
}

function ariaSort({ view }: Route, sort: Sort): "ascending" | "descending" | "none" {
  if (view.sort !== sort) return "none";
  return view.order === "asc" ? "ascending" : "descending";
}
