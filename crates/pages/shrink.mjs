// Makes the widget's script smaller than minifying does, with what only we can know: which names and
// tables never leave it.

import { readFile } from "node:fs/promises";

/**
 * Properties that neither the browser, the wire, storage nor the page that embeds the widget knows by
 * name. They become one or two letters.
 */
const OWN_NAMES = `
  admit afterMs aim attempt begun catchUp caughtUp currentState deliver endFor fetchAgain fetched fetching
  follow followers frameBytesMax greeted greetedAt handlers heardAt helloAnswered helloArgs isGreeted isLate
  lastId listeners makeLine mount onChange onForeignChange onSettled pinging probe questions quietMaxMs
  receive refused resuming running setJson setText settle settling snapshot startAnew textMax toldAt tries
  typist unconfirmed unfollow unlisten watchdog withdraw
`.trim().split(/\s+/);

const TABLE = /export const (LIMITS|CLOSE_CODES|SUBPROTOCOLS) = \{(.*?)\} as const;/gs;

/** As enums, `LIMITS.x` and `CLOSE_CODES.X` become the numbers they are, and the tables fall away. */
const tablesAsEnums = {
  name: "tables-as-enums",
  setup(build) {
    build.onLoad({ filter: /[\\/]wire\.ts$/ }, async ({ path }) => {
      const wire = await readFile(path, "utf8");
      mustNotKnow("the wire", (name) => new RegExp(`\\b${name}"?\\??:`).test(wire));
      mustNotKnow("the language", (name) => builtIns().has(name));
      const contents = wire.replace(TABLE, (_, name, rows) => `export enum ${name} {${rows.replace(/^(\s*\w+):/gm, "$1 =")}}`);
      return { contents, loader: "ts" };
    });
  },
};

function mustNotKnow(who, knows) {
  const shared = OWN_NAMES.filter(knows);
  if (shared.length > 0) throw new Error(`shrink.mjs: these names cannot become shorter, ${who} knows them: ${shared}`);
}

function builtIns() {
  const values = Object.getOwnPropertyNames(globalThis).flatMap((name) => [globalThis[name], globalThis[name]?.prototype]);
  return new Set(values.flatMap((value) => (value ? Object.getOwnPropertyNames(value) : [])));
}

export const SHRINK = {
  mangleProps: new RegExp(`^(?:${OWN_NAMES.join("|")})$`),
  plugins: [tablesAsEnums],
};
