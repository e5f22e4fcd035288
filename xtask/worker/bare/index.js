// The bare Worker of `cargo xtask bench --worker`: D1 and next to nothing around it. One table of JSON bodies with the bench's
// two indexes, a statement per request, no tokens, no permissions, no validation, no change log.
const SCHEMA = [
  "CREATE TABLE rows (id TEXT PRIMARY KEY, data TEXT NOT NULL) WITHOUT ROWID",
  "CREATE INDEX rows_status ON rows (json_extract(data, '$.status'), json_extract(data, '$.scheduled_at'))",
  "CREATE INDEX rows_assignee ON rows (json_extract(data, '$.assignee'))",
];
const READ = "SELECT data FROM rows WHERE id = ?1";
const LIST =
  "SELECT id, data FROM rows WHERE json_extract(data, '$.status') = ?1 ORDER BY json_extract(data, '$.scheduled_at') DESC LIMIT 50";
const CREATE = "INSERT INTO rows (id, data) VALUES (?1, ?2)";
const UPDATE = "UPDATE rows SET data = json_patch(data, ?2) WHERE id = ?1 RETURNING data";
const LOAD =
  "INSERT INTO rows (id, data) SELECT json_extract(value, '$.id'), json_extract(value, '$.data') FROM json_each(?1)";

const json = (text, status = 200) => new Response(text, { status, headers: { "content-type": "application/json" } });

export default {
  async fetch(request, { DB }) {
    const { pathname, searchParams } = new URL(request.url);
    const id = pathname.slice("/rows/".length);
    if (request.method === "GET" && id) {
      const row = await DB.prepare(READ).bind(id).first();
      return row ? json(row.data) : json("{}", 404);
    }
    if (request.method === "GET") {
      const { results } = await DB.prepare(LIST).bind(searchParams.get("status")).all();
      return json(`{"items":[${results.map(({ id, data }) => `{"id":"${id}","fields":${data}}`).join(",")}]}`);
    }
    if (request.method === "POST" && pathname === "/rows") {
      const data = await request.text();
      await DB.prepare(CREATE).bind(crypto.randomUUID(), data).run();
      return json(data, 201);
    }
    if (request.method === "PATCH") {
      const row = await DB.prepare(UPDATE).bind(id, await request.text()).first();
      return row ? json(row.data) : json("{}", 404);
    }
    if (pathname === "/load") {
      await DB.prepare(LOAD).bind(await request.text()).run();
      return json("{}");
    }
    if (pathname === "/setup") {
      await DB.batch(SCHEMA.map((sql) => DB.prepare(sql)));
      return json("{}");
    }
    return json("{}", 404);
  },
};
