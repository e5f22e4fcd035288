// The dashboard in a real browser: with the data of a demo server, and with the deprecations of the contract's
// examples; a wrong password, a caller without permission, keyboard only, light and dark, a telephone. `CRM` names the
// program; `SCREENSHOT`, if set, the file for a picture.
//
//   CRM=target/debug/crm node --test xtask/npm/dashboard.test.mjs
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

import { launch } from "./browser.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const DAY = 86400000;
let base, server, browser, owner;

const freePort = () => new Promise((resolve) => {
  const probe = createServer().listen(0, "127.0.0.1", () => { const { port } = probe.address(); probe.close(() => resolve(port)); });
});

before(async () => {
  const address = `127.0.0.1:${await freePort()}`;
  base = `http://${address}`;
  server = spawn(process.env.CRM ?? "target/debug/crm", ["serve", "--demo", "--rate-limit", "off", "--addr", address], { stdio: ["ignore", "pipe", "ignore"] });
  let greeting = "";
  server.stdout.on("data", (chunk) => { greeting += chunk; });
  for (let tries = 0; !await fetch(`${base}/health`).then((answer) => answer.ok, () => false); tries += 1) {
    if (tries > 600 || server.exitCode !== null) throw new Error("the server does not answer");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  owner = login(greeting, "owner");
  browser = await launch();
});
after(async () => {
  await browser?.close();
  const ended = new Promise((resolve) => server.once("exit", resolve));
  if (server.kill("SIGTERM")) await ended;
});

/** The email address and password from the demo's greeting. */
const login = (greeting, role) => {
  const lines = greeting.split("\n").map((line) => line.trim().split(/\s+/));
  const line = lines.find(([email, , has]) => email.includes("@") && has === role);
  assert.ok(line, greeting);
  return { email: line[0], password: line[1] };
};

/** A page that sends requests to this server only and logs no errors except the expected ones. */
const open = async (options = {}) => {
  const { answers, refuses = [], ...page_options } = options;
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...page_options });
  const faults = [];
  page.on("console", (message) => {
    // A browser logs every refused request.
    const told = refuses.some((status) => message.text().includes(`status of ${status}`));
    if (["error", "warning"].includes(message.type()) && !told) faults.push(message.text());
  });
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("request", (request) => { if (!request.url().startsWith(`${base}/`)) faults.push(`fetched ${request.url()}`); });
  for (const [path, body] of Object.entries(answers ?? {})) {
    await page.route((url) => url.pathname === path, (route) => route.fulfill({ json: body }));
  }
  const answer = await page.goto(`${base}/dashboard`);
  assert.equal(answer.status(), 200);
  const done = async () => { await page.close(); assert.deepEqual(faults, []); };
  return { page, done };
};
const signIn = async (page, { email, password } = owner) => {
  await page.getByLabel("Address").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
};
const ready = (page) => page.locator("#asked time").waitFor();

/** The examples of the contract, with dates moved so that the sunset is `ahead` days from now. */
const examples = async (ahead, now = Date.now()) => {
  const document = await (await fetch(`${base}/openapi.json`)).json();
  const example = (path, name) => document.paths[path].get.responses["200"].content["application/json"].examples[name].value;
  const deprecations = structuredClone(example("/deprecations", "one"));
  const usage = structuredClone(example("/deprecations/usage", "one"));
  const keys = structuredClone(example("/api-keys", "keys"));
  deprecations.items[0].sunset_at = (Math.floor(now / DAY) + ahead) * DAY;
  usage.items[0].days = usage.items[0].days.map((one, index) => ({ ...one, day: Math.floor(now / DAY) - index * 3 }));
  return { "/deprecations": deprecations, "/deprecations/usage": usage, "/api-keys": keys };
};

test("it shows nothing without a sign-in", async () => {
  const { page, done } = await open();
  assert.ok(await page.locator("#shown").isHidden());
  assert.ok(await page.getByRole("button", { name: "Sign out" }).isHidden());
  await done();
});

test("a business whose integrations use nothing deprecated", async () => {
  const { page, done } = await open();
  await signIn(page);
  await ready(page);
  assert.equal(await page.locator("#deprecations").textContent(), "Nothing of the API is going away.");
  assert.equal(await page.locator("#usage").textContent(), "Nobody uses anything that is going away.");
  assert.match(await page.locator("#keys").textContent(), /There are no API keys\.|Last used/);
  await done();
});

test("what is deprecated, its dates, who still uses it, and when keys were last used", async () => {
  const { page, done } = await open({ answers: await examples(12), locale: "en-GB", timezoneId: "UTC" });
  await signIn(page);
  await ready(page);
  const row = async (id) => (await page.locator(`#${id} tbody tr`).first().locator("th, td").allTextContents()).map((text) => text.trim());
  const [what, announced, gone, instead, callers] = await row("deprecations");
  assert.match(what, /^GET \/leads/);
  assert.equal(announced, "1 Sept 2026");
  assert.match(gone, /12 days left$/);
  assert.deepEqual([instead, callers], ["GET /records/{type}", "1"]);
  const [caller, thing, times, since] = await row("usage");
  assert.match(caller, /^Website forms/);
  assert.deepEqual([thing, times], ["GET /leads", "1,204"]);
  assert.match(since, /5 Nov 2026/);
  assert.equal(await page.locator("#usage svg").getAttribute("aria-label"), "137 in the last 30 days");
  assert.equal(await page.locator("#usage svg rect").count(), 2);
  const [key, , , last, state] = await row("keys");
  assert.match(key, /^Website forms/);
  assert.match(last, /22 Nov 2026/);
  assert.equal(state, "in use");
  await done();
});

test("a sunset that has passed says so", async () => {
  const { page, done } = await open({ answers: await examples(0) });
  await signIn(page);
  await ready(page);
  assert.match(await page.locator("#deprecations tbody").textContent(), /may be gone/);
  await done();
});

test("a wrong password is told, and the next try counts", async () => {
  const { page, done } = await open({ refuses: [401] });
  await signIn(page, { ...owner, password: "wrong-password-1" });
  await page.getByRole("alert").filter({ hasText: /./ }).waitFor();
  assert.ok(await page.locator("#shown").isHidden());
  await signIn(page);
  await ready(page);
  assert.ok(await page.getByRole("alert").isHidden());
  await done();
});

test("a missing permission is shown in place of the data", async () => {
  const { page, done } = await open({ refuses: [403] });
  await page.route((url) => url.pathname === "/api-keys", (route) => route.fulfill({
    status: 403, json: { code: "FORBIDDEN", message: "This needs the permission api_keys.manage.", context: {} },
  }));
  await signIn(page);
  await ready(page);
  assert.match(await page.locator("#keys").textContent(), /api_keys\.manage/);
  assert.equal(await page.locator("#deprecations").textContent(), "Nothing of the API is going away.");
  await done();
});

test("an access token that ran out is renewed once for all that ask", async () => {
  const { page, done } = await open({ refuses: [401] });
  await signIn(page);
  await ready(page);
  let renewals = 0;
  const refused = new Set();
  page.on("request", (request) => { if (request.url().endsWith("/auth/token")) renewals += 1; });
  await page.route((url) => ["/deprecations", "/deprecations/usage", "/api-keys"].includes(url.pathname), (route) => {
    const { pathname } = new URL(route.request().url());
    if (refused.has(pathname)) return route.fallback();
    refused.add(pathname);
    return route.fulfill({ status: 401, json: { code: "TOKEN_EXPIRED", message: "It has expired.", context: {} } });
  });
  const asked = page.waitForResponse((answer) => answer.url().includes("/api-keys") && answer.status() === 200);
  await page.getByRole("button", { name: "Reload" }).click();
  await asked;
  await page.locator("#reload:enabled").waitFor();
  assert.equal(renewals, 1);
  assert.equal(await page.locator("#deprecations").textContent(), "Nothing of the API is going away.");
  await done();
});

test("it works by keyboard, and signing out or reloading ends the session", async () => {
  const { page, done } = await open();
  await page.getByLabel("Address").focus();
  await page.keyboard.type(owner.email);
  await page.keyboard.press("Tab");
  await page.keyboard.type(owner.password);
  await page.keyboard.press("Enter");
  await ready(page);
  const kept = await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]);
  assert.deepEqual(kept, [0, 0, ""]);
  await page.getByRole("button", { name: "Sign out" }).focus();
  const revoked = page.waitForResponse((answer) => answer.url().endsWith("/auth/revoke"));
  await page.keyboard.press("Enter");
  assert.equal((await revoked).status(), 204);
  assert.ok(await page.locator("#shown").isHidden());
  assert.equal(await page.evaluate(() => document.activeElement.id), "email");
  await signIn(page);
  await ready(page);
  await page.reload();
  assert.ok(await page.locator("#shown").isHidden());
  await done();
});

test("screen readers can read it, in both themes, before and after the sign-in", async () => {
  for (const colorScheme of ["light", "dark"]) {
    const { page, done } = await open({ colorScheme, answers: await examples(12) });
    const judge = async () => {
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => window.axe.run());
      assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 120))}`), []);
    };
    await judge();
    await signIn(page);
    await ready(page);
    await judge();
    await done();
  }
});

test("light and dark: as the system has it, or as the reader chooses", async () => {
  const background = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await open();
  const dark = await open({ colorScheme: "dark" });
  const [paper, night] = [await background(light.page), await background(dark.page)];
  assert.notEqual(paper, night);
  await dark.page.locator("#theme").click();
  assert.equal(await background(dark.page), paper);
  await light.done();
  await dark.done();
});

test("a telephone shows it without scrolling sideways", async () => {
  const { page, done } = await open({ viewport: { width: 390, height: 844 }, answers: await examples(12) });
  await signIn(page);
  await ready(page);
  const { scrollWidth, clientWidth } = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return { scrollWidth, clientWidth };
  });
  assert.ok(scrollWidth <= clientWidth, `${scrollWidth} > ${clientWidth}`);
  await done();
});

test("a picture of it", { skip: !process.env.SCREENSHOT }, async () => {
  const now = Date.UTC(2026, 10, 22, 10, 5);
  const { page, done } = await open({ answers: await examples(12, now), viewport: { width: 1280, height: 800 }, locale: "en-GB", timezoneId: "UTC" });
  await page.clock.setFixedTime(now);
  await signIn(page);
  await ready(page);
  await page.screenshot({ path: process.env.SCREENSHOT });
  await done();
});
