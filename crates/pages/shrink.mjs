// Makes the widget's script smaller than minifying does, with what only we can know: which names and
// tables never leave it.

import { readFile } from "node:fs/promises";

/**
 * Properties that the widget has from nobody but itself: not from the browser, the wire, storage or the page
 * that embeds it. They become one or two letters.
 */
const OWN_NAMES = `
  admit afterMs aim answered arm attempt author begun busy catchUp caughtUp changed clock command commands
  connected cover currentState deliver delivery draw endFor fault fetchAgain fetched fetching fit follow
  followers frameBytesMax gone greeted greetedAt handlers happened heardAt helloAnswered helloArgs hold
  isGreeted isLate isOn keep lastId late line lines listeners look lost makeLine mount onChange onError
  onEvents onForeignChange onHeard onReset onSettled onSummary onToken onTyping options outboxStorage pinging
  plan pressed probe questions quietMaxMs receive refresh refused resume resuming retry running setJson
  setText settle settling snapshot speak stage storage take tell textMax timer toEnd toggleSound toldAt tries
  typist unconfirmed unfollow unlisten wake watchdog webSocket withdraw
`.trim().split(/\s+/);

const TABLE = /export const (LIMITS|CLOSE_CODES|SUBPROTOCOLS) = \{(.*?)\} as const;/gs;

/** As enums, `LIMITS.x` and `CLOSE_CODES.X` become the numbers they are, and the tables fall away. */
const tablesAsEnums = {
  name: "tables-as-enums",
  setup(build) {
    build.onLoad({ filter: /[\\/]wire\.ts$/ }, async ({ path }) => {
      const wire = await readFile(path, "utf8");
      mustNotKnow("the wire", (name) => isPropertyIn(wire, name));
      mustNotKnow("the language", (name) => builtIns().has(name));
      const contents = wire.replace(TABLE, (_, name, rows) => `export enum ${name} {${rows.replace(/^(\s*\w+):/gm, "$1 =")}}`);
      return { contents, loader: "ts" };
    });
  },
};

/** The page may replace texts by their names. */
const textsStay = {
  name: "texts-stay",
  setup(build) {
    build.onLoad({ filter: /[\\/]texts\.ts$/ }, async ({ path }) => {
      const contents = await readFile(path, "utf8");
      mustNotKnow("the table of texts", (name) => isPropertyIn(contents, name));
      return { contents, loader: "ts" };
    });
  },
};

function isPropertyIn(source, name) {
  return new RegExp(`\\b${name}"?\\??:`).test(source);
}

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
  plugins: [tablesAsEnums, textsStay],
};
