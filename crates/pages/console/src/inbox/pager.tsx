// Which part of the list is shown, and the way to the others.

import { hrefOf, isForBrowser, navigate, PAGE_SIZES, withView, type Route } from "../route";
import { Icon } from "../ui/icon";

interface Props {
  route: Route;
  page: number;
  rows: number;
  total: number;
  hasNext: boolean;
}

export function Pager({ route, page, rows, total, hasNext }: Props) {
  const { size } = route.view;
  const first = (page - 1) * size + 1;
  return (
    <nav class="pager" aria-label="Pages">
      <label class="pager-size">
        <span class="pager-label">Rows per page</span>
        <select
          class="input select"
          aria-label="Rows per page"
          value={size}
          onChange={(event) => navigate(withView(route, { size: Number(event.currentTarget.value) }))}
        >
          {PAGE_SIZES.map((each) => (
            <option key={each} value={each}>
              {each}
            </option>
          ))}
        </select>
        <Icon name="chevron" />
      </label>
      <span class="pager-range" data-part="range">
        {rows === 0 ? 0 : first.toLocaleString()}–{(first + rows - 1).toLocaleString()} of {total.toLocaleString()}
      </span>
      <Turn route={route} name="Previous page" icon="back" to={page > 1 ? page - 1 : undefined} />
      <Turn route={route} name="Next page" icon="forward" to={hasNext ? page + 1 : undefined} />
    </nav>
  );
}

interface TurnProps {
  route: Route;
  name: string;
  icon: "back" | "forward";
  /** Nowhere: it is there, and cannot be used. */
  to: number | undefined;
}

function Turn({ route, name, icon, to }: TurnProps) {
  const target = { ...route, view: { ...route.view, page: to ?? route.view.page } };
  const go = (event: MouseEvent) => {
    if (to !== undefined && isForBrowser(event)) return;
    event.preventDefault();
    if (to !== undefined) navigate(target);
  };
  return (
    <a
      class="icon-button"
      role={to === undefined ? "link" : undefined}
      aria-disabled={to === undefined}
      aria-label={name}
      title={name}
      href={to === undefined ? undefined : hrefOf(target)}
      onClick={go}
    >
      <Icon name={icon} />
    </a>
  );
}
