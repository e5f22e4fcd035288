// Tests of the thin layer: what is sent, when it is repeated, how headers are read. The server is a plain function.
import assert from "node:assert/strict";
import { test } from "node:test";

import { deprecation, headersOf, retryAfter } from "../src/headers.js";
import { RETRY, isRepeatable, wait } from "../src/retry.js";
import { createClient, isProblem, ok, type Settings } from "../src/web.js";

const json = (status: number, body: unknown, headers: Record<string, string> = {}) => () =>
  new Response(status === 204 ? null : JSON.stringify(body), { status, headers: { "content-type": "application/json", ...headers } });

/** A client whose server gives these answers in order, and the requests that the server got. */
const against = (answers: ((() => Response) | Error)[], settings: Partial<Settings> = {}) => {
  const sent: { method: string; url: string; headers: Headers; body: string }[] = [];
  const client = createClient({
    baseUrl: "https://crm.example/api", retry: { base: 1 }, ...settings,
    fetch: async (request) => {
      sent.push({ method: request.method, url: request.url, headers: request.headers, body: await request.text() });
      const answer = answers[Math.min(sent.length, answers.length) - 1];
      if (!answer || answer instanceof Error) throw answer;
      return answer();
    },
  });
  return { client, sent };
};
const create = { params: { path: { type: "contact" } }, body: { fields: { kind: "person" } } };

test("a write has a version, a token and a key, and its repeats have the same", async () => {
  const { client, sent } = against([json(503, {}), new TypeError("broken"), json(201, { id: "1" })], { token: "t" });
  const { data } = await client.POST("/records/{type}", create);
  assert.equal(data?.id, "1");
  assert.equal(sent.length, 3);
  for (const { method, url, headers, body } of sent) {
    assert.deepEqual([method, url], ["POST", "https://crm.example/api/records/contact"]);
    assert.equal(headers.get("accept"), "application/vnd.crm.v1+json");
    assert.equal(headers.get("authorization"), "Bearer t");
    assert.equal(headers.get("idempotency-key"), sent[0]?.headers.get("idempotency-key"));
    assert.equal(body, JSON.stringify(create.body));
  }
  assert.match(sent[0]?.headers.get("idempotency-key") ?? "", /^[0-9a-f-]{36}$/);
});

test("each call has a key of its own, and what takes none has none", async () => {
  const { client, sent } = against([json(201, {})]);
  await client.POST("/records/{type}", create);
  await client.POST("/records/{type}", create);
  await client.POST("/auth/revoke", { body: { refresh_token: "r" } });
  await client.GET("/me");
  const keys = sent.map(({ headers }) => headers.get("idempotency-key"));
  assert.notEqual(keys[0], keys[1]);
  assert.deepEqual(keys.slice(2), [null, null]);
});

test("public operations are sent no token", async () => {
  const { client, sent } = against([json(200, {})], { token: () => assert.fail("asked for a token") });
  await client.GET("/health");
  assert.equal(sent[0]?.headers.get("authorization"), null);
});

test("repeats are bounded, and the last answer is handed on", async () => {
  const { client, sent } = against([json(503, { code: "TENANT_BUSY", message: "Busy.", context: {} })], { retry: { retries: 2, base: 1 } });
  const { error, response } = await client.GET("/me");
  assert.deepEqual([error?.code, response.status, sent.length], ["TENANT_BUSY", 503, 3]);
});

test("what may have been done is not repeated without a key", async () => {
  const { client, sent } = against([new TypeError("broken")]);
  await assert.rejects(client.POST("/auth/revoke", { body: { refresh_token: "r" } }), TypeError);
  assert.equal(sent.length, 1);
});

test("whoever gives up is not kept waiting", async () => {
  const { client, sent } = against([json(429, {}, { "retry-after": "20" })]);
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error("enough")), 20);
  await assert.rejects(client.GET("/me", { signal: controller.signal }), /enough/);
  assert.equal(sent.length, 1);
});

test("an answer of nobody's is an error of its own", async () => {
  const { client } = against([() => new Response("<h1>Bad gateway</h1>", { status: 502 })], { retry: { retries: 0 } });
  const error: unknown = await ok(client.GET("/me")).catch((error: unknown) => error);
  assert.ok(isProblem(error, "UNEXPECTED") && error.status === 502 && error.message.includes("Bad gateway"));
});

test("a deprecation is told on", async () => {
  const uses: unknown[] = [];
  const link = [
    `</next>; rel="next", </openapi.yaml#/paths/~1records~1%7Btype%7D/get>; rel="deprecation"; title="GET /records/{type}; use \\"it\\", not this"`,
    `</jobs>;rel="up successor-version", <https://docs.example/old>; title*=UTF-8'de'gr%C3%B6%C3%9Fe; rel=deprecation`,
  ].join(", ");
  const headers = { deprecation: "@1793610865", sunset: "Mon, 01 Mar 2027 00:00:00 GMT", link };
  const { client } = against([json(200, {}, headers)], { onDeprecated: (use) => uses.push(use) });
  await client.GET("/records/{type}", { params: { path: { type: "job" } } });
  assert.deepEqual(uses, [{
    operation: "GET /records/{type}",
    notice: {
      at: new Date(1_793_610_865_000), sunset: new Date("2027-03-01T00:00:00Z"),
      things: [
        { link: "/openapi.yaml#/paths/~1records~1%7Btype%7D/get", title: 'GET /records/{type}; use "it", not this', element: "/paths/~1records~1{type}/get" },
        { link: "https://docs.example/old", title: "größe" },
      ],
      successors: ["/jobs"],
    },
  }]);
});

test("pages follow cursors and keep the rest of the query", async () => {
  const { client, sent } = against([json(200, { items: [1, 2], next_cursor: "c" }), json(200, { items: [3], next_cursor: null })]);
  const items = [];
  for await (const item of client.items("/records/{type}", { params: { path: { type: "job" }, query: { sort: "title" } } })) items.push(item);
  assert.deepEqual(items, [1, 2, 3]);
  assert.deepEqual(sent.map(({ url }) => new URL(url).search), ["?sort=title", "?sort=title&cursor=c"]);
});

test("pages of version 2 follow the cursor of their page", async () => {
  const page = (next: string | null) => ({ next, previous: null });
  const { client, sent } = against([json(200, { items: [1], page: page("c") }), json(200, { items: [2], page: page(null) })]);
  const items = [];
  for await (const item of client.items("/records/{type}", { params: { path: { type: "job" } } })) items.push(item);
  assert.deepEqual(items, [1, 2]);
  assert.deepEqual(sent.map(({ url }) => new URL(url).search), ["", "?cursor=c"]);
});

test("a problem of version 2 has its details beside what both versions say", async () => {
  const body = { type: "/docs#code-NOT_FOUND", title: "Not found", status: 404, detail: "Gone.", instance: "urn:uuid:1", code: "NOT_FOUND", context: {} };
  const { client } = against([json(404, body)]);
  const { error } = await client.GET("/records/{type}/{id}", { params: { path: { type: "job", id: "1" } } });
  const { type, title, status, instance } = body;
  assert.deepEqual(error, { code: "NOT_FOUND", message: "Gone.", context: {}, details: { type, title, status, instance } });
});

test("the rule of repetition", () => {
  const waits = (status: number, repeatable: boolean, header?: string, waited = 0) =>
    wait(RETRY, json(status, {}, header === undefined ? {} : { "retry-after": header })(), repeatable, 0, waited, 1);
  assert.deepEqual([200, 400, 404, 409, 412, 422].map((status) => waits(status, true)), Array(6).fill(undefined));
  assert.deepEqual([429, 500, 502, 503, 504].map((status) => waits(status, true)), Array(5).fill(200));
  assert.deepEqual([500, 502, 503, 504].map((status) => waits(status, false)), Array(4).fill(undefined));
  assert.deepEqual([waits(429, false), waits(503, false, "2"), waits(429, true, "31")], [200, 2_200, undefined]);
  assert.equal(waits(429, true, "1", 29_500), undefined);
  assert.equal(wait(RETRY, "broken", true, 2, 0, 0.5), 400);
  assert.equal(wait(RETRY, "broken", false, 0, 0, 0), undefined);
  assert.equal(wait(RETRY, "broken", true, 3, 0, 0), undefined);
  assert.deepEqual(["GET", "POST", "PATCH", "DELETE", "PUT"].map((method) => isRepeatable(method, false)), [true, false, false, false, true]);
});

test("headers that are written wrongly are absent", () => {
  const headers = new Headers({ deprecation: "yesterday", "retry-after": "soon", ratelimit: "?;", sunset: "x" });
  assert.deepEqual([deprecation(headers), retryAfter(headers)], [undefined, undefined]);
  assert.deepEqual(headersOf({ headers }), { replayed: false, rateLimitPolicies: [] });
  const date = new Headers({ date: "Mon, 01 Mar 2027 00:00:00 GMT", "retry-after": "Mon, 01 Mar 2027 00:00:05 GMT" });
  assert.equal(retryAfter(date), 5_000);
  const limits = new Headers({ ratelimit: '"caller";r=5999;t=60', "ratelimit-policy": '"caller";q=6000;w=60, "address";q=600' });
  const { rateLimit, rateLimitPolicies } = headersOf({ headers: limits });
  assert.deepEqual(rateLimit, { policy: "caller", remaining: 5999, reset: 60 });
  assert.deepEqual(rateLimitPolicies, [{ policy: "caller", quota: 6000, window: 60 }, { policy: "address", quota: 600 }]);
});
