// The reference page in a real browser: whole and for each consumer, with and without scripts, keyboard only, light and
// dark, a telephone. `CRM` names the program; `SCREENSHOT`, if set, the file for a picture.
//
//   CRM=target/debug/crm node --test xtask/npm/docs.test.mjs
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

import { launch } from "./browser.mjs";

const CONSUMERS = [undefined, "mobile", "web", "portal", "integrations"];
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
let base, server, browser;

const freePort = () => new Promise((resolve) => {
  const probe = createServer().listen(0, "127.0.0.1", () => { const { port } = probe.address(); probe.close(() => resolve(port)); });
});

before(async () => {
  const address = `127.0.0.1:${await freePort()}`;
  base = `http://${address}`;
  server = spawn(process.env.CRM ?? "target/debug/crm", ["serve", "--demo", "--addr", address], { stdio: "ignore" });
  for (let tries = 0; !await fetch(`${base}/health`).then((answer) => answer.ok, () => false); tries += 1) {
    if (tries > 600 || server.exitCode !== null) throw new Error("the server does not answer");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  browser = await launch();
});
after(async () => {
  await browser?.close();
  const ended = new Promise((resolve) => server.once("exit", resolve));
  if (server.kill("SIGTERM")) await ended;
});

/** A page that must load nothing else and log no errors. */
const open = async (path, options = {}) => {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, ...options });
  const faults = [];
  page.on("console", (message) => { if (["error", "warning"].includes(message.type())) faults.push(message.text()); });
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("request", (request) => { if (!request.isNavigationRequest()) faults.push(`fetched ${request.url()}`); });
  const answer = await page.goto(base + path);
  assert.equal(answer.status(), 200);
  const done = async () => { await page.close(); assert.deepEqual(faults, []); };
  return { page, done };
};
const query = (consumer) => consumer ? `?consumer=${consumer}` : "";

for (const consumer of CONSUMERS) {
  test(`the page for ${consumer ?? "everybody"} holds all of its document`, async () => {
    const document = await (await fetch(`${base}/openapi.json${query(consumer)}`)).json();
    const { page, done } = await open(`/docs${query(consumer)}`);
    const ids = await page.evaluate(() => [...window.document.querySelectorAll("[id]")].map((element) => element.id));
    assert.equal(new Set(ids).size, ids.length, "an id stands twice");
    const operations = Object.values(document.paths).flatMap((item) => Object.values(item)).flatMap(({ operationId }) => operationId ?? []);
    const wanted = [
      ...operations,
      ...Object.keys(document.components.schemas).map((name) => `schema-${name}`),
      ...Object.keys(document["x-error-codes"]).map((code) => `code-${code}`),
    ];
    assert.deepEqual(wanted.filter((id) => !ids.includes(id)), []);
    assert.equal(await page.locator("section.operation").count(), operations.length);

    const text = await page.evaluate(() => window.document.body.textContent);
    for (const [code, { mend }] of Object.entries(document["x-error-codes"])) {
      assert.ok(text.includes(mend.replaceAll("`", "")), `how to mend ${code}`);
    }
    for (const operation of Object.values(document.paths).flatMap((item) => Object.values(item))) {
      for (const { examples } of Object.values(operation.requestBody?.content ?? {})) {
        for (const { summary } of Object.values(examples)) assert.ok(text.includes(summary), summary);
      }
    }
    const broken = await page.evaluate(() => [...window.document.querySelectorAll('a[href^="#"]')]
      .map((link) => decodeURIComponent(link.hash.slice(1))).filter((id) => !window.document.getElementById(id)));
    assert.deepEqual(broken, []);
    const current = await page.locator('nav[aria-label="Whose part"] [aria-current]').textContent();
    assert.equal(current, consumer ?? "everything");
    await done();
  });
}

test("search finds by keyboard", async () => {
  const { page, done } = await open("/docs");
  const first = () => page.locator("#results li").first().textContent();
  await page.keyboard.press("/");
  await page.keyboard.type("unique_violation");
  assert.match(await first(), /UNIQUE_VIOLATION/);
  await page.keyboard.press("Enter");
  assert.equal(new URL(page.url()).hash, "#code-UNIQUE_VIOLATION");
  assert.ok(await page.locator("#code-UNIQUE_VIOLATION h3").isVisible());
  assert.ok(await page.locator("#results").isHidden());

  await page.keyboard.press("/");
  await page.keyboard.type("post /records");
  assert.match(await first(), /POST \/records/);
  const before = await page.locator('#results [aria-selected="true"]').textContent();
  await page.keyboard.press("ArrowDown");
  assert.notEqual(await page.locator('#results [aria-selected="true"]').textContent(), before);
  assert.match(await page.locator("#found").textContent(), /^\d+ found$/);

  await page.locator("#search").fill("zzzz");
  assert.equal(await page.locator("#found").textContent(), "nothing found");
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("#search").inputValue(), "");
  await done();
});

test("light and dark: as the system has it, or as the reader chooses", async () => {
  const background = (page) => page.evaluate(() => getComputedStyle(window.document.body).backgroundColor);
  const light = await open("/docs");
  const paper = await background(light.page);
  const dark = await open("/docs", { colorScheme: "dark" });
  const night = await background(dark.page);
  assert.notEqual(paper, night);
  await dark.page.locator("#theme").click();
  assert.equal(await background(dark.page), paper);
  await dark.page.reload();
  assert.equal(await background(dark.page), paper, "the choice is kept");
  await dark.page.locator("#theme").click();
  assert.equal(await background(dark.page), night);
  await light.done();
  await dark.done();
});

test("screen readers can read it, in both themes", async () => {
  for (const colorScheme of ["light", "dark"]) {
    const { page, done } = await open("/docs?consumer=portal", { colorScheme });
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => window.axe.run());
    assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 120))}`), []);
    await done();
  }
});

test("a telephone shows it without scrolling sideways", async () => {
  const { page, done } = await open("/docs", { viewport: { width: 390, height: 844 } });
  const sideways = () => page.evaluate(() => {
    const { scrollWidth, clientWidth } = window.document.documentElement;
    return scrollWidth - clientWidth;
  });
  assert.ok(await sideways() <= 0, "it is wider than the screen");
  assert.ok(await page.locator("#menu").isHidden());
  await page.locator("#menu-button").click();
  await page.locator('#menu a[href="#records_create"]').click();
  assert.equal(new URL(page.url()).hash, "#records_create");
  assert.ok(await page.locator("#menu").isHidden());
  await done();
});

test("without scripts it is a page with a table of contents", async () => {
  const { page, done } = await open("/docs", { javaScriptEnabled: false });
  await page.locator('#menu a[href="#records_create"]').click();
  assert.ok(await page.locator("#records_create h3").isVisible());
  await page.locator('nav[aria-label="Whose part"] a', { hasText: "portal" }).click();
  assert.equal(new URL(page.url()).searchParams.get("consumer"), "portal");
  await done();
});

test("a picture of it", { skip: !process.env.SCREENSHOT }, async () => {
  const { page, done } = await open("/docs#records_create");
  await page.screenshot({ path: process.env.SCREENSHOT });
  await done();
});
