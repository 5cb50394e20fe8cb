import { language } from "@i18n";
import createClient from "openapi-fetch";
import { ApiFault, asFault, faultOf, NOT_OURS } from "./fault";
import type { components, paths } from "./schema";
import { session } from "./session";

export type Schemas = components["schemas"];

const DEADLINE_MS = 60_000;

/** The API, typed by its OpenAPI document: `await answer(api.GET("/api/v1/containers"))`. */
export const api = createClient<paths>({ fetch: authorized });

interface Envelope<T> {
  data: T;
  message?: string | null;
}

/** The `data` of an answer; raises an ApiFault. */
export async function answer<T>(asked: Promise<{ data?: Envelope<T>; response: Response }>): Promise<T> {
  const { data } = await envelope(asked);
  if (data === undefined) throw new ApiFault({ status: 200, code: NOT_OURS, message: "" });
  return data;
}

/** The message of an action's answer, which says in the user's language what was done. */
export async function done(
  asked: Promise<{ data?: { message?: string | null }; response: Response }>,
): Promise<string> {
  return (await envelope(asked)).message ?? "";
}

/** The body of an answer of family 003, whose resources come without an envelope; raises an ApiFault. */
export async function resource<T>(asked: Promise<{ data?: T; response: Response }>): Promise<T> {
  return envelope(asked);
}

async function envelope<E>(asked: Promise<{ data?: E; response: Response }>): Promise<E> {
  let answered: { data?: E; response: Response };
  try {
    answered = await asked;
  } catch (error) {
    // What answers with 200 and something else than JSON is a proxy, not the server.
    if (error instanceof SyntaxError) throw new ApiFault({ status: 200, code: NOT_OURS, message: "" });
    throw error instanceof DOMException && error.name === "AbortError" ? error : asFault(error);
  }
  if (typeof answered.data !== "object" || answered.data === null) {
    throw new ApiFault({ status: answered.response.status, code: NOT_OURS, message: "" });
  }
  return answered.data;
}

/** `fetch` as whoever is signed in; a refused token is renewed, and the request made again. Raises an ApiFault. */
export async function authorized(request: Request | string, init?: RequestInit): Promise<Response> {
  const first = new Request(request, init);
  const again = first.clone();
  const token = await session.token();
  let response = await send(first, token);
  if (response.status === 401 && token) {
    await session.renew(token);
    response = await send(again, await session.token());
  }
  if (!response.ok) throw await faultOf(response);
  return response;
}

async function send(request: Request, token: string): Promise<Response> {
  const headers = new Headers(request.headers);
  headers.set("Accept-Language", language());
  headers.set("X-Error-Dialect", "problem");
  if (token) headers.set("Authorization", `Bearer ${token}`);
  // The deadline is for the beginning of the answer: a stream may last as long as it likes.
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), DEADLINE_MS);
  try {
    return await fetch(
      new Request(request, { headers, signal: AbortSignal.any([request.signal, deadline.signal]) }),
    );
  } catch (error) {
    if (request.signal.aborted) throw error;
    throw asFault(error);
  } finally {
    clearTimeout(timer);
  }
}
