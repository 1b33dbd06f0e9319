// The rows in their order: a table where there is room, cards where there is not.

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { CardRow, TableRow } from "./row";
import type { Rows } from "./rows";
import { useSteady } from "./steady";
import type { Desk } from "../live/desk";
import type { Route } from "../route";

const COLUMNS = ["Visitor", "Last message", "Status", "Assignee", "Started", "Last activity"] as const;

interface Props {
  desk: Desk;
  rows: Rows;
  order: readonly string[];
  route: Route;
  isNarrow: boolean;
  /** What stands below the last row. */
  children: ComponentChildren;
}

export function InboxList({ desk, rows, order, route, isNarrow, children }: Props) {
  const { shown, ...pointer } = useSteady(order);
  const box = useRef<HTMLDivElement>(null);
  useKeptFocus(box, shown);
  // A row that has left stays visible, with its new state, until the list settles.
  const shownRows = shown.flatMap((id) => rows.get(id) ?? desk.row(id) ?? []);
  const rowProps = (id: string) => ({ me: desk.me.id, route, isSelected: id === route.conversation });

  return (
    <div class="inbox-scroll" ref={box} {...pointer} onKeyDown={(event) => moveBetweenRows(event, box.current)}>
      {isNarrow ? (
        <ul class="cards" aria-label="Conversations">
          {shownRows.map((row) => (
            <CardRow key={row.id} row={row} {...rowProps(row.id)} />
          ))}
        </ul>
      ) : (
        <table class="table" aria-label="Conversations">
          <thead>
            <tr>
              {COLUMNS.map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shownRows.map((row) => (
              <TableRow key={row.id} row={row} {...rowProps(row.id)} />
            ))}
          </tbody>
        </table>
      )}
      {children}
    </div>
  );
}

function moveBetweenRows(event: KeyboardEvent, box: HTMLElement | null): void {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const links = [...(box?.querySelectorAll<HTMLElement>("[data-row]") ?? [])];
  const at = links.indexOf(document.activeElement as HTMLElement);
  const next = links[at + (event.key === "ArrowDown" ? 1 : -1)];
  if (at === -1 || next === undefined) return;
  event.preventDefault();
  next.focus();
}

/** Moving a focused row in the document takes its focus away; give it back. */
function useKeptFocus(box: { current: HTMLElement | null }, shown: readonly string[]): void {
  const focused = useRef<string | undefined>(undefined);
  useLayoutEffect(() => {
    const id = focused.current;
    if (id === undefined || document.activeElement !== document.body) return;
    for (const link of box.current?.querySelectorAll<HTMLElement>("[data-row]") ?? []) {
      if (link.dataset["row"] === id) link.focus({ preventScroll: true });
    }
  }, [shown]);
  useLayoutEffect(() => {
    const element = box.current;
    const remember = (event: FocusEvent) => {
      focused.current = event.target instanceof HTMLElement ? event.target.dataset["row"] : undefined;
    };
    const forget = (event: FocusEvent) => {
      if (event.relatedTarget !== null) focused.current = undefined;
    };
    element?.addEventListener("focusin", remember);
    element?.addEventListener("focusout", forget);
    return () => {
      element?.removeEventListener("focusin", remember);
      element?.removeEventListener("focusout", forget);
    };
  }, []);
}
