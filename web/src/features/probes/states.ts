import type { Schemas } from "@api/client";
import type { Tone } from "@shared/Status";
import type { text } from "./text";

export type Row = Schemas["ProbeRow"];
export type Probe = Schemas["ProbeDetail"];
export type State = Row["state"];
export type Activity = Row["status"];
export type ProbeType = Schemas["NewProbe"]["probe_type"];

export const STATES: Readonly<Record<State, readonly [Tone, keyof typeof text]>> = {
  success: ["good", "success"],
  failure: ["bad", "failure"],
  unknown: ["idle", "unknown"],
};

export const ACTIVITIES: Readonly<Record<Activity, keyof typeof text>> = {
  active: "active",
  paused: "paused",
  suspended: "suspended",
};

export function isState(word: string): word is State {
  return Object.hasOwn(STATES, word);
}
