import { language } from "@i18n";
import { useSyncExternalStore } from "react";
import { ApiFault, asFault, faultOf } from "./fault";

/** `anonymous`: nobody has signed in. `expired`: somebody had, and the page waits for them. */
export type Standing = "anonymous" | "signed-in" | "expired";

interface Tokens {
  readonly token: string;
  readonly refreshToken: string;
  /** In milliseconds since the epoch. */
  readonly expiresAt: number;
}

interface IssuedTokens {
  token: string;
  refresh_token: string;
  expires_in: number;
}

const KEY = "eulermaker.session";
const LOCK = "eulermaker.session.renewal";
/** A token is renewed so long before it expires that a request made with it still arrives. */
const MARGIN_MS = 30_000;
const ENDED = new Set([
  "refresh-token-invalid",
  "session-ended",
  "token-invalid",
  "token-missing",
  "token-malformed",
  "token-expired",
]);

/** The tokens of this browser, which all of its tabs share; renewed once, whoever notices first. */
class Session {
  private tokens: Tokens | undefined = stored();
  private lost = false;
  private renewing: Promise<void> | undefined;
  private waiting: Array<() => void> = [];
  private readonly listeners = new Set<() => void>();

  constructor() {
    window.addEventListener("storage", (event) => {
      if (event.key === KEY) this.adopt(stored());
    });
  }

  get standing(): Standing {
    if (this.lost) return "expired";
    return this.tokens ? "signed-in" : "anonymous";
  }

  listen = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** An access token that is valid by our clock; waits for the person where only they can give one. */
  async token(): Promise<string> {
    if (this.lost) await this.signedInAgain();
    if (this.tokens && this.tokens.expiresAt - MARGIN_MS < Date.now()) await this.renew(this.tokens.token);
    return this.tokens?.token ?? "";
  }

  /** Replace the token that the server has refused. */
  async renew(refused: string): Promise<void> {
    if (this.tokens && this.tokens.token !== refused && !this.lost) return;
    this.renewing ??= this.exclusively(() => this.trade(refused)).finally(() => {
      this.renewing = undefined;
    });
    await this.renewing;
    if (this.lost) await this.signedInAgain();
  }

  /** Take what a sign-in has yielded. */
  accept(issued: IssuedTokens): void {
    const expiresAt = Date.now() + issued.expires_in * 1000;
    const tokens = { token: issued.token, refreshToken: issued.refresh_token, expiresAt };
    localStorage.setItem(KEY, JSON.stringify(tokens));
    this.adopt(tokens);
  }

  /** Forget the tokens, in all tabs. */
  leave(): void {
    localStorage.removeItem(KEY);
    this.tokens = undefined;
    this.lost = false;
    this.tell();
  }

  private async trade(refused: string): Promise<void> {
    // Another tab may have renewed it while this one waited for the lock.
    const newest = stored();
    if (newest && newest.token !== refused) {
      this.adopt(newest);
      return;
    }
    if (!this.tokens) return;
    try {
      this.accept(await issue("/api/v1/auth/refresh", { refresh_token: this.tokens.refreshToken }));
    } catch (error) {
      const fault = asFault(error);
      if (fault.status !== 401 && !ENDED.has(fault.code)) throw fault;
      this.lost = true;
      this.tell();
    }
  }

  private signedInAgain(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  private adopt(tokens: Tokens | undefined): void {
    this.tokens = tokens;
    if (tokens) {
      this.lost = false;
      for (const resolve of this.waiting.splice(0)) resolve();
    }
    this.tell();
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }

  /** One tab at a time: a refresh token is good for one use. Plain HTTP has no locks, and few such tabs. */
  private exclusively(work: () => Promise<void>): Promise<void> {
    return navigator.locks ? navigator.locks.request(LOCK, work).then(() => undefined) : work();
  }
}

export const session = new Session();

export function useStanding(): Standing {
  return useSyncExternalStore(session.listen, () => session.standing);
}

/** Ask for tokens; raises an ApiFault. */
export async function issue(path: string, body: object): Promise<IssuedTokens> {
  const response = await fetch(path, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      "Accept-Language": language(),
      "X-Error-Dialect": "problem",
    },
    body: JSON.stringify(body),
  }).catch((error: unknown) => {
    throw asFault(error);
  });
  if (!response.ok) throw await faultOf(response);
  const told: unknown = await response.json().catch(() => undefined);
  const data = (told as { data?: IssuedTokens } | undefined)?.data;
  if (!data?.token) throw new ApiFault({ status: response.status, code: "unexpected-answer", message: "" });
  return data;
}

function stored(): Tokens | undefined {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEY) ?? "null");
    return found ? (found as Tokens) : undefined;
  } catch {
    // Somebody else's value under our key is as good as none.
    return undefined;
  }
}
