import type { Permission } from "@api/me";
import type { Message } from "@i18n";
import type { ComponentType, ReactNode } from "react";

export interface Page {
  /** Below the section: `""` for its first page, `":container"` for a detail. */
  readonly path: string;
  /** Loaded when the page is first opened. */
  readonly load: () => Promise<{ default: ComponentType }>;
}

/**
 * What a folder of `features/` shows. Its `index.ts` exports one of these as default, and that is
 * all it takes: the navigation, the routes and the server's list of pages follow from it.
 */
export interface Feature {
  /** The first segment of its addresses: the folder's name. */
  readonly section: string;
  readonly title: Message;
  readonly icon: ReactNode;
  /** Its place in the navigation: lower is higher. */
  readonly order: number;
  /** Without it the entry is disabled, with the reason. */
  readonly permission?: Permission;
  readonly pages: readonly Page[];
}

const found = import.meta.glob<Feature>("../features/*/index.tsx", { eager: true, import: "default" });

export const features: readonly Feature[] = Object.values(found).sort((a, b) => a.order - b.order);
