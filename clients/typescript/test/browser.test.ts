// The suite in a headless browser, on a page of another origin: every call crosses origins, preflights included.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

import { start } from "./server.js";
import { SUITE, type Env, type Test } from "./suite.js";

/** The part of playwright-core's browser that is needed here. */
interface Page {
  on(event: string, listener: (what: { text(): string; type(): string } & Error) => void): void;
  goto(url: string): Promise<unknown>;
  evaluate<Argument, Value>(run: (argument: Argument) => Promise<Value>, argument: Argument): Promise<Value>;
}
interface Browser { newPage(): Promise<Page>; close(): Promise<void> }
const { launch } = await import(new URL("../../../../xtask/npm/browser.mjs", import.meta.url).href) as { launch: () => Promise<Browser> };

const bundle = await build({
  entryPoints: [fileURLToPath(new URL("suite.js", import.meta.url))],
  bundle: true, write: false, format: "iife", globalName: "crm", platform: "browser",
});
const script = bundle.outputFiles[0]?.text ?? "";
const pages = createServer((request, response) => {
  const isScript = request.url === "/suite.js";
  response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
  response.end(isScript ? script : `<!doctype html><title>suite</title><link rel="icon" href="data:,"><script src="/suite.js"></script>`);
});
await new Promise<void>((resolve) => pages.listen(0, "127.0.0.1", resolve));
const address = pages.address();
const origin = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;

let server: Awaited<ReturnType<typeof start>>;
let browser: Browser;
let page: Page;
const errors: string[] = [];
before(async () => {
  server = await start(origin);
  browser = await launch();
  page = await browser.newPage();
  page.on("pageerror", (error) => errors.push(error.message));
  await page.goto(origin);
});
after(async () => {
  await browser?.close();
  pages.close();
  await server?.stop();
});

SUITE.forEach(({ name }, index) => test(`in a browser: ${name}`, async () => {
  const { baseUrl, email, password } = server;
  const failure = await page.evaluate(async ({ index, env }) => {
    const { SUITE } = (globalThis as unknown as { crm: { SUITE: Test[] } }).crm;
    const called: Env["called"] = new Set();
    return SUITE[index]?.run({ ...env, called }).then(() => undefined, (error: Error) => `${error.stack ?? error}`);
  }, { index, env: { baseUrl, email, password } });
  assert.equal(failure, undefined);
}));

test("a page of an origin that is not allowed is not answered", async () => {
  const other = await start("https://somebody.else.example");
  try {
    const failure = await page.evaluate(async (baseUrl) => fetch(`${baseUrl}/health`).then(() => "answered", () => "refused"), other.baseUrl);
    assert.equal(failure, "refused");
  } finally {
    await other.stop();
  }
});

test("the page made no error", () => assert.deepEqual(errors, []));
