// The few ways in which the widget makes elements. Strings become text nodes, never markup.

export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Record<string, string> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

export function button(className: string, onPress: () => void, ...children: (Node | string)[]): HTMLButtonElement {
  const made = element("button", { class: className, type: "button" }, ...children);
  made.addEventListener("click", onPress);
  return made;
}

/** A button that shows a drawing, and has words for who does not see it. */
export function iconButton(className: string, name: keyof typeof STROKES, words: string, onPress: () => void): HTMLButtonElement {
  const made = button(className, onPress, icon(name));
  label(made, words);
  return made;
}

const SVG = "http://www.w3.org/2000/svg";

const STROKES = {
  chat: "M7.5 18.6 3.9 20l.9-3.7A8 8 0 1 1 7.5 18.6ZM8.6 10.3h6.8M8.6 13.5h4.3",
  down: "m6.5 9.5 5.5 5.5 5.5-5.5",
  cross: "m6.5 6.5 11 11m0-11-11 11",
  bell: "M5.5 17c1.2-1.4 1.5-3 1.5-6a5 5 0 0 1 10 0c0 3 .3 4.6 1.5 6ZM10.4 20h3.2",
  send: "M12 18.5v-13m0 0-5.5 5.5M12 5.5l5.5 5.5",
};

/** A drawing beside words: hidden from screen readers, coloured by the text around it. */
export function icon(name: keyof typeof STROKES): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", STROKES[name]);
  svg.append(path);
  return svg;
}

export function show(shown: HTMLElement, visible: boolean): void {
  shown.hidden = !visible;
}

/** The words of a button that shows none. */
export function label(button: HTMLElement, words: string): void {
  button.setAttribute("aria-label", words);
}

/** Writes only what differs, so that live regions speak only of what is new. */
export function write(into: HTMLElement, text: string): void {
  if (into.textContent !== text) into.textContent = text;
}
