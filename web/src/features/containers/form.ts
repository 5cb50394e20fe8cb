import type { Schemas } from "@api/client";

export type NewContainer = Schemas["NewContainer"];
export type Field = Exclude<keyof NewContainer, "health_check">;

/**
 * How a field is typed: `words` a command line, `lines` one value a line, `pairs` one `name=value`
 * a line, `mounts` one `source:target` a line, `json` what has no shorter form.
 */
export type Kind = "text" | "number" | "flag" | "words" | "lines" | "pairs" | "mounts" | "json" | "choice";

export interface Entry {
  readonly name: Field | HealthField;
  readonly kind: Kind;
  readonly example?: string;
  readonly choices?: readonly string[];
}

export interface Section {
  readonly title: "basics" | "runs" | "reach" | "limits" | "wellness" | "keeping" | "unconfined";
  readonly entries: readonly Entry[];
}

/** The fields of the health check, which the form shows beside the others. */
export type HealthField =
  | "health_check.test"
  | "health_check.interval"
  | "health_check.timeout"
  | "health_check.start_period"
  | "health_check.retries";

const of = (name: Entry["name"], kind: Kind, example?: string): Entry => ({
  name,
  kind,
  ...(example ? { example } : {}),
});

/** Every field of a new container, in the order in which one thinks of them. */
export const SECTIONS: readonly Section[] = [
  {
    title: "basics",
    entries: [
      of("image", "text", "eulermaker/rpm-builder:latest"),
      of("name", "text", "web-1"),
      of("command", "words", "sh -c 'sleep 60'"),
      of("entrypoint", "words", "/usr/bin/tini --"),
      of("environment", "pairs", "LANG=C.UTF-8"),
      of("labels", "pairs", "team=build"),
    ],
  },
  {
    title: "reach",
    entries: [
      of("ports", "lines", "8080:80/tcp"),
      of("network_mode", "text", "bridge"),
      of("hostname", "text"),
      of("volumes", "mounts", "data:/var/lib/data"),
      of("tmpfs", "pairs", "/run=size=64m"),
      of("mounts", "json", '[{"type": "volume", "source": "data", "target": "/data"}]'),
    ],
  },
  {
    title: "limits",
    entries: [
      of("memory_limit", "text", "512m"),
      of("cpu_limit", "text", "1.5"),
      of("pids_limit", "number", "256"),
      of("shm_size", "text", "64m"),
      of("ulimits", "json", '{"nofile": {"soft": 1024, "hard": 4096}}'),
    ],
  },
  {
    title: "runs",
    entries: [
      of("working_dir", "text", "/work"),
      of("user", "text", "1000:1000"),
      {
        name: "restart_policy",
        kind: "choice",
        choices: ["no", "always", "unless-stopped", "on-failure", "on-failure:3"],
      },
      of("stop_signal", "text", "SIGTERM"),
      of("stop_timeout", "number", "10"),
      of("tty", "flag"),
      of("stdin_open", "flag"),
      of("init", "flag"),
      of("auto_remove", "flag"),
    ],
  },
  {
    title: "wellness",
    entries: [
      of("health_check.test", "words", "curl -f http://localhost/"),
      of("health_check.interval", "number", "30"),
      of("health_check.timeout", "number", "30"),
      of("health_check.start_period", "number", "0"),
      of("health_check.retries", "number", "3"),
    ],
  },
  {
    title: "keeping",
    entries: [of("read_only", "flag"), of("no_new_privileges", "flag"), of("cap_drop", "lines", "ALL")],
  },
  {
    title: "unconfined",
    entries: [
      of("privileged", "flag"),
      of("cap_add", "lines", "SYS_PTRACE"),
      of("devices", "lines", "/dev/fuse"),
      of("security_opt", "lines", "seccomp=unconfined"),
      of("pid_mode", "text", "host"),
      of("ipc_mode", "text", "shareable"),
      of("uts_mode", "text", "host"),
      of("userns_mode", "text", "host"),
      of("cgroupns_mode", "text", "private"),
    ],
  },
];

export type Draft = Readonly<Partial<Record<Entry["name"], string | boolean>>>;

export class Unreadable extends Error {
  constructor(
    readonly field: string,
    readonly why: string,
  ) {
    super(why);
  }
}

/** What the server is sent; what was left empty is left out. Raises Unreadable. */
export function bodyOf(draft: Draft): NewContainer {
  const body: Record<string, unknown> = { image: "" };
  const health: Record<string, unknown> = {};
  for (const { name, kind } of SECTIONS.flatMap((section) => section.entries)) {
    const typed = draft[name];
    if (typed === undefined || typed === "" || (typed === false && name !== "no_new_privileges")) continue;
    const [first, second] = name.split(".");
    const value = typeof typed === "boolean" ? typed : read(name, kind, typed);
    if (second) health[second] = value;
    else body[first ?? ""] = value;
  }
  if (Object.keys(health).length) body.health_check = health;
  return body as unknown as NewContainer;
}

function read(name: string, kind: Kind, typed: string): unknown {
  switch (kind) {
    case "number":
      return Number.isFinite(Number(typed)) ? Number(typed) : typed;
    case "words":
      return words(typed, name);
    case "lines":
      return lines(typed);
    case "pairs":
      return Object.fromEntries(lines(typed).map((line) => cut(line, "=")));
    case "mounts":
      return Object.fromEntries(lines(typed).map((line) => cut(line, ":")));
    case "json":
      try {
        return JSON.parse(typed);
      } catch (error) {
        throw new Unreadable(name, error instanceof Error ? error.message : String(error));
      }
    case "text":
    case "choice":
    case "flag":
      return typed;
  }
}

function lines(typed: string): string[] {
  return typed
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
}

function cut(line: string, separator: string): [string, string] {
  const at = line.indexOf(separator);
  return at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at + 1)];
}

/** The words of a command line, split as a shell does: quotes and backslashes, nothing else. */
export function words(typed: string, field = ""): string[] {
  const found: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < typed.length; at += 1) {
    const character = typed[at] ?? "";
    if (
      quote === "'"
        ? character !== "'"
        : character === "\\" && !(quote === '"' && !/["\\$`]/.test(typed[at + 1] ?? ""))
    ) {
      if (quote !== "'") at += 1;
      word = (word ?? "") + (quote === "'" ? character : (typed[at] ?? ""));
    } else if (quote ? character === quote : character === '"' || character === "'") {
      quote = quote ? "" : character;
      word ??= "";
    } else if (!quote && /\s/.test(character)) {
      if (word !== undefined) found.push(word);
      word = undefined;
    } else {
      word = (word ?? "") + character;
    }
  }
  if (quote) throw new Unreadable(field, quote);
  if (word !== undefined) found.push(word);
  return found;
}
