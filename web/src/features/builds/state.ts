import type { Schemas } from "@api/client";
import type { Tone } from "@shared/Status";
import type { text } from "./text";

export type BuildState = Schemas["eulermaker__features__builds__rules__State"];
export type Build = Schemas["eulermaker__features__builds__schemas__Detail"];

/** How a state looks, and the sentence that names it. */
export const STATES: Readonly<Record<BuildState, readonly [Tone, keyof typeof text]>> = {
  pending: ["idle", "pending"],
  running: ["busy", "running"],
  success: ["good", "success"],
  failed: ["bad", "failed"],
  cancelled: ["idle", "cancelled"],
  timeout: ["bad", "timeout"],
};

/** Whether the build goes on by itself. */
export function isUnderWay(status: BuildState): boolean {
  return status === "pending" || status === "running";
}

export function isState(word: string): word is BuildState {
  return Object.hasOwn(STATES, word);
}
