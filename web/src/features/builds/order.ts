import { answer, api, authorized, type Schemas } from "@api/client";

export type Kind = "dockerfile" | "spec";
export type Level = Schemas["Level"];

/** A file of the build's context, at its path there. */
export interface Source {
  readonly path: string;
  readonly file: File;
}

export interface Entry {
  readonly key: string;
  readonly value: string;
}

/** A build as it is being written. */
export interface Order {
  readonly kind: Kind;
  readonly name: string;
  readonly content: string;
  readonly sources: readonly Source[];
  readonly args: readonly Entry[];
  readonly labels: readonly Entry[];
  readonly target: string;
  readonly baseImage: string;
  readonly optimize: Level;
  readonly cache: boolean;
  readonly timeout: number | null;
}

export type Progress =
  | { readonly stage: "creating" | "executing" }
  | { readonly stage: "uploading"; readonly name: string };

/** Create the build, upload its files, execute it; tells its id. The id is told as soon as there is one. */
export async function submit(
  order: Order,
  options: { execute: boolean; known: string | undefined },
  tell: (progress: Progress) => void,
  created: (id: string) => void,
): Promise<string> {
  let id = options.known;
  if (id === undefined) {
    tell({ stage: "creating" });
    id = (await answer(api.POST("/api/v1/builds", { body: bodyOf(order) }))).id;
    created(id);
  }
  for (const { path, file } of order.sources) {
    tell({ stage: "uploading", name: path });
    const place = path.split("/").map(encodeURIComponent).join("/");
    await authorized(`/api/v1/builds/${id}/context/${place}`, { method: "PUT", body: file });
  }
  if (options.execute) {
    tell({ stage: "executing" });
    await answer(api.POST("/api/v1/builds/{build}/execute", { params: { path: { build: id } } }));
  }
  return id;
}

function bodyOf(order: Order): Schemas["NewBuild"] {
  const isSpec = order.kind === "spec";
  return {
    name: order.name,
    dockerfile_content: isSpec ? null : order.content,
    spec_content: isSpec ? order.content : null,
    base_image: isSpec && order.baseImage ? order.baseImage : null,
    build_args: record(order.args),
    labels: record(order.labels),
    target: !isSpec && order.target ? order.target : null,
    cache_enabled: order.cache,
    cache_from: [],
    context_files: {},
    optimize: order.optimize,
    timeout: order.timeout,
    execute: false,
  };
}

function record(entries: readonly Entry[]): Record<string, string> {
  return Object.fromEntries(entries.filter(({ key }) => key).map(({ key, value }) => [key, value]));
}
