// The rows in their order: a table where there is room, cards where there is not.

import { useLayoutEffect, useRef } from "preact/hooks";
import { Columns } from "./columns";
import { CardRow, TableRow } from "./row";
import type { Rows } from "./rows";
import { ticked, tickedAll, tickedOne, type Selection } from "./selection";
import { useSteady } from "./steady";
import { TickAll } from "./tick";
import type { Desk } from "../live/desk";
import type { Route } from "../route";

interface Props {
  desk: Desk;
  rows: Rows;
  order: readonly string[];
  route: Route;
  isNarrow: boolean;
  /** The rows are those of another page, which is on its way. */
  isTurning: boolean;
  selection: Selection;
  onSelect: (selection: Selection) => void;
}

export function InboxList({ desk, rows, order, route, isNarrow, isTurning, selection, onSelect }: Props) {
  const { shown, ...pointer } = useSteady(order);
  const box = useRef<HTMLDivElement>(null);
  const lastTicked = useRef<string | undefined>(undefined);
  useKeptFocus(box, shown);
  // A row that has left stays visible, with its new state, until the list settles.
  const shownRows = shown.flatMap((id) => rows.get(id) ?? desk.row(id) ?? []);
  const tick = (id: string, withShift: boolean) => {
    onSelect(tickedOne(selection, shown, id, withShift ? lastTicked.current : undefined));
    lastTicked.current = id;
  };
  const rowProps = (id: string) => ({
    me: desk.me.id,
    route,
    isSelected: id === route.conversation,
    isTicked: selection.has(id),
    onTick: tick,
  });

  return (
    <div
      class={isTurning ? "inbox-scroll inbox-turning" : "inbox-scroll"}
      ref={box}
      aria-busy={isTurning}
      {...pointer}
      onKeyDown={(event) => onKey(event, box.current, tick)}
    >
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
              <th scope="col" class="cell-tick">
                <TickAll state={ticked(selection, shown)} onTick={() => onSelect(tickedAll(selection, shown))} />
              </th>
              <Columns route={route} />
            </tr>
          </thead>
          <tbody>
            {shownRows.map((row) => (
              <TableRow key={row.id} row={row} {...rowProps(row.id)} />
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}

/** Arrows go from row to row, x ticks the one that has the focus. */
function onKey(event: KeyboardEvent, box: HTMLElement | null, tick: (id: string, withShift: boolean) => void): void {
  const id = event.target instanceof HTMLElement ? event.target.dataset["row"] : undefined;
  if (event.key.toLowerCase() !== "x" || id === undefined || event.ctrlKey || event.metaKey || event.altKey) {
    return moveBetweenRows(event, box);
  }
  event.preventDefault();
  tick(id, event.shiftKey);
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
