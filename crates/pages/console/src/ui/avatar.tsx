// A face for everybody: initials on a colour that depends on the id alone. The style sheet draws
// the initials, so that they are read and found by nobody who looks for a name.

const HUES = 10;

interface Props {
  id: string;
  name: string | undefined;
  size?: "small" | "medium" | "large";
  online?: boolean;
}

export function Avatar({ id, name, size = "medium", online = false }: Props) {
  return (
    <span class={`avatar avatar-${size} hue-${hueOf(id)}`}>
      <span class="initials" data-initials={initialsOf(name)} />
      {online && <span class="online-dot" role="img" aria-label="Online" title="Online" />}
    </span>
  );
}

export function initialsOf(name: string | undefined): string {
  const words = (name ?? "").split(/\s+/u).map(firstLetter).filter((letter) => letter !== "");
  const first = words[0];
  const last = words.length > 1 ? words[words.length - 1] : undefined;
  return first === undefined ? "?" : `${first}${last ?? ""}`.toUpperCase();
}

function firstLetter(word: string): string {
  return /[\p{L}\p{N}]/u.exec(word)?.[0] ?? "";
}

function hueOf(id: string): number {
  let hash = 0;
  for (const char of id) hash = (Math.imul(hash, 31) + (char.codePointAt(0) ?? 0)) >>> 0;
  return (hash >>> 4) % HUES;
}
