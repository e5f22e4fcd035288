// Tests of this package's clients against a real server, the same under Node and in a browser.
import { createClient as integrationsClient } from "../src/integrations.js";
import { createClient as mobileClient } from "../src/mobile.js";
import { createClient as portalClient } from "../src/portal.js";
import {
  apiKeyToken, createClient as webClient, isProblem, ok, sessionToken, type Client as Web, type RecordTypes,
} from "../src/web.js";

/** A business on a running server, and its owner. */
export interface Env {
  baseUrl: string;
  email: string;
  password: string;
  /** The called operations, such as `GET /me`; the suite fills it. */
  called: Set<string>;
}

export interface Test {
  name: string;
  run: (env: Env) => Promise<void>;
}

const assert: (truth: unknown, message?: string) => asserts truth = (truth, message = "it is not so") => {
  if (!truth) throw new Error(message);
};
const equal = (seen: unknown, wanted: unknown) =>
  assert(JSON.stringify(seen) === JSON.stringify(wanted), `${JSON.stringify(seen)} is not ${JSON.stringify(wanted)}`);
const refused = async (answer: Promise<{ error?: { code: string } | undefined }>, code: string) => {
  const { error } = await answer;
  assert(error?.code === code, `${code} was expected, not ${JSON.stringify(error ?? "a success")}`);
};

const recording = (env: Env) => async (request: Request) => {
  const response = await fetch(request);
  if (response.ok) env.called.add(`${request.method} ${new URL(request.url).pathname}`);
  return response;
};
const signIn = (env: Env) => ok(webClient({ baseUrl: env.baseUrl, fetch: recording(env) })
  .POST("/auth/token", { body: { grant_type: "password", email: env.email, password: env.password } }));
let signedIn: Promise<Web> | undefined;
const office = (env: Env) => signedIn ??= signIn(env).then((answer) =>
  webClient({ baseUrl: env.baseUrl, token: sessionToken(env, answer), fetch: recording(env) }));
const contact = async (env: Env, fields: RecordTypes["contact"] = { kind: "person", last_name: "Okafor" }) => ok((await office(env))
  .POST("/records/{type}", { params: { path: { type: "contact" } }, body: { fields } }));

const test = (name: string, run: Test["run"]): Test => ({ name, run });

export const SUITE: Test[] = [
  test("who is asking, and what the headers say", async (env) => {
    const { data, error, headers, response } = await (await office(env)).GET("/me");
    assert(data && !error);
    equal([data.kind, data.email], ["user", env.email]);
    assert(headers.requestId?.match(/^[0-9a-f-]{36}$/), "a request id");
    assert(headers.rateLimit && headers.rateLimit.remaining > 0, "a rate limit");
    assert(headers.rateLimitPolicies.some((policy) => policy.quota > 0), "a policy");
    equal(response.headers.get("content-type"), "application/vnd.crm.v1+json");
  }),

  test("a record is made, read, changed, deleted and restored", async (env) => {
    const client = await office(env);
    const made = await contact(env, { kind: "person", first_name: "Maria", emails: ["maria@mail.example"] });
    const path = { type: "contact", id: made.id };
    const read = await client.GET("/records/{type}/{id}", { params: { path } });
    assert(read.data && read.headers.etag);
    equal(read.data.fields, made.fields);

    const current = await client.GET("/records/{type}/{id}", {
      params: { path, header: { "If-None-Match": read.headers.etag } },
    });
    equal([current.notModified, current.response.status, current.data], [true, 304, undefined]);

    const body = { fields: { first_name: "Mary", emails: null } };
    const changed = await ok(client.PATCH("/records/{type}/{id}", { params: { path, header: { "If-Match": read.headers.etag } }, body }));
    equal([changed.fields.first_name, changed.fields.emails], ["Mary", undefined]);
    const late = await client.PATCH("/records/{type}/{id}", { params: { path, header: { "If-Match": read.headers.etag } }, body: { fields: { first_name: "M" } } });
    equal([late.error?.code, late.error?.context.version], ["VERSION_MISMATCH", changed.version]);

    const gone = await client.DELETE("/records/{type}/{id}", { params: { path } });
    equal([gone.response.status, gone.data, gone.error], [204, undefined, undefined]);
    await refused(client.GET("/records/{type}/{id}", { params: { path } }), "NOT_FOUND");
    const back = await ok(client.POST("/records/{type}/{id}/restore", { params: { path } }));
    equal(back.deleted_at, null);
    const history = client.items("/records/{type}/{id}/history", { params: { path } });
    assert(!(await history.next()).done, "a history");
  }),

  test("a list goes on over its pages, each record once", async (env) => {
    const client = await office(env);
    const name = `Page ${crypto.randomUUID()}`;
    const operations = Array.from({ length: 7 }, () => ({ op: "create" as const, type: "contact", fields: { kind: "company", company_name: name } }));
    const batch = await ok(client.POST("/records/batch", { body: { mode: "atomic", operations } }));
    equal(batch.results.length, 7);
    const query = { filter: JSON.stringify({ field: "company_name", op: "eq", value: name }), limit: 3, sort: "-created_at" };
    const ids = new Set<string>();
    for await (const record of client.items("/records/{type}", { params: { path: { type: "contact" }, query } })) ids.add(record.id);
    equal(ids.size, 7);
    const sizes = [];
    for await (const page of client.pages("/records/{type}", { params: { path: { type: "contact" }, query } })) sizes.push(page.items.length);
    equal(sizes, [3, 3, 1]);
    const fault = await client.items("/records/{type}", { params: { path: { type: "contact" }, query: { filter: "{" } } }).next().catch((error: unknown) => error);
    assert(isProblem(fault, "VALIDATION_FAILED"), "a refusal is thrown");
    equal([fault.status, fault.context.errors?.[0]?.pointer], [400, "/query/filter"]);
  }),

  test("writing twice under one key is writing once", async (env) => {
    const client = await office(env);
    const init = {
      params: { path: { type: "contact" }, header: { "Idempotency-Key": crypto.randomUUID() } },
      body: { fields: { kind: "person", last_name: "Once" } },
    };
    const first = await client.POST("/records/{type}", init);
    const second = await client.POST("/records/{type}", init);
    equal([first.headers.replayed, second.headers.replayed], [false, true]);
    assert(first.data && first.data.id === second.data?.id);
    await refused(client.POST("/records/{type}", { ...init, body: { fields: { kind: "person", last_name: "Twice" } } }), "IDEMPOTENCY_KEY_REUSED");
  }),

  test("an answer that was lost is asked for again, with the same key", async (env) => {
    const keys: (string | null)[] = [];
    const session = await signIn(env);
    const losing = webClient({
      baseUrl: env.baseUrl, token: sessionToken(env, session), retry: { base: 1 },
      fetch: async (request) => {
        keys.push(request.headers.get("idempotency-key"));
        const response = await fetch(request);
        if (keys.length > 1) return response;
        throw new TypeError("the connection broke");
      },
    });
    const answer = await losing.POST("/records/{type}", { params: { path: { type: "contact" } }, body: { fields: { kind: "person", last_name: "Lost" } } });
    equal([answer.response.status, answer.headers.replayed, keys.length, new Set(keys).size], [201, true, 2, 1]);
  }),

  test("what is wrong is told all at once", async (env) => {
    const { error } = await (await office(env)).POST("/records/{type}", {
      params: { path: { type: "contact" } }, body: { fields: { kind: "nobody", emails: ["none"] } },
    });
    assert(error?.code === "FIELD_INVALID", JSON.stringify(error));
    equal(error.context.errors?.map((violation) => violation.pointer).sort(), ["/body/fields/emails/0", "/body/fields/kind"]);
  }),

  test("object types and fields", async (env) => {
    const client = await office(env);
    const name = `boiler_${Math.random().toString(36).slice(2, 8)}`;
    const made = await ok(client.POST("/object-types", { body: { name, label: "Boiler", plural_label: "Boilers" } }));
    equal(made.name, name);
    await refused(client.POST("/object-types", { body: { name, label: "Boiler", plural_label: "Boilers" } }), "NAME_TAKEN");
    await ok(client.POST("/object-types/{type}/fields", { params: { path: { type: name } }, body: { name: "fuel", type: "text", label: "Fuel" } }));
    const path = { type: name, field: "fuel" };
    const field = await ok(client.PATCH("/object-types/{type}/fields/{field}", { params: { path }, body: { label: "Heated by" } }));
    equal(field.label, "Heated by");
    const record = await ok(client.POST("/records/{type}", { params: { path: { type: name } }, body: { fields: { fuel: "gas" } } }));
    equal(record.fields, { fuel: "gas" });
    await refused(client.DELETE("/object-types/{type}", { params: { path: { type: name } } }), "IN_USE");
    await ok(client.GET("/object-types/{type}/json-schema", { params: { path: { type: name } } }));
    await ok(client.DELETE("/object-types/{type}/fields/{field}", { params: { path } }));
    const names = new Set<string | undefined>();
    for await (const type of client.items("/object-types")) names.add(type.name);
    assert(names.has(name) && names.has("contact"), "both are listed");
  }),

  test("users and roles", async (env) => {
    const client = await office(env);
    const email = `priya-${crypto.randomUUID()}@business.example`;
    const user = await ok(client.POST("/users", { body: { email, name: "Priya Nair", roles: ["readonly"], password: "pressure-relief-valve" } }));
    const path = { id: user.id };
    equal((await ok(client.PATCH("/users/{id}", { params: { path }, body: { title: "Engineer" } }))).title, "Engineer");
    equal((await ok(client.GET("/users/{id}", { params: { path } }))).email, email);
    await ok(client.POST("/users/{id}/deactivate", { params: { path } }));
    equal((await ok(client.POST("/users/{id}/reactivate", { params: { path } }))).status, "active");
    equal((await ok(client.POST("/users/{id}/deactivate", { params: { path }, body: { revoke_api_keys: true } }))).api_keys, []);
    assert(!(await client.items("/users").next()).done && (await ok(client.GET("/roles/{role}", { params: { path: { role: "owner" } } }))).name === "owner");
  }),

  test("teams", async (env) => {
    const client = await office(env);
    const team = await ok(client.POST("/teams", { body: { name: "North" } }));
    const path = { id: team.id };
    equal((await ok(client.PATCH("/teams/{id}", { params: { path }, body: { name: "Coast" } }))).name, "Coast");
    assert(!(await client.items("/teams").next()).done);
    await ok(client.DELETE("/teams/{id}", { params: { path } }));
    await refused(client.GET("/teams/{id}", { params: { path } }), "NOT_FOUND");
  }),

  test("an integration works with its key, as far as its scopes go", async (env) => {
    const key = await ok((await office(env)).POST("/api-keys", { body: { name: "Website forms", scopes: ["records:read"] } }));
    assert(key.secret);
    const client = integrationsClient({ baseUrl: env.baseUrl, token: apiKeyToken(env, key.secret), fetch: recording(env) });
    equal((await ok(client.GET("/me"))).kind, "key");
    assert(!(await client.items("/records/{type}", { params: { path: { type: "contact" } } }).next()).done);
    const { error } = await client.POST("/records/{type}", { params: { path: { type: "contact" } }, body: { fields: {} } });
    equal([error?.code, error?.context.scope], ["FORBIDDEN", "records:write"]);
    await ok((await office(env)).DELETE("/api-keys/{id}", { params: { path: { id: key.id } } }));
    await refused(client.GET("/me"), "UNAUTHENTICATED");
  }),

  test("a customer sees the portal, and nothing else does", async (env) => {
    const client = await office(env);
    const customer = await contact(env, { kind: "person", first_name: "Maria", last_name: "Okafor" });
    const { code } = await ok(client.POST("/auth/portal-codes", { body: { contact: customer.id } }));
    const visitor = portalClient({ baseUrl: env.baseUrl, fetch: recording(env) });
    const session = await ok(visitor.POST("/auth/token", { body: { grant_type: "portal_code", code } }));
    const portal = portalClient({ baseUrl: env.baseUrl, token: sessionToken(env, session), fetch: recording(env) });
    equal((await ok(portal.GET("/portal/me"))).first_name, "Maria");
    await refused(portalClient({ baseUrl: env.baseUrl, token: "no-token" }).GET("/portal/me"), "UNAUTHENTICATED");
    await refused(visitor.POST("/auth/token", { body: { grant_type: "portal_code", code } }), "INVALID_CREDENTIALS");
  }),

  test("a token that is refused is renewed once", async (env) => {
    const session = await signIn(env);
    const renew = sessionToken(env, session);
    const asked: (string | undefined)[] = [];
    const client = mobileClient({
      baseUrl: env.baseUrl,
      token: async (rejected) => { asked.push(rejected); return rejected === undefined ? "stale" : renew(rejected); },
    });
    equal((await client.GET("/me")).response.status, 200);
    equal(asked, [undefined, "stale"]);
  }),

  test("search, permissions, limits and documents", async (env) => {
    const client = await office(env);
    await contact(env, { kind: "person", last_name: "Quagliotto" });
    const found = await ok(client.GET("/search", { params: { query: { q: "quagliotto" } } }));
    assert(found.items.length > 0, "found");
    assert((await ok(client.GET("/me/permissions"))).permissions.length > 0);
    assert((await ok(client.GET("/limits"))).page_size.maximum > 0);
    assert((await ok(client.GET("/.well-known/jwks.json"))).keys.length > 0);
    equal((await ok(client.GET("/health"))).status, "ok");
    const document = await ok(client.GET("/openapi.json", { params: { query: { consumer: "web", openapi: "3.0" } } }));
    equal((document as { openapi?: string }).openapi, "3.0.3");
    assert((await ok(client.GET("/openapi.yaml"))).startsWith("openapi: 3.1.0"));
    assert((await ok(client.GET("/docs"))).startsWith("<!DOCTYPE html>"));
  }),

  test("a segment cannot lead elsewhere", async (env) => {
    const client = await office(env);
    const failed = await client.GET("/records/{type}/{id}", { params: { path: { type: "contact", id: ".." } } }).catch((error: unknown) => error);
    assert(failed instanceof TypeError);
    await refused(client.GET("/records/{type}/{id}", { params: { path: { type: "contact", id: "a/b" } } }), "VALIDATION_FAILED");
  }),

  test("a session ends", async (env) => {
    const session = await signIn(env);
    const client = webClient({ baseUrl: env.baseUrl, token: session.access_token, fetch: recording(env) });
    assert(session.refresh_token);
    await ok(client.POST("/auth/revoke", { body: { refresh_token: session.refresh_token } }));
    await refused(client.GET("/me"), "UNAUTHENTICATED");
  }),
];
