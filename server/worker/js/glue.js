// Functions that do in one call of JavaScript what would take one call per value from Rust.

/**
 * Runs statements, each an array of its SQL and its parameters, in one batch. Returns their rows as JSON, with an array
 * per statement and row. Columns are in the statement's order unless two have the same name or a name is a number.
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

/**
 * A response whose body comes slice by slice from `answer`, as the client reads it; `length` is the length of the body.
 * A client that reads nothing for `patience` ms is disconnected.
 */
export function sliced(status, headers, answer, length, patience) {
  const { readable, writable } = new FixedLengthStream(length);
  give(answer, writable.getWriter(), patience);
  return response(status, headers, readable);
}

async function give(answer, writer, patience) {
  let failure;
  try {
    for (let slice; (slice = answer.next()); ) await inTime(writer.write(slice), patience);
    // Fails if slices are missing.
    await writer.close();
  } catch (error) {
    failure = error;
  }
  try {
    answer.end();
  } catch {
    // A panic ended the instance of the module that held the answer, so its memory is gone.
  }
  // A client that still reads sees that the body is incomplete.
  if (failure) await writer.abort(failure).catch(() => {});
}

async function inTime(written, patience) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("the client took nothing for too long")), patience);
  });
  try {
    await Promise.race([written, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A response; `headers` is names and values in turn, `body` bytes, a stream or null. */
export function response(status, headers, body) {
  const map = new Headers();
  for (let at = 0; at < headers.length; at += 2) map.append(headers[at], headers[at + 1]);
  return new Response(body, { status, headers: map });
}
