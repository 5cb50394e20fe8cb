import type { Schemas } from "@api/client";

export type Role = Schemas["Role"];

/** From the mightiest down. */
export const ROLES: readonly Role[] = ["root", "admin", "operator", "user", "readonly"];
