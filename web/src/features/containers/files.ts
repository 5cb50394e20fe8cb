import { answer, api, authorized, done } from "@api/client";
import { archive } from "./tar";

export interface Entry {
  readonly name: string;
  readonly kind: "directory" | "file" | "link" | "other";
  readonly size: number;
  readonly modified: number;
}

/** The directory is an argument of the script, never a part of it. */
const LIST = `cd -- "$1" || exit 3
for f in * .[!.]* ..?*; do
  if [ -e "$f" ] || [ -L "$f" ]; then stat -c '%F|%s|%Y|%n' -- "$f"; fi
done`;
const NO_DIRECTORY = 3;

export class NotListed extends Error {}

/** What is in a directory of a running container; raises NotListed where it has no tools to tell. */
export async function list(container: string, directory: string): Promise<Entry[]> {
  const told = await answer(
    api.POST("/api/v1/containers/{container}/exec", {
      params: { path: { container } },
      body: { command: ["sh", "-c", LIST, "sh", directory], timeout: 15 },
    }),
  );
  if (told.exit_code !== 0) throw new NotListed(told.exit_code === NO_DIRECTORY ? told.stderr : "");
  return told.stdout
    .split("\n")
    .filter(Boolean)
    .map(entryOf)
    .sort(
      (a, b) =>
        Number(b.kind === "directory") - Number(a.kind === "directory") || a.name.localeCompare(b.name),
    );
}

/** A file or directory as a tar archive. */
export async function fetchArchive(container: string, path: string): Promise<Blob> {
  return (await authorized(addressOf(container, path))).blob();
}

/** Put files into a directory. */
export async function upload(container: string, directory: string, files: readonly File[]): Promise<string> {
  const body = await archive(files);
  return done(
    authorized(addressOf(container, directory), {
      method: "PUT",
      body,
      headers: { "Content-Type": "application/x-tar" },
    }).then(async (response) => ({ data: (await response.json()) as { message?: string }, response })),
  );
}

export function within(directory: string, name: string): string {
  return `${directory.replace(/\/+$/, "")}/${name}`;
}

export function parent(directory: string): string {
  return directory.replace(/\/+$/, "").replace(/\/[^/]*$/, "") || "/";
}

function addressOf(container: string, path: string): string {
  return `/api/v1/containers/${encodeURIComponent(container)}/files?${new URLSearchParams({ path })}`;
}

function entryOf(line: string): Entry {
  const [kind = "", size = "0", modified = "0", ...name] = line.split("|");
  return {
    name: name.join("|"),
    kind:
      kind === "directory"
        ? "directory"
        : kind.startsWith("regular")
          ? "file"
          : kind.includes("link")
            ? "link"
            : "other",
    size: Number(size),
    modified: Number(modified),
  };
}
