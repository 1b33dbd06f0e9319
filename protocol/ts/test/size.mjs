// Prints what the client costs a widget: the visitor's part, minified, in gzip. Fails over the budget.
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";

const GZIP_BYTES_MAX = 5_200;

const { outputFiles } = await esbuild.build({
  stdin: {
    contents: `import { Client, TypingNotice } from "./index"; globalThis.frontdesk = { Client, TypingNotice };`,
    resolveDir: fileURLToPath(new URL("../src", import.meta.url)),
  },
  bundle: true,
  minify: true,
  format: "iife",
  target: ["es2021", "safari15"],
  write: false,
});
const [{ contents }] = outputFiles;
const gzipBytes = gzipSync(contents, { level: 9 }).length;
console.log(`visitor bundle: ${contents.length} B minified, ${gzipBytes} B gzip (at most ${GZIP_BYTES_MAX})`);
if (gzipBytes > GZIP_BYTES_MAX) process.exitCode = 1;
