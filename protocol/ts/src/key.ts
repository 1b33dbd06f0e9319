/** A key for a command. Not `randomUUID`: that exists on secure pages only, and a widget lives on any page. */
export function freshKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
