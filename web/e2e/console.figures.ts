import { writeFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, test } from "vitest";
import { ask, IMAGE, launch, ownName, Visit } from "./harness";

const SECONDS = Number(process.env.CONSOLE_LOG_SECONDS ?? "20");
const ROWS = 5000;
const found: Record<string, number> = {};
let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(async () => {
  await browser.close();
  writeFileSync(process.env.CONSOLE_REPORT ?? "console.json", JSON.stringify(found));
});

test("first load", async () => {
  const seconds: number[] = [];
  for (let run = 0; run < 5; run += 1) {
    const visit = await Visit.begin(browser);
    await visit.open("/");
    await visit.page.getByText("database").waitFor();
    const [interactive, scripts] = await visit.page.evaluate(() => {
      const loaded = performance.getEntriesByType("resource") as PerformanceResourceTiming[];
      const scripts = loaded.filter(({ name }) => name.endsWith(".js"));
      return [
        performance.now() / 1000,
        scripts.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
      ];
    });
    seconds.push(interactive);
    found.scripts = scripts;
    await visit.end();
  }
  found.interactive = seconds.sort((a, b) => a - b)[2] ?? Number.POSITIVE_INFINITY;
});

test("5,000 rows", async () => {
  const visit = await Visit.begin(browser);
  visit.proxy.inject((path) =>
    path.startsWith("/api/v1/containers?") ? { status: 200, body: listed(path) } : undefined,
  );
  await visit.open("/containers");
  await visit.page.getByText(`${ROWS} in all`).waitFor();
  found.frames = await visit.page.getByRole("table").evaluate(
    (table) =>
      new Promise<number>((resolve) => {
        const begun = performance.now();
        let frames = 0;
        requestAnimationFrame(function next(now) {
          frames += 1;
          // From one end to the other and back: 170,000 pixels in two seconds.
          const way = ((now - begun) / 2000) % 2;
          table.scrollTop = (way < 1 ? way : 2 - way) * table.scrollHeight;
          if (now - begun < 6000) requestAnimationFrame(next);
          else resolve((frames * 1000) / (now - begun));
        });
      }),
  );
  await visit.end();
});

test(
  "a log of 2,000 lines a second",
  async () => {
    const name = ownName("flood");
    const script =
      'i=0; while :; do n=0; while [ $n -lt 200 ]; do n=$((n+1)); echo "line $((i+n)) of a log that is never silent"; done; i=$((i+200)); sleep 0.08; done';
    await ask("POST", "/api/v1/containers", { image: IMAGE, name, command: ["sh", "-c", script] });
    await ask("POST", `/api/v1/containers/${name}/start`);
    const visit = await Visit.begin(browser);
    const { page } = visit;
    await visit.open(`/containers/${name}?tab=logs`);
    await page.getByRole("log").getByText("never silent").first().waitFor();
    const first = await lastLine(page);
    await page.evaluate(() => {
      const delays: number[] = [];
      Object.assign(window, { delays });
      window.addEventListener("keydown", (event) => delays.push(performance.now() - event.timeStamp), true);
    });
    const until = Date.now() + SECONDS * 1000;
    while (Date.now() < until) {
      await page.keyboard.press("Shift");
      await page.waitForTimeout(150);
    }
    found.lines = (await lastLine(page)) - first;
    const delays = await page.evaluate(() => (window as unknown as { delays: number[] }).delays);
    found.delay = delays.sort((a, b) => a - b)[Math.floor(delays.length * 0.95)] ?? Number.POSITIVE_INFINITY;
    found.heap = await heap(page);
    await visit.end();
    await ask("DELETE", `/api/v1/containers/${name}?force=true`);
  },
  SECONDS * 1000 + 120_000,
);

async function lastLine(page: Page): Promise<number> {
  const shown = await page.getByRole("log").textContent();
  return Math.max(...[...(shown ?? "").matchAll(/line (\d+)/g)].map(([, number]) => Number(number)));
}

/** What is used without a collection beforehand: the worst that one could meet. */
async function heap(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  return usedSize;
}

function listed(path: string): string {
  const query = new URL(path, "http://console").searchParams;
  const limit = Number(query.get("limit"));
  const offset = Number(query.get("offset"));
  const containers = Array.from({ length: Math.min(limit, ROWS - offset) }, (_, n) => ({
    id: `container_${String(offset + n).padStart(12, "0")}`,
    name: `service-${offset + n}`,
    image: "registry/team/service:1.2.3",
    status: n % 3 ? "running" : "stopped",
    created_at: "2026-11-28T10:00:00Z",
    started_at: "2026-11-28T10:00:00Z",
    ports: [`${20_000 + n}:80/tcp`],
    labels: { team: "build" },
    health: "healthy",
  }));
  return JSON.stringify({ success: true, data: { containers, total: ROWS, limit, offset }, timestamp: "" });
}
