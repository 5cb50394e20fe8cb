import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, SERVER, Visit } from "./harness";
import { pages } from "./pages";
import type { Injected } from "./proxy";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** How many answers each page meets in the short form. */
const TURNS = 3;
const LONG = process.env.EULERMAKER_SOAK === "1";

/** A code of family 000, and the faults that are told by it. */
interface Entry {
  status: number;
  meaning: { en: string };
  errors: string[];
}

let browser: Browser;
let paths: string[];
let clear: () => Promise<void>;
beforeAll(async () => {
  browser = await launch();
  ({ paths, clear } = await pages());
});
afterAll(async () => {
  await browser.close();
  await clear();
});

test("no page breaks on any error of the catalogue, nor on an answer that is not the server's", async () => {
  const told = (await (await fetch(new URL("/api/v1/errors?family=000&planned=false", SERVER))).json()) as {
    data: { errors: Entry[] };
  };
  const faults = told.data.errors
    .flatMap((entry) => entry.errors.map((slug) => injected(entry, slug)))
    // Another test is about sessions that end; here nobody is signed out.
    .filter((fault) => fault.status !== 401);
  const proxies: Injected[] = [
    { status: 502, headers: { "Content-Type": "text/html" }, body: "<html>Bad gateway</html>" },
    { status: 200, headers: { "Content-Type": "text/html" }, body: "<html>Sign in to the network</html>" },
    { status: 200, headers: { "Content-Type": "application/json" }, body: '{"success": true}' },
  ];
  const visit = await Visit.begin(browser);
  const { page, proxy } = visit;
  // Each page meets some, in turn, so that each status is met by several; the long form is all with all.
  const chosen = (place: number) =>
    LONG ? [...faults, ...proxies] : inTurn([...oneOfEachStatus(faults), ...proxies], place);
  for (const [place, path] of paths.entries()) {
    for (const fault of chosen(place)) {
      proxy.inject((asked) =>
        asked.startsWith("/api/") && !asked.startsWith("/api/v1/auth/") ? fault : undefined,
      );
      await visit.open(path);
      await stands(page, `${path} with ${fault.status} ${fault.headers?.["X-Error-Code"] ?? ""}`);
    }
  }
  await visit.end();
}, 600_000);

test("a server that is slow, then gone, then back leaves every page standing", async () => {
  const visit = await Visit.begin(browser);
  const { page, proxy } = visit;
  await visit.open("/containers");
  await page.getByRole("table").waitFor();
  proxy.slow(800);
  await page.getByRole("link", { name: "Overview" }).click();
  await page.getByText("database").waitFor();
  proxy.mend();
  proxy.cut();
  for (const name of ["Containers", "Overview", "Containers"]) {
    await page.getByRole("link", { name, exact: true }).first().click();
    await stands(page, `${name} without a server`);
  }
  await page.getByText("Disconnected, reconnecting").first().waitFor();
  proxy.mend();
  await page.getByText("Live", { exact: true }).waitFor();
  await page.getByRole("table").waitFor();
  await visit.end();
});

test("axe finds nothing serious on any page, light or dark", async () => {
  for (const scheme of ["light", "dark"] as const) {
    const visit = await Visit.begin(browser, { scheme });
    const { page } = visit;
    // The dark scheme has the same elements, in other colours: some pages tell.
    for (const path of scheme === "light" ? paths : paths.slice(0, 5)) {
      await visit.open(path);
      await page.locator("h1").waitFor();
      await page.waitForTimeout(600);
      expect(await violations(page), `${path} (${scheme})`).toEqual([]);
    }
    await visit.end();
  }
}, 300_000);

test("at 390 px no page is wider than the window", async () => {
  const visit = await Visit.begin(browser, { size: { width: 390, height: 800 } });
  const { page } = visit;
  for (const path of paths) {
    await visit.open(path);
    await page.locator("h1").waitFor();
    const excess = await page.evaluate(() => {
      const main = document.querySelector("main");
      return main ? main.scrollWidth - main.clientWidth : 0;
    });
    expect(excess, path).toBeLessThanOrEqual(0);
  }
  await page.getByRole("button", { name: "Menu" }).click();
  await page.getByRole("link", { name: "Containers", exact: true }).click();
  await page.getByRole("heading", { name: "Containers" }).waitFor();
  await visit.end();
});

function oneOfEachStatus(faults: readonly Injected[]): Injected[] {
  const statuses = [...new Set(faults.map((fault) => fault.status))];
  return statuses.flatMap((status) => faults.find((fault) => fault.status === status) ?? []);
}

function inTurn(faults: readonly Injected[], place: number): Injected[] {
  return Array.from({ length: TURNS }, (_, n) => faults[(place * TURNS + n) % faults.length]).filter(
    (fault) => fault !== undefined,
  );
}

function injected({ status, meaning }: Entry, slug: string): Injected {
  const retry = status === 429 || status === 503 ? { "Retry-After": "1" } : {};
  return {
    status,
    headers: { "X-Error-Code": slug, "X-Request-ID": "req_injected", ...retry },
    body: JSON.stringify({
      status,
      detail: meaning.en,
      code: slug,
      title: slug,
      retryable: false,
      request_id: "req_injected",
      details: {},
    }),
  };
}

/** The frame is there, and the page says something: it has not gone white, and has not thrown. */
async function stands(page: Page, what: string): Promise<void> {
  await page.locator("main h1").waitFor();
  expect(await page.getByText("This page has failed").count(), what).toBe(0);
}

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const axe = (globalThis as unknown as { axe: { run: () => Promise<{ violations: Violation[] }> } }).axe;
    interface Violation {
      id: string;
      impact: string;
      nodes: { html: string }[];
    }
    const { violations } = await axe.run();
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
  });
}
