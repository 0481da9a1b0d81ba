import createClient, { type MaybeOptionalInit } from "openapi-fetch";
import type { PathsWithMethod, SuccessResponse } from "openapi-typescript-helpers";
import { freshId } from "@/lib/text";
import { problemOf, unreachable } from "./problem";
import type { paths } from "./schema";
import { authorization, getSession, refused } from "./session";

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);
/** Pauses before what nobody answered is sent again. */
const AGAIN_MS = [300, 1_200];

/**
 * Sends a request with whoever asks. What changes something carries a key, so that sending it again after a
 * lost answer does it once.
 */
async function send(request: Request): Promise<Response> {
  const { token } = getSession();
  for (const [name, value] of Object.entries(authorization())) request.headers.set(name, value);
  if (!SAFE.has(request.method) && !request.headers.has("idempotency-key")) {
    request.headers.set("idempotency-key", freshId());
  }
  const response = await steadily(request);
  if (response.status === 401) {
    const problem = problemOf(
      401,
      await response
        .clone()
        .json()
        .catch(() => null),
    );
    refused(token, problem.detail);
  }
  return response;
}

async function steadily(request: Request): Promise<Response> {
  for (const pause of AGAIN_MS) {
    try {
      return await fetch(request.clone());
    } catch (error) {
      if (request.signal.aborted) throw error;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
  try {
    return await fetch(request);
  } catch (error) {
    throw request.signal.aborted ? error : unreachable();
  }
}

const client = createClient<paths>({ baseUrl: location.origin, fetch: send });

type Method = "get" | "post" | "patch" | "delete";
type PathOf<M extends Method> = PathsWithMethod<paths, M>;
type Operation<M extends Method, P extends PathOf<M>> = paths[P][M & keyof paths[P]];
type Data<O> = O extends { responses: infer R extends Record<string | number, unknown> }
  ? SuccessResponse<R, "application/json">
  : never;
type Init<O> = MaybeOptionalInit<{ o: O }, "o">;

type Answer = { data?: unknown; error?: unknown; response: Response };

/** The data of an answer, or its problem. */
async function settle(answer: Promise<Answer>): Promise<unknown> {
  const { data, error, response } = await answer;
  if (!response.ok) throw problemOf(response.status, error);
  return data;
}

/*
 * One function per method, so that a path alone says what comes back. The casts stand where the generic
 * client cannot follow; paths, parameters, bodies and answers are checked where these are called.
 */

export function get<P extends PathOf<"get">>(path: P, init?: Init<Operation<"get", P>>) {
  return settle(client.GET(path, init as never)) as Promise<Data<Operation<"get", P>>>;
}

export function post<P extends PathOf<"post">>(path: P, init?: Init<Operation<"post", P>>) {
  return settle(client.POST(path, init as never)) as Promise<Data<Operation<"post", P>>>;
}

export function patch<P extends PathOf<"patch">>(path: P, init?: Init<Operation<"patch", P>>) {
  return settle(client.PATCH(path, init as never)) as Promise<Data<Operation<"patch", P>>>;
}

export function remove<P extends PathOf<"delete">>(path: P, init?: Init<Operation<"delete", P>>) {
  return settle(client.DELETE(path, init as never));
}

/** The text or the bytes of an address of the API that is not JSON. */
export async function fetchRaw(path: string): Promise<Response> {
  const response = await send(new Request(new URL(path, location.origin)));
  if (!response.ok) throw problemOf(response.status, await response.json().catch(() => null));
  return response;
}

/** Saves what an address of the API hands out as a file. A link could not show who asks. */
export async function download(path: string, name: string): Promise<void> {
  const response = await fetchRaw(path);
  const url = URL.createObjectURL(await response.blob());
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
