import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bodyOf, SECTIONS, Unreadable, words } from "./form";

test.each([
  [`sh -c 'echo "a b"; sleep 1'`, ["sh", "-c", 'echo "a b"; sleep 1']],
  [`a\\ b "c\\"d" ''`, ["a b", 'c"d', ""]],
  [`"back\\slash"`, ["back\\slash"]],
  ["  ", []],
])("%s is split as a shell does", (typed, expected) => expect(words(typed)).toEqual(expected));

test("a quotation mark that is not closed is told", () => {
  expect(() => bodyOf({ command: "sh -c 'x" })).toThrow(Unreadable);
});

test("what was typed becomes what the server takes; what is empty is left out", () => {
  const body = bodyOf({
    image: "busybox",
    name: "",
    environment: "A=1\nB=x=y",
    volumes: "data:/data:ro",
    ports: "8080:80/tcp",
    pids_limit: "5",
    tty: true,
    privileged: false,
    no_new_privileges: false,
    "health_check.test": "true",
    ulimits: '{"nofile": 5}',
  });
  expect(body).toEqual({
    image: "busybox",
    environment: { A: "1", B: "x=y" },
    volumes: { data: "/data:ro" },
    ports: ["8080:80/tcp"],
    pids_limit: 5,
    tty: true,
    no_new_privileges: false,
    health_check: { test: ["true"] },
    ulimits: { nofile: 5 },
  });
});

test("the form has every field of the API", () => {
  const document = JSON.parse(
    readFileSync(join(import.meta.dirname, "../../../../docs/reference/openapi.json"), "utf8"),
  ) as { components: { schemas: Record<string, { properties: object }> } };
  const taken = new Set(SECTIONS.flatMap((section) => section.entries.map(({ name }) => name.split(".")[0])));
  expect([...taken].sort()).toEqual(
    Object.keys(document.components.schemas.NewContainer?.properties ?? {}).sort(),
  );
});
