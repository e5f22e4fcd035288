// Refusals of the API.
import { headersOf, type AnswerHeaders } from "./headers.js";

/** One failure of a request. */
export interface Violation {
  /** A JSON pointer that begins with /body, /query, /path or /header. */
  pointer: string;
  /** Such as `required`, `maximum` or `unknown_property`. */
  rule: string;
  message: string;
}

/** A refusal of the API. `code` is stable; it is `UNEXPECTED` for an answer that does not come from the API. */
export interface Problem<Code extends string = string> {
  code: Code | "UNEXPECTED";
  /** For people; may change. Version 2 calls it `detail`. */
  message: string;
  context: { request_id?: string; errors?: Violation[]; [name: string]: unknown };
  /** The further members in version 2 (RFC 9457). */
  details?: ProblemDetails;
}

/** The members of problem details. */
export interface ProblemDetails {
  type: string;
  title: string;
  status: number;
  instance?: string;
}

/** A refusal as an error: `ok`, `items` and `pages` throw it. */
export class ProblemError<Code extends string = string> extends Error {
  override readonly name = "ProblemError";
  readonly code: Problem<Code>["code"];
  readonly context: Problem["context"];
  readonly status: number;
  readonly headers: AnswerHeaders;

  constructor(readonly problem: Problem<Code>, readonly response: Response) {
    super(`${problem.code}: ${problem.message}`);
    this.code = problem.code;
    this.context = problem.context;
    this.status = response.status;
    this.headers = headersOf(response);
  }
}

/** Whether an error is a refusal, with one of the codes if some are named. */
export const isProblem = <Code extends string>(error: unknown, ...codes: Code[]): error is ProblemError<Code> =>
  error instanceof ProblemError && (codes.length === 0 || codes.includes(error.code as Code));

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** The body of a refusal, even if a proxy between server and client changed it. */
export const problemOf = (body: unknown, response: Response): Problem => {
  if (isObject(body) && typeof body.code === "string") {
    const message = body.detail ?? body.message;
    if (typeof message === "string") {
      const context = isObject(body.context) ? body.context : {};
      return { code: body.code, message, context, ...detailsOf(body) };
    }
  }
  const text = typeof body === "string" ? body.slice(0, 200) : "";
  return { code: "UNEXPECTED", message: `${response.status} ${text}`.trim(), context: {} };
};

const detailsOf = ({ type, title, status, instance }: Record<string, unknown>): { details?: ProblemDetails } => {
  if (typeof type !== "string" || typeof title !== "string" || typeof status !== "number") return {};
  return { details: { type, title, status, ...(typeof instance === "string" && { instance }) } };
};
