// Which rows of the page are ticked. Rows that have left the page are not.

export type Selection = ReadonlySet<string>;

export const NOTHING: Selection = new Set();

export type Ticked = "none" | "some" | "all";

export function ticked(selection: Selection, shown: readonly string[]): Ticked {
  const count = shown.filter((id) => selection.has(id)).length;
  return count === 0 ? "none" : count === shown.length ? "all" : "some";
}

/** All of the page; if all are ticked, none. */
export function tickedAll(selection: Selection, shown: readonly string[]): Selection {
  return ticked(selection, shown) === "all" ? NOTHING : new Set(shown);
}

/** One row the other way; with `from`, all between the two as that row becomes. */
export function tickedOne(selection: Selection, shown: readonly string[], id: string, from?: string): Selection {
  const isOn = !selection.has(id);
  const next = new Set(selection);
  for (const each of between(shown, from ?? id, id)) {
    if (isOn) next.add(each);
    else next.delete(each);
  }
  return next;
}

function between(shown: readonly string[], from: string, to: string): readonly string[] {
  const [a, b] = [shown.indexOf(from), shown.indexOf(to)];
  return a === -1 || b === -1 ? [to] : shown.slice(Math.min(a, b), Math.max(a, b) + 1);
}
