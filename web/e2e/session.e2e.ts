import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, PASSWORD, restart, Visit } from "./harness";

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

const problem = (status: number, code: string, detail: string, more: object = {}) =>
  JSON.stringify({
    type: "about:blank",
    title: code,
    status,
    detail,
    code,
    retryable: false,
    request_id: "req_test",
    details: {},
    ...more,
  });

test("sign in: a wrong password is told with its code, the right one opens the page that was asked for", async () => {
  const visit = await Visit.begin(browser, { signedIn: false });
  const { page } = visit;
  await visit.open("/containers?status=running");
  await page.getByLabel("User name or e-mail").fill("admin");
  await page.getByLabel("Password").fill("wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").getByText("wrong-credentials").waitFor();
  await page.getByRole("alert").getByText(/^req_/).waitFor();

  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Containers" }).waitFor();
  expect(page.url()).toContain("status=running");
  await page.reload();
  await page.getByRole("heading", { name: "Containers" }).waitFor();
  await visit.end();
});

test("a limit on sign-ins counts down and lets go", async () => {
  const visit = await Visit.begin(browser, { signedIn: false });
  const { page, proxy } = visit;
  await visit.open("/");
  proxy.inject((path) =>
    path === "/api/v1/auth/login"
      ? {
          status: 429,
          headers: { "Retry-After": "3", "X-Error-Code": "sign-in-rate-limited" },
          body: problem(429, "sign-in-rate-limited", "Too many attempts", {
            retryable: true,
            retry_after: 3,
          }),
        }
      : undefined,
  );
  await page.getByLabel("User name or e-mail").fill("admin");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  const waiting = page.getByRole("button", { name: /Try again in \d s/ });
  await waiting.waitFor();
  expect(await waiting.isDisabled()).toBe(true);
  proxy.mend();
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  await visit.end();
});

test("the language is switched at once, kept, and asked of the server", async () => {
  const visit = await Visit.begin(browser, { language: "zh" });
  const { page } = visit;
  await visit.open("/");
  await page.getByRole("heading", { name: "概览" }).waitFor();
  await page.getByRole("button", { name: "English" }).click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  expect(await page.locator("html").getAttribute("lang")).toBe("en");
  await visit.open("/containers/container_000000000000");
  await page.getByText("There is no container").waitFor();
  await visit.end();
});

test("an expired session asks again over the page, and nothing that was typed is lost", async () => {
  const visit = await Visit.begin(browser);
  const { page, proxy } = visit;
  await visit.open("/containers/new");
  await page.getByLabel("Image").fill("eulermaker/test-busybox:latest");
  await page.getByLabel("Command").first().fill("sleep 5");
  let ended = true;
  proxy.inject((path) => {
    if (path === "/api/v1/auth/login") ended = false;
    if (!ended || !path.startsWith("/api/")) return undefined;
    const code = path === "/api/v1/auth/refresh" ? "refresh-token-invalid" : "session-ended";
    return {
      status: 401,
      headers: { "X-Error-Code": code },
      body: problem(401, code, "The session has ended"),
    };
  });
  await page.getByLabel("Name").first().fill("typed-before");
  const dialog = page.getByRole("dialog", { name: "Your session has expired" });
  await dialog.waitFor();
  await dialog.getByLabel("Password").fill(PASSWORD);
  await dialog.getByRole("button", { name: "Sign in", exact: true }).click();
  await dialog.waitFor({ state: "detached" });
  expect(await page.getByLabel("Name").first().inputValue()).toBe("typed-before");
  expect(await page.getByLabel("Command").first().inputValue()).toBe("sleep 5");
  await page.getByText("The server would take this").waitFor();
  await visit.end();
});

test("the server restarts under an open page, which goes on by itself", async () => {
  const visit = await Visit.begin(browser);
  const { page } = visit;
  await visit.open("/containers");
  await page.getByText("Live").waitFor();
  const away = page.getByText("Disconnected, reconnecting").waitFor();
  await Promise.all([away, restart()]);
  await page.getByText("Live", { exact: true }).waitFor();
  await page.getByRole("link", { name: "Overview" }).click();
  await page.getByText("database").waitFor();
  await visit.end();
});
