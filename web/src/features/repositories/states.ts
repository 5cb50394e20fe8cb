import type { Schemas } from "@api/client";
import type { Tone } from "@shared/Status";

export type Repository = Schemas["RepositoryDetail"];
export type Package = Schemas["PackageDetail"];
export type Publication = Schemas["PublicationDetail"];

/** How a repository or a publication looks; the sentence is named like the state. */
export const TONES: Readonly<Record<Repository["status"] | Publication["status"], Tone>> = {
  empty: "idle",
  waiting: "idle",
  publishing: "busy",
  published: "good",
  failed: "bad",
  refused: "bad",
};
