// Code that the compiler has to refuse, and types that it has to infer. Compiled, never run.
import { createClient, isProblem, ok, type RecordTypes, type Schemas } from "../src/web.js";
import { createClient as createPortalClient } from "../src/portal.js";
import { createClient as createNewest } from "../src/v2/web.js";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false;
const is = <_ extends true>() => {};

export const newest = async () => {
  const client = createNewest({ baseUrl: "https://crm.example" });
  const page = await ok(client.GET("/users", { params: { query: { total: true } } }));
  is<Equal<typeof page.page.previous, string | null>>();
  is<Equal<typeof page.page.total, number | undefined>>();
  // @ts-expect-error: that is how version 1 says it.
  page.next_cursor;
  for await (const user of client.items("/users")) is<Equal<typeof user.id, string>>();
  // @ts-expect-error: version 1 does not count.
  await createClient({ baseUrl: "https://crm.example" }).GET("/users", { params: { query: { total: true } } });
};

export const compiled = async () => {
  const client = createClient({ baseUrl: "https://crm.example" });

  const made = await client.POST("/records/{type}", {
    params: { path: { type: "contact" } }, body: { fields: { kind: "person" } },
  });
  if (made.error) {
    switch (made.error.code) {
      case "UNIQUE_VIOLATION": break;
      // @ts-expect-error: the operation has no such code.
      case "LAST_OWNER": break;
      default: break;
    }
    // @ts-expect-error: there is nothing where there is an error.
    made.data.id;
  } else {
    is<Equal<typeof made.data, Schemas["Record"]>>();
    is<Equal<typeof made.notModified, undefined>>();
  }

  // @ts-expect-error: the path parameter is missing.
  await client.POST("/records/{type}", { body: { fields: {} } });
  // @ts-expect-error: the body is missing.
  await client.POST("/records/{type}", { params: { path: { type: "contact" } } });
  // @ts-expect-error: no such query parameter's value.
  await client.GET("/records/{type}", { params: { path: { type: "contact" }, query: { limit: "ten" } } });
  // @ts-expect-error: no such path.
  await client.GET("/nowhere");
  // @ts-expect-error: the path has no such method.
  await client.DELETE("/me");
  // @ts-expect-error: what a customer sees is no business of the office.
  await client.GET("/portal/me");
  // @ts-expect-error: what the office sees is no business of a customer.
  await createPortalClient({ baseUrl: "" }).GET("/users");
  // @ts-expect-error: no list.
  client.items("/me");

  for await (const record of client.items("/records/{type}", { params: { path: { type: "job" } } })) {
    is<Equal<typeof record, Schemas["Record"]>>();
  }
  const seen = await client.GET("/records/{type}/{id}", {
    params: { path: { type: "job", id: "" }, header: { "If-None-Match": '"1"' } },
  });
  if (seen.notModified) is<Equal<typeof seen.data, undefined>>();
  const me = await ok(client.GET("/me"));
  is<Equal<typeof me, Schemas["Me"]>>();
  const status: RecordTypes["job"]["status"] = "a status of next year";
  const page: string = await ok(client.GET("/docs"));
  const error: unknown = page;
  if (isProblem(error, "NOT_FOUND", "FORBIDDEN")) {
    // @ts-expect-error: it is one of the two.
    error.code === "LAST_OWNER";
  }
  return status;
};
