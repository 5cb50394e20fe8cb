import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ask, IMAGE, launch, ownName, PATIENCE, Visit } from "./harness";

let browser: Browser;
const names: string[] = [];
beforeAll(async () => {
  browser = await launch();
});
afterAll(async () => {
  await browser.close();
  for (const name of names)
    await ask("DELETE", `/api/v1/containers/${name}?force=true`).catch(() => undefined);
});

async function running(name: string, script: string): Promise<string> {
  names.push(name);
  const { id } = await ask<{ id: string }>("POST", "/api/v1/containers", {
    image: IMAGE,
    name,
    command: ["sh", "-c", script],
  });
  await ask("POST", `/api/v1/containers/${id}/start`);
  return id;
}

test("create, read the log, type into a shell, stop and delete a container", async () => {
  const visit = await Visit.begin(browser);
  const { page } = visit;
  const name = ownName("console");
  names.push(name);
  await visit.open("/containers");
  await page.getByRole("button", { name: "New container" }).click();
  await page.getByRole("heading", { name: "New container" }).waitFor();
  await page.getByLabel("Image").fill(IMAGE);
  await page.getByLabel("Name").first().fill(name);
  await page
    .getByLabel("Command")
    .first()
    .fill("sh -c 'while true; do echo 你好 from inside; sleep 1; done'");
  await page.locator("#field-memory_limit").fill("5x");
  await page.getByText("'5x'").waitFor();
  await page.locator("#field-memory_limit").fill("64m");
  await page.getByText("The server would take this").waitFor();
  await page.getByRole("button", { name: "Create and start" }).click();

  await page.getByRole("heading", { name }).waitFor();
  await page.getByText("running", { exact: true }).first().waitFor();
  await page.getByRole("tab", { name: "Logs" }).click();
  await page.getByText("你好 from inside").first().waitFor();

  await page.getByRole("tab", { name: "Terminal" }).click();
  await page.getByRole("button", { name: "Open a terminal" }).click();
  await page.getByText("Connected").waitFor();
  await page.keyboard.type("echo answer-$((6*7)) 中文\n");
  await page.locator(".xterm-rows").getByText("answer-42 中文").waitFor();

  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByText("stopped", { exact: true }).first().waitFor();
  await page.getByRole("button", { name: "Delete" }).click();
  const dialog = page.getByRole("dialog");
  expect(await dialog.getByRole("button", { name: "Delete" }).isDisabled()).toBe(true);
  await dialog.getByRole("textbox").fill(name);
  await dialog.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("heading", { name: "Containers" }).waitFor();
  await expect(ask("GET", `/api/v1/containers/${name}`)).rejects.toThrow("404");
  await visit.end();
});

test("filters are the server's and live in the address; a batch acts on what was chosen", async () => {
  const mark = ownName("batch");
  await Promise.all([running(`${mark}-a`, "sleep 600"), running(`${mark}-b`, "sleep 600")]);
  const visit = await Visit.begin(browser);
  const { page } = visit;
  await visit.open("/containers");
  await page.getByRole("textbox", { name: "Name", exact: true }).fill(mark);
  await page.getByText("2 in all").waitFor();
  // Before the filter took hold there may have been two as well.
  await page.waitForURL((url) => url.searchParams.get("name") === mark);
  await page.getByRole("checkbox", { name: "Select all" }).check();
  await page.getByText("2 selected").waitFor();
  await page.getByRole("button", { name: "Kill" }).click();
  await page.getByText("Kill: 2 done").waitFor();
  await page.getByRole("cell", { name: "stopped" }).nth(1).waitFor();
  await visit.end();
});

test("a terminal goes on where it was after the network was cut", async () => {
  const id = await running(ownName("cut"), "sleep 600");
  const visit = await Visit.begin(browser, { size: { width: 1280, height: 1400 } });
  const { page, proxy } = visit;
  await visit.open(`/containers/${id}?tab=terminal`);
  await page.getByRole("button", { name: "Open a terminal" }).click();
  await page.getByText("Connected").waitFor();
  await page.keyboard.type("for i in $(seq 1 30); do echo n$i; sleep 0.2; done; echo all-$((1+1))\n");
  const rows = page.locator(".xterm-rows");
  await rows.getByText("n5", { exact: true }).waitFor();
  proxy.cut();
  await page.getByText("Disconnected, reconnecting").first().waitFor();
  await new Promise((resolve) => setTimeout(resolve, 1500));
  proxy.mend();
  await rows.getByText("all-2").waitFor({ timeout: 2 * PATIENCE });
  const shown = (await rows.locator("> div").allTextContents()).join("\n").match(/\bn\d+\b/g) ?? [];
  expect(shown).toEqual(Array.from({ length: 30 }, (_, n) => `n${n + 1}`));
  await visit.end();
});

test("a log is searched, paused and wrapped", async () => {
  const id = await running(
    ownName("log"),
    "i=0; while true; do i=$((i+1)); echo line-$i; [ $((i%5)) = 0 ] && echo ERROR $i; sleep 0.2; done",
  );
  const visit = await Visit.begin(browser);
  const { page } = visit;
  await visit.open(`/containers/${id}?tab=logs`);
  const log = page.getByRole("log");
  await log
    .getByText(/^line-\d+$/)
    .first()
    .waitFor();
  await page.getByRole("button", { name: "Hold" }).click();
  await page.getByText(/[1-9]\d* new lines/).waitFor();
  await page.getByRole("button", { name: "Follow" }).click();
  await page.getByRole("checkbox", { name: "Regular expression" }).check();
  await page.getByRole("searchbox", { name: "Search" }).fill("^error \\d+$");
  await log.locator("mark").first().waitFor();
  await log
    .getByText(/^line-\d+$/)
    .first()
    .waitFor({ state: "detached" });
  expect(await log.locator("[data-level=error]").count()).toBeGreaterThan(0);
  await visit.end();
});
