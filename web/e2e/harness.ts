import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { expect, onTestFailed } from "vitest";
import { Between } from "./proxy";

/** The server under test, and how to have it restarted: told by tests/console. */
export const SERVER = new URL(required("CONSOLE_SERVER"));
export const PASSWORD = required("CONSOLE_PASSWORD");
export const IMAGE = required("CONSOLE_IMAGE");
const CONTROL = required("CONSOLE_CONTROL");

export const PATIENCE = 30_000;
const NETWORK_CHANGED = /ERR_NETWORK_CHANGED/;
const ATTEMPTS = 5;
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  // Terminals are drawn with elements then, whose text can be read.
  "--disable-3d-apis",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

interface Tokens {
  token: string;
  refresh_token: string;
  expires_in: number;
}

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
}

/** A page behind a proxy of its own; whatever a page does, it may not throw, nor ask anybody else. */
export class Visit {
  private readonly strangers: string[] = [];
  private readonly errors: string[] = [];
  private readonly failures: string[] = [];

  private constructor(
    readonly page: Page,
    readonly proxy: Between,
    readonly base: string,
    private readonly context: BrowserContext,
  ) {
    page.on("request", (asked) => {
      if (!/^(blob|data):/.test(asked.url()) && new URL(asked.url()).host !== new URL(base).host)
        this.strangers.push(asked.url());
    });
    page.on("requestfailed", (asked) => this.failures.push(`${asked.url()}: ${asked.failure()?.errorText}`));
    page.on("pageerror", (error) => this.errors.push(error.stack ?? error.message));
    page.on("console", (message) => {
      if (/Content Security Policy|Content-Security-Policy/.test(message.text()))
        this.errors.push(message.text());
    });
  }

  static async begin(
    browser: Browser,
    options: {
      language?: "zh" | "en";
      signedIn?: boolean;
      scheme?: "light" | "dark";
      size?: { width: number; height: number };
    } = {},
  ): Promise<Visit> {
    const proxy = new Between(SERVER);
    const base = `http://127.0.0.1:${await proxy.port}`;
    const context = await browser.newContext({
      viewport: options.size ?? { width: 1280, height: 900 },
      locale: options.language === "zh" ? "zh-CN" : "en-US",
      colorScheme: options.scheme ?? "light",
    });
    context.setDefaultTimeout(PATIENCE);
    if (options.signedIn ?? true) await context.addInitScript(keep, await tokens());
    const page = await context.newPage();
    const visit = new Visit(page, proxy, base, context);
    onTestFailed(() => visit.tell());
    return visit;
  }

  /**
   * Go there. Containers of other tests come and go, each with a network interface, and Chromium drops
   * what it is loading whenever one does: then it is asked once more.
   */
  async open(path: string): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const before = this.failures.length;
      const gone = await this.page.goto(this.base + path).then(
        () => "",
        (error: Error) => error.message,
      );
      const dropped = [gone, ...this.failures.slice(before)].some((failure) => NETWORK_CHANGED.test(failure));
      if (!dropped && !gone) return;
      if (!dropped || attempt === ATTEMPTS)
        throw new Error(`${path}: ${gone || "the network keeps changing"}`);
    }
  }

  /** What a failure is understood from: where the page was, what it showed, and what went wrong in it. */
  async tell(): Promise<void> {
    if (this.page.isClosed()) return;
    const shown = await this.page.locator("main").textContent({ timeout: 1000 }).catch(String);
    console.error(
      [this.page.url(), ...this.errors, ...this.failures.slice(-10), String(shown).slice(0, 1500)].join("\n"),
    );
    await this.context.close();
    this.proxy.close();
  }

  /** Close it, and say what it did that it may not. */
  async end(): Promise<void> {
    await this.context.close();
    this.proxy.close();
    expect(this.strangers, "requests to other origins").toEqual([]);
    expect(this.errors, "errors of the page").toEqual([]);
  }
}

/** Ask the server itself, as root. */
export async function ask<T>(method: string, path: string, body?: object): Promise<T> {
  shared ??= await tokens();
  const response = await fetch(new URL(path, SERVER), {
    method,
    headers: {
      Authorization: `Bearer ${shared.token}`,
      "Content-Type": "application/json",
      "Accept-Language": "en",
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  const told = (await response.json()) as T & { data?: T };
  // Family 003 answers without an envelope.
  return told.data ?? told;
}

/** Stop the server and start it again. */
export async function restart(): Promise<void> {
  const response = await fetch(CONTROL, { method: "POST" });
  expect(response.status).toBe(200);
}

export function ownName(name: string): string {
  return `${name}-${Math.random().toString(16).slice(2, 10)}`;
}

let shared: Tokens | undefined;

async function tokens(): Promise<Tokens> {
  const response = await fetch(new URL("/api/v1/auth/login", SERVER), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ username: "admin", password: PASSWORD }),
  });
  return ((await response.json()) as { data: Tokens }).data;
}

/** Runs in the page, before anything of ours. */
function keep(issued: Tokens): void {
  if (localStorage.getItem("eulermaker.session")) return;
  const expiresAt = Date.now() + issued.expires_in * 1000;
  const kept = { token: issued.token, refreshToken: issued.refresh_token, expiresAt };
  localStorage.setItem("eulermaker.session", JSON.stringify(kept));
}

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is missing: these tests are started by tests/console`);
  return value;
}
