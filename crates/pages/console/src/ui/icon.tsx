// Line icons on a 20 × 20 grid. Decoration only: the name is always said in text beside them.

const PATHS = {
  back: "M12 4.5 6.5 10l5.5 5.5",
  check: "M4.5 10.5 8.5 14.5 15.5 6.5",
  chevron: "M5.5 8 10 12.5 14.5 8",
  clock: "M10 3.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13M10 6.5V10l2.5 1.5",
  cross: "M5.5 5.5l9 9m0-9-9 9",
  down: "M10 4.5v11M5.5 11l4.5 4.5 4.5-4.5",
  forward: "M8 4.5 13.5 10 8 15.5",
  inbox: "M3.5 11.5 6 4.5h8l2.5 7v4h-13zM3.5 11.5H7a3 3 0 0 0 6 0h3.5",
  info: "M10 3.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13M10 9.5V13M10 6.8v.2",
  lock: "M5 9.5h10v7H5zM7 9.5V7a3 3 0 0 1 6 0v2.5",
  note: "M4.5 4.5h11v7l-4 4h-7zM11.5 15.5v-4h4M7 8h6M7 11h2.5",
  person: "M10 4a3 3 0 1 1 0 6 3 3 0 0 1 0-6M4 16.5a6 6 0 0 1 12 0",
  search: "M9 3.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11M13 13l3.5 3.5",
  signout: "M8 3.5H4.5v13H8M8.5 10h8M13.5 6.5 17 10l-3.5 3.5",
  warning: "M10 4 17 16H3zM10 8.5V12M10 14v.2",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
