import type { ProbeType } from "./states";
import type { text } from "./text";

/** How a field is typed, and how what was typed becomes what the API takes. */
type Input = "text" | "number" | "switch" | "lines" | "pairs" | "numbers" | "area" | "status";

export interface Field {
  /** Its name in the configuration. */
  readonly name: string;
  readonly label: keyof typeof text;
  readonly input: Input;
  readonly required?: boolean;
  /** What the server takes when the field is left empty; shown, not sent. */
  readonly fallback?: string | number | boolean;
  /** One of these, or with `several` any of them. */
  readonly options?: readonly string[];
  readonly several?: boolean;
}

const HOST: Field = { name: "host", label: "host", input: "text", fallback: "localhost" };
const DAYS: Field = { name: "min_certificate_days", label: "min_certificate_days", input: "number" };
const VERIFY: Field = { name: "verify_tls", label: "verify_tls", input: "switch", fallback: true };
const SERVER_NAME: Field = { name: "server_name", label: "server_name", input: "text" };

export const FIELDS: Readonly<Record<ProbeType, readonly Field[]>> = {
  http: [
    { name: "url", label: "url", input: "text", required: true },
    {
      name: "method",
      label: "method",
      input: "text",
      fallback: "GET",
      options: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
    },
    { name: "expected_status", label: "expected_status", input: "status", fallback: "200-399" },
    { name: "expected_body", label: "expected_body", input: "text" },
    { name: "expected_body_regex", label: "expected_body_regex", input: "text" },
    { name: "headers", label: "headers", input: "pairs" },
    { name: "body", label: "body", input: "area" },
    { name: "follow_redirects", label: "follow_redirects", input: "switch", fallback: true },
    VERIFY,
    DAYS,
  ],
  tcp: [
    HOST,
    { name: "port", label: "port", input: "number", required: true },
    { name: "send", label: "send", input: "area" },
    { name: "expect", label: "expect", input: "text" },
  ],
  tls: [
    HOST,
    { name: "port", label: "port", input: "number", fallback: 443 },
    SERVER_NAME,
    VERIFY,
    { ...DAYS, fallback: 7 },
  ],
  exec: [
    { name: "command", label: "command", input: "lines", required: true },
    { name: "expected_exit_code", label: "expected_exit_code", input: "number", fallback: 0 },
    { name: "expected_output", label: "expected_output", input: "text" },
    { name: "user", label: "user", input: "text" },
    { name: "working_dir", label: "working_dir", input: "text" },
  ],
  metrics: [
    {
      name: "metrics",
      label: "metrics",
      input: "text",
      required: true,
      several: true,
      options: ["cpu", "memory", "disk", "network", "pids"],
    },
    { name: "thresholds", label: "thresholds", input: "numbers" },
  ],
  dns: [
    { name: "name", label: "domain", input: "text", required: true },
    {
      name: "record_type",
      label: "record_type",
      input: "text",
      fallback: "A",
      options: ["A", "AAAA", "CAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"],
    },
    { name: "server", label: "server", input: "text" },
    { name: "expected", label: "expected", input: "lines" },
  ],
  icmp: [
    HOST,
    { name: "count", label: "count", input: "number", fallback: 1 },
    { name: "max_loss", label: "max_loss", input: "number", fallback: 0 },
  ],
  log: [
    { name: "pattern", label: "pattern", input: "text", required: true },
    { name: "expect", label: "presence", input: "text", fallback: "present", options: ["present", "absent"] },
    { name: "window", label: "window", input: "number" },
    { name: "stream", label: "stream", input: "text", options: ["stdout", "stderr"] },
    { name: "case_sensitive", label: "case_sensitive", input: "switch", fallback: true },
  ],
  push: [{ name: "grace", label: "grace", input: "number", fallback: 10 }],
};

const INTERVAL: Field = { name: "interval", label: "interval", input: "number", fallback: 30 };
const THRESHOLDS: readonly Field[] = [
  { name: "success_threshold", label: "success_threshold", input: "number", fallback: 1 },
  { name: "failure_threshold", label: "failure_threshold", input: "number", fallback: 3 },
];

/** When it checks, and how many checks decide. */
export function timing(type: ProbeType): readonly Field[] {
  if (type === "push") {
    return [{ ...INTERVAL, fallback: 60 }, ...THRESHOLDS.map((field) => ({ ...field, fallback: 1 }))];
  }
  return [
    INTERVAL,
    { name: "timeout", label: "timeout", input: "number", fallback: type === "exec" ? 10 : 5 },
    { name: "retries", label: "retries", input: "number", fallback: 0 },
    ...THRESHOLDS,
  ];
}

/** Types that watch a container, and cannot do without one. */
export const NEEDS_CONTAINER: ReadonlySet<ProbeType> = new Set(["exec", "metrics", "log"]);

/** A field as it is typed. */
export type Typed = string | number | boolean | readonly string[] | null;

/** What the API takes of what was typed; undefined where the field is left to its default. */
export function told(field: Field, typed: Typed | undefined): unknown {
  if (typed === undefined || typed === null || typed === "" || typed === field.fallback) return undefined;
  if (typeof typed !== "string") return typed;
  switch (field.input) {
    case "lines":
      return lines(typed);
    case "pairs":
      return Object.fromEntries(lines(typed).map((line) => parted(line, ":")));
    case "numbers":
      return Object.fromEntries(
        lines(typed)
          .map((line) => parted(line, "="))
          .map(([name, value]) => [name, Number(value)]),
      );
    case "status": {
      const wanted = typed.split(",").map((part) => part.trim());
      return wanted.length === 1 ? typed.trim() : wanted;
    }
    default:
      return typed;
  }
}

/** What is typed for a value of the API: the other way round. */
export function typedFor(field: Field, value: unknown): Typed {
  if (value === undefined || value === null) return null;
  if (field.several && Array.isArray(value)) return value.map(String);
  if (Array.isArray(value)) return value.join(field.input === "status" ? "," : "\n");
  if (typeof value === "object") {
    const between = field.input === "numbers" ? "=" : ": ";
    return Object.entries(value)
      .map(([name, each]) => `${name}${between}${bound(each)}`)
      .join("\n");
  }
  return typeof value === "number" || typeof value === "boolean" ? value : String(value);
}

function bound(value: unknown): string {
  return typeof value === "object" && value !== null && "max" in value ? String(value.max) : String(value);
}

function lines(typed: string): string[] {
  return typed.split("\n").filter((line) => line.trim());
}

function parted(line: string, mark: string): [string, string] {
  const place = line.indexOf(mark);
  return place < 0 ? [line.trim(), ""] : [line.slice(0, place).trim(), line.slice(place + 1).trim()];
}
