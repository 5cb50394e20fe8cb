import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, test } from "vitest";
import { launch, Visit } from "./harness";
import { pages } from "./pages";

const FOLDER = process.env.CONSOLE_SHOTS ?? "../.run/screenshots";
/** So long do charts and streams get to show something. */
const SETTLE_MS = 2500;

let browser: Browser;
beforeAll(async () => {
  mkdirSync(FOLDER, { recursive: true });
  browser = await launch();
});
afterAll(() => browser.close());

test("every page in both themes and languages, and narrow", async () => {
  const { paths, clear } = await pages();
  for (const language of ["zh", "en"] as const) {
    for (const scheme of ["light", "dark"] as const) {
      await shoot(["/sign-in", ...paths], `${language}-${scheme}`, { language, scheme });
    }
  }
  await shoot(paths, "narrow", { size: { width: 390, height: 800 } });
  await clear();
}, 900_000);

async function shoot(
  paths: readonly string[],
  kind: string,
  options: Parameters<typeof Visit.begin>[1],
): Promise<void> {
  for (const path of paths) {
    const visit = await Visit.begin(browser, { ...options, signedIn: path !== "/sign-in" });
    await visit.open(path === "/sign-in" ? "/" : path);
    await visit.page.locator("h1").waitFor();
    await visit.page.waitForTimeout(SETTLE_MS);
    await visit.page.screenshot({ path: join(FOLDER, `${nameOf(path)}.${kind}.png`) });
    await visit.end();
  }
}

function nameOf(path: string): string {
  return (
    path
      .replace(/container_\w+/, "one")
      .replace(/\W+/g, "-")
      .replace(/^-|-$/g, "") || "overview"
  );
}
