import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, ownName, PATIENCE, Visit } from "./harness";

const GREETER = join(import.meta.dirname, "../../examples/greeter");

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

test("a dropped spec and its source become an RPM that is downloaded", async () => {
  const visit = await Visit.begin(browser);
  const { page } = visit;
  const name = ownName("greeter");
  await visit.open("/builds");
  await page.getByRole("button", { name: "New build" }).click();
  await page
    .locator("input[type=file]")
    .setInputFiles([join(GREETER, "greeter.spec"), join(GREETER, "greeter.sh")]);
  await page.locator(".cm-content").getByText("Summary:").waitFor();
  await page.getByRole("button", { name: "Remove greeter.sh" }).waitFor();
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByRole("button", { name: "Create and execute" }).click();

  await page.getByRole("heading", { name }).waitFor();
  await page
    .getByRole("log")
    .getByText("Step 1/")
    .first()
    .waitFor({ timeout: 2 * PATIENCE });
  await page
    .getByText("Success", { exact: true })
    .first()
    .waitFor({ timeout: 6 * PATIENCE });
  await page.getByRole("tab", { name: "Artifacts" }).click();
  const downloading = page.waitForEvent("download");
  await page.getByRole("button", { name: /^Download greeter-.*\.noarch\.rpm$/ }).click();
  const content = await readFile(await (await downloading).path());
  // The magic number of an RPM.
  expect(content.subarray(0, 4).toString("hex")).toBe("edabeedb");
  await visit.end();
}, 400_000);

test("the editor is told what is wrong, and fields say what the server refuses", async () => {
  const visit = await Visit.begin(browser);
  const { page } = visit;
  await visit.open("/builds/new");
  await page.locator(".cm-content").click();
  await page.keyboard.type("FROM nothing-here\nRUNN true\n");
  await page.getByText("line 2: unknown instruction: RUNN").first().waitFor();
  await page.getByLabel("Name", { exact: true }).fill("Not A Name");
  await page.getByRole("button", { name: "Create only" }).click();
  await page.getByText("This is no image name").waitFor();
  expect(await page.locator(".cm-content").textContent()).toContain("RUNN");
  await visit.end();
});
