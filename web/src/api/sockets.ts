import { answer, api } from "./client";

export type Connection = "connecting" | "open" | "waiting" | "ended";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

export interface Wanted {
  /** The path and its query at each attempt; null when there is nothing left to connect for. */
  address: () => string | null;
  protocols?: string[];
  message: (data: string | ArrayBuffer) => void;
  state?: (state: Connection, socket: WebSocket | undefined) => void;
  /** Why an attempt failed; the next follows all the same unless `close` is called. */
  failed?: (error: unknown) => void;
}

/** A socket that comes back by itself; where it resumes is the caller's to say in `address`. */
export class LastingSocket {
  private socket: WebSocket | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private pause = FIRST_PAUSE_MS;
  private closed = false;

  constructor(private readonly wanted: Wanted) {
    window.addEventListener("online", this.hurry);
    void this.connect();
  }

  send(data: string | Uint8Array<ArrayBuffer>): boolean {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(data);
    return true;
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    window.removeEventListener("online", this.hurry);
    this.socket?.close();
    this.tell("ended");
  }

  /** Try now instead of at the end of the pause. */
  hurry = (): void => {
    if (this.timer === undefined || this.closed) return;
    clearTimeout(this.timer);
    void this.connect();
  };

  private async connect(): Promise<void> {
    this.timer = undefined;
    const address = this.wanted.address();
    if (address === null) {
      this.close();
      return;
    }
    this.tell("connecting");
    try {
      const { ticket } = await answer(api.POST("/api/v1/auth/ws-ticket"));
      if (!this.closed) this.open(address, ticket);
    } catch (error) {
      this.wanted.failed?.(error);
      this.later();
    }
  }

  private open(address: string, ticket: string): void {
    const url = new URL(address, window.location.href);
    url.protocol = url.protocol.replace("http", "ws");
    url.searchParams.set("ticket", ticket);
    const socket = new WebSocket(url, this.wanted.protocols);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onopen = () => {
      this.pause = FIRST_PAUSE_MS;
      this.tell("open");
    };
    socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => this.wanted.message(event.data);
    socket.onclose = () => this.later();
  }

  private later(): void {
    if (this.closed || this.timer !== undefined) return;
    this.tell("waiting");
    // Not all tabs at once when a server comes back.
    const jitter = 0.75 + Math.random() / 2;
    this.timer = setTimeout(() => void this.connect(), this.pause * jitter);
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE_MS);
  }

  private tell(state: Connection): void {
    this.wanted.state?.(state, this.socket);
  }
}
