import { answer, api, done } from "@api/client";
import { say } from "@i18n";
import type { Action } from "./states";
import { text } from "./text";

/** What one request takes at most. */
const BATCH = 50;

/** Do it to one container; tells what the server says. */
export function act(action: Action, container: string): Promise<string> {
  const params = { path: { container } };
  switch (action) {
    case "start":
      return done(api.POST("/api/v1/containers/{container}/start", { params }));
    case "stop":
      return done(api.POST("/api/v1/containers/{container}/stop", { params }));
    case "restart":
      return done(api.POST("/api/v1/containers/{container}/restart", { params }));
    case "pause":
      return done(api.POST("/api/v1/containers/{container}/pause", { params }));
    case "unpause":
      return done(api.POST("/api/v1/containers/{container}/unpause", { params }));
    case "kill":
      return done(api.POST("/api/v1/containers/{container}/kill", { params }));
    case "delete":
      return done(
        api.DELETE("/api/v1/containers/{container}", { params: { ...params, query: { force: true } } }),
      );
  }
}

export interface Outcome {
  readonly succeeded: number;
  /** One sentence for each that failed. */
  readonly failed: readonly string[];
}

/** Do it to many containers, in as few requests as the server takes. */
export async function actOnMany(action: Action, containers: readonly string[]): Promise<Outcome> {
  const outcome = { succeeded: 0, failed: [] as string[] };
  for (let from = 0; from < containers.length; from += BATCH) {
    const body = { action, containers: containers.slice(from, from + BATCH), force: action === "delete" };
    const { results, succeeded } = await answer(api.POST("/api/v1/containers/batch", { body }));
    outcome.succeeded += succeeded;
    for (const { container, error } of results) {
      if (error) outcome.failed.push(`${container}: ${error.message}`);
    }
  }
  return outcome;
}

/** What to say of an outcome. */
export function told(action: Action, outcome: Outcome): string {
  return say(text.batchDone, { action: say(text[action]), count: outcome.succeeded });
}
