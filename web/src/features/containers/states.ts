import type { Schemas } from "@api/client";
import type { Tone } from "@shared/Status";
import type { text } from "./text";

export type ContainerStatus = Schemas["eulermaker__engines__containers__Status"];
export type Action = Schemas["Batch"]["action"];

export const STATUSES: readonly ContainerStatus[] = [
  "running",
  "paused",
  "restarting",
  "created",
  "stopped",
  "removing",
  "dead",
];

export const TONES: Readonly<Record<ContainerStatus, Tone>> = {
  running: "good",
  paused: "warn",
  restarting: "busy",
  created: "idle",
  stopped: "idle",
  removing: "warn",
  dead: "bad",
};

/** In which states an action makes sense; the server has the last word. */
const SENSIBLE: Readonly<Record<Action, readonly ContainerStatus[]>> = {
  start: ["created", "stopped"],
  stop: ["running", "paused", "restarting"],
  restart: ["running", "paused", "stopped", "restarting"],
  pause: ["running"],
  unpause: ["paused"],
  kill: ["running", "paused", "restarting"],
  delete: STATUSES,
};

export function makesSense(action: Action, status: ContainerStatus): boolean {
  return SENSIBLE[action].includes(status);
}

export const ACTIONS: readonly Action[] = ["start", "stop", "restart", "pause", "unpause", "kill", "delete"];

export type Text = typeof text;
