// Draws a part again only when one of its properties is another value.

import { Component, createElement, type ComponentType, type FunctionComponent } from "preact";

export function memo<P extends object>(draw: FunctionComponent<P>): ComponentType<P> {
  return class Memo extends Component<P> {
    override shouldComponentUpdate(next: Readonly<P>): boolean {
      return !isShallowEqual(this.props as Readonly<P>, next);
    }

    override render() {
      return createElement(draw, this.props as P);
    }
  } as ComponentType<P>;
}

function isShallowEqual<P extends object>(a: Readonly<P>, b: Readonly<P>): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]) as Set<keyof P>;
  for (const name of names) if (a[name] !== b[name]) return false;
  return true;
}
