// One conversation in the list. The whole row opens it; the visitor's name is the link that the
// keyboard stops at.

import type { Summary } from "@frontdesk/client";
import { memo } from "../ui/memo";
import { hrefOf, isForBrowser, navigate, type Route } from "../route";
import { Avatar } from "../ui/avatar";
import { StatusBadge } from "../ui/badge";
import { RelativeTime } from "../ui/time";
import { ANONYMOUS, visitorName } from "../ui/words";
import { Tick } from "./tick";

interface Props {
  row: Summary;
  me: string;
  route: Route;
  isSelected: boolean;
  isTicked: boolean;
  onTick: (id: string, withShift: boolean) => void;
}

type LinkProps = Pick<Props, "row" | "route">;

export const TableRow = memo(function TableRow({ row, me, route, isSelected, isTicked, onTick }: Props) {
  const unread = unreadIn(row);
  return (
    <tr class={classOf(row, isSelected, isTicked)} onClick={(event) => open(event, row, route)}>
      <td class="cell-tick" onClick={(event) => event.stopPropagation()}>
        <RowTick row={row} isTicked={isTicked} onTick={onTick} />
      </td>
      <td>
        <div class="cell-visitor">
          <Avatar id={row.visitor.id} name={row.visitor.name} online={row.visitor.online} />
          <div class="cell-who">
            <RowLink row={row} route={route} isSelected={isSelected} />
            {row.visitor.email && <bdi class="cell-email">{row.visitor.email}</bdi>}
          </div>
        </div>
      </td>
      <td>
        <div class="cell-message">
          <PreviewLink row={row} me={me} route={route} />
          {unread > 0 && <Unread count={unread} />}
        </div>
      </td>
      <td>
        <StatusBadge status={row.status} />
      </td>
      <td>
        <Assignee row={row} me={me} />
      </td>
      <td class="cell-time">
        <RelativeTime at={row.started_at} />
      </td>
      <td class="cell-time">
        <RelativeTime at={row.activity_at} />
      </td>
    </tr>
  );
});

export const CardRow = memo(function CardRow({ row, me, route, isSelected, isTicked, onTick }: Props) {
  const unread = unreadIn(row);
  return (
    <li class={`card ${classOf(row, isSelected, isTicked)}`} onClick={(event) => open(event, row, route)}>
      <RowTick row={row} isTicked={isTicked} onTick={onTick} />
      <Avatar id={row.visitor.id} name={row.visitor.name} online={row.visitor.online} />
      <div class="card-body">
        <div class="card-line">
          <RowLink row={row} route={route} isSelected={isSelected} />
          <span class="cell-time">
            <RelativeTime at={row.activity_at} />
          </span>
        </div>
        <div class="card-line">
          <PreviewLink row={row} me={me} route={route} />
          {unread > 0 && <Unread count={unread} />}
        </div>
        <div class="card-line card-foot">
          <StatusBadge status={row.status} />
          <Assignee row={row} me={me} />
        </div>
      </div>
    </li>
  );
});

function RowTick({ row, isTicked, onTick }: Pick<Props, "row" | "isTicked" | "onTick">) {
  return <Tick name={`Select ${visitorName(row.visitor)}`} isTicked={isTicked} onTick={(shift) => onTick(row.id, shift)} />;
}

function RowLink({ row, route, isSelected }: LinkProps & { isSelected: boolean }) {
  const isNameless = !row.visitor.name;
  return (
    <a
      class={isNameless ? "row-link row-nameless" : "row-link"}
      href={hrefOf({ ...route, conversation: row.id })}
      data-row={row.id}
      aria-current={isSelected ? "page" : undefined}
    >
      <bdi>{row.visitor.name || ANONYMOUS}</bdi>
    </a>
  );
}

/** A second way in, for pointers; the keyboard has one stop for each row. */
function PreviewLink({ row, me, route }: LinkProps & { me: string }) {
  const { preview } = row;
  const who = preview?.by.role === "agent" ? (preview.by.id === me ? "You" : preview.by.name) : undefined;
  return (
    <a
      class="preview"
      href={hrefOf({ ...route, conversation: row.id })}
      tabIndex={-1}
      dir={who === undefined ? "auto" : undefined}
    >
      {who !== undefined && (
        <span class="preview-who">
          <bdi>{who}</bdi>:{" "}
        </span>
      )}
      <bdi>{preview?.text}</bdi>
    </a>
  );
}

function Assignee({ row: { owner }, me }: { row: Summary; me: string }) {
  if (owner === null) return <span class="assignee assignee-none">Unassigned</span>;
  return (
    <span class="assignee">
      <Avatar id={owner.id} name={owner.name} size="small" />
      <bdi class="assignee-name">{owner.id === me ? "You" : owner.name}</bdi>
    </span>
  );
}

function Unread({ count }: { count: number }) {
  return (
    <span class="count" title={`${count} unread`}>
      {count > 99 ? "99+" : count}
      <span class="sr-only"> unread</span>
    </span>
  );
}

function unreadIn(row: Summary): number {
  return row.status === "open" ? (row.unread ?? 0) : 0;
}

function classOf(row: Summary, isSelected: boolean, isTicked: boolean): string {
  return `row ${unreadIn(row) > 0 ? "row-unread" : ""} ${isSelected ? "row-selected" : ""} ${isTicked ? "row-ticked" : ""}`;
}

function open(event: MouseEvent, row: Summary, route: Route): void {
  const onLink = event.target instanceof Element && event.target.closest("a") !== null;
  const target = { ...route, conversation: row.id };
  if (isForBrowser(event)) {
    if (!onLink && (event.ctrlKey || event.metaKey)) window.open(hrefOf(target), "_blank", "noopener");
    return;
  }
  event.preventDefault();
  // Marking text in a row is not opening it.
  if (!onLink && String(getSelection()) !== "") return;
  navigate(target);
}
