// What is done in one call on JavaScript's side instead of one call per value.

/**
 * Runs statements, each an array of its SQL and its parameters, in one batch: their rows as JSON, an array per
 * statement, row and column. Columns come in the statement's order unless two have one name or one is a number.
 */
export async function d1(database, statements) {
  const prepared = statements.map(([sql, ...values]) => {
    const statement = database.prepare(sql);
    return values.length > 0 ? statement.bind(...values) : statement;
  });
  const answers = await database.batch(prepared);
  return JSON.stringify(answers.map(({ results }) => results.map((row) => Object.values(row))));
}

/** The head of a request, as an array of method, address, and name and value of each header. */
export function head(request) {
  return [request.method, request.url, ...[...request.headers].flat()];
}

/** A response whose body the lease gives slice by slice, as the client takes it; `length` is that of the body. */
export function sliced(status, headers, lease, length) {
  const { readable, writable } = new FixedLengthStream(length);
  give(lease, writable.getWriter());
  return response(status, headers, readable);
}

async function give(lease, writer) {
  try {
    for (let slice; (slice = lease.next()); ) await writer.write(slice);
    // Refused where slices are missing: the client then sees that the body is not whole.
    await writer.close();
  } catch {
    // The client left.
  } finally {
    lease.free();
  }
}

/** A response; `headers` is names and values in turn, `body` bytes, a stream or null. */
export function response(status, headers, body) {
  const map = new Headers();
  for (let at = 0; at < headers.length; at += 2) map.append(headers[at], headers[at + 1]);
  return new Response(body, { status, headers: map });
}
