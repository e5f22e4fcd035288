// The client of a consumer: a method per HTTP method, paths, parameters, bodies and answers typed by the contract, errors
// by the codes of the operation.
import createFetchClient, { type MaybeOptionalInit } from "openapi-fetch";
import type { FilterKeys, OkStatus, PathsWithMethod, RequiredKeysOf } from "openapi-typescript-helpers";

import { headersOf, type AnswerHeaders } from "./headers.js";
import { ProblemError, problemOf, type Problem } from "./problem.js";
import { send, type Api } from "./send.js";
import type { Settings } from "./settings.js";

type AnyPaths = {};
type Method = "get" | "post" | "patch" | "delete";
type CodesOf<Codes, Path, M extends Method> =
  Path extends keyof Codes ? M extends keyof Codes[Path] ? Codes[Path][M] & string : string : string;
type OperationOf<Paths, Path, M extends Method> =
  Path extends keyof Paths ? M extends keyof Paths[Path] ? Paths[Path][M] : never : never;
type OptionsOf<Paths, Path, M extends Method> =
  Path extends keyof Paths ? M extends keyof Paths[Path] ? MaybeOptionalInit<Paths[Path], M> : never : never;
type Init<Item> = RequiredKeysOf<Item> extends never ? [Item?] : [Item];
type ContentOf<Response> = Response extends { content: infer Content } ? Content[keyof Content] : undefined;
type Data<Operation> = Operation extends { responses: infer Responses } ? ContentOf<FilterKeys<Responses, OkStatus>> : never;

interface Come {
  response: Response;
  headers: AnswerHeaders;
}

/** The data of a call, or its error. */
export type Answer<Value, Code extends string> =
  | (Come & { data: Value; error?: undefined; notModified?: undefined })
  | (Come & { data?: undefined; error: Problem<Code>; notModified?: undefined });

/** 304: the caller's copy, named by `If-None-Match`, is current. */
export type NotModified = Come & { data?: undefined; error?: undefined; notModified: true };

type Conditional<Options> = Options extends { params: { header: { "If-None-Match": string } } } ? NotModified : never;

export type Call<Paths extends AnyPaths, Codes, M extends Method> =
  <Path extends PathsWithMethod<Paths, M>, Options extends OptionsOf<Paths, Path, M>>(
    path: Path, ...init: Init<Options>
  ) => Promise<Answer<Data<OperationOf<Paths, Path, M>>, CodesOf<Codes, Path, M>> | Conditional<Options>>;

/** A page in the form of version 1, or of version 2. */
type Page<Value> = { items: Value[] } & ({ next_cursor: string | null } | { page: { next: string | null } });
type ItemOf<Value> = Value extends Page<infer Item> ? Item : never;
/** The paths that answer lists. */
export type ListPath<Paths extends AnyPaths> = {
  [Path in PathsWithMethod<Paths, "get">]: ItemOf<Data<OperationOf<Paths, Path, "get">>> extends never ? never : Path;
}[PathsWithMethod<Paths, "get">];

export interface Client<Paths extends AnyPaths, Codes> {
  GET: Call<Paths, Codes, "get">;
  POST: Call<Paths, Codes, "post">;
  PATCH: Call<Paths, Codes, "patch">;
  DELETE: Call<Paths, Codes, "delete">;
  /** The items of a list; pages are fetched as they are needed. Throws a `ProblemError` if a page is refused. */
  items: <Path extends ListPath<Paths>, Options extends OptionsOf<Paths, Path, "get">>(
    path: Path, ...init: Init<Options>
  ) => AsyncGenerator<ItemOf<Data<OperationOf<Paths, Path, "get">>>, void, undefined>;
  /** The pages of a list. */
  pages: <Path extends ListPath<Paths>, Options extends OptionsOf<Paths, Path, "get">>(
    path: Path, ...init: Init<Options>
  ) => AsyncGenerator<Data<OperationOf<Paths, Path, "get">>, void, undefined>;
}

/** The data of an answer; throws a `ProblemError` if the call was refused. */
export const ok = async <Value, Code extends string>(
  answer: Promise<Answer<Value, Code>> | Answer<Value, Code>,
): Promise<Value> => {
  const { data, error, response } = await answer;
  if (error !== undefined) throw new ProblemError(error, response);
  return data as Value;
};

interface AnyInit {
  params?: { path?: Record<string, unknown>; query?: Record<string, unknown> };
  [name: string]: unknown;
}

/** Refuses path parameters that would change the path and so call another operation. */
const guard = (path: string, init: AnyInit) => {
  for (const [name, value] of Object.entries(init.params?.path ?? {})) {
    if (["", ".", ".."].includes(String(value))) throw new TypeError(`${name} of ${path} cannot be "${String(value)}"`);
  }
};

/** Makes a client; each consumer's entry point calls it with its own types and API. */
export const connect = <Paths extends AnyPaths, Codes>(api: Api, settings: Settings): Client<Paths, Codes> => {
  const inner = createFetchClient<AnyPaths>({ baseUrl: settings.baseUrl });
  const call = async (method: Uppercase<Method>, path: string, init: AnyInit = {}) => {
    guard(path, init);
    const name = `${method} ${path}`;
    const options = {
      ...(api.operations[name]?.text && { parseAs: "text" }),
      ...init,
      fetch: (request: Request) => send(api, settings, name, request),
    };
    const { data, error, response } = await inner.request(method.toLowerCase() as Method, path as never, options as never) as {
      data?: unknown; error?: unknown; response: Response;
    };
    const come = { response, headers: headersOf(response) };
    if (response.status === 304) return { ...come, notModified: true };
    return response.ok ? { ...come, data } : { ...come, error: problemOf(error, response) };
  };
  async function* pages(path: string, init: AnyInit = {}) {
    let cursor: string | null | undefined;
    do {
      const query = { ...init.params?.query, ...(cursor && { cursor }) };
      const answer = call("GET", path, { ...init, params: { ...init.params, query } });
      const page = await ok(answer as unknown as Promise<Answer<Page<unknown>, string>>);
      yield page;
      cursor = "page" in page ? page.page.next : page.next_cursor;
    } while (cursor);
  }
  async function* items(path: string, init?: AnyInit) {
    for await (const page of pages(path, init)) yield* page.items;
  }
  const of = (method: Uppercase<Method>) => (path: string, init?: AnyInit) => call(method, path, init);
  return { GET: of("GET"), POST: of("POST"), PATCH: of("PATCH"), DELETE: of("DELETE"), items, pages } as unknown as Client<Paths, Codes>;
};
