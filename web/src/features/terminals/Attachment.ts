import { answer, api } from "@api/client";
import { asFault } from "@api/fault";
import { type Connection, LastingSocket } from "@api/sockets";
import type { Terminal } from "@xterm/xterm";
import { acknowledgement, input, type Notice, output, resize, SUBPROTOCOL } from "./wire";

export type Standing =
  | { readonly state: Connection }
  | { readonly state: "exited"; readonly reason: string }
  | { readonly state: "gone" };

/**
 * One terminal of the server on one terminal of the screen. A cut connection goes on at the byte
 * where it was; what is typed meanwhile waits, up to a bound.
 */
export class Attachment {
  private readonly socket: LastingSocket;
  private seq = 0n;
  private ended = false;
  private held: Uint8Array<ArrayBuffer>[] = [];

  constructor(
    private readonly terminal: Terminal,
    private readonly session: string,
    private readonly tell: (standing: Standing) => void,
    private readonly lost: (bytes: number) => void,
  ) {
    this.socket = new LastingSocket({
      address: () => (this.ended ? null : `/ws/terminals/${session}${this.seq ? `?since=${this.seq}` : ""}`),
      protocols: [SUBPROTOCOL],
      message: (data) =>
        typeof data === "string" ? this.notice(JSON.parse(data) as Notice) : this.show(data),
      state: (state) => this.turned(state),
    });
  }

  type(typed: string | Uint8Array): void {
    const frame = input(typed);
    if (!this.socket.send(frame) && this.held.length < MAX_HELD) this.held.push(frame);
  }

  fit(): void {
    this.socket.send(resize(this.terminal.cols, this.terminal.rows));
  }

  close(): void {
    this.ended = true;
    this.socket.close();
  }

  private show(frame: ArrayBuffer): void {
    const piece = output(frame);
    if (!piece) return;
    this.seq = piece.seq;
    // Acknowledged is what was parsed, not what has arrived: so the server waits for a slow screen.
    this.terminal.write(piece.data, () => this.socket.send(acknowledgement(piece.seq)));
  }

  private notice(notice: Notice): void {
    switch (notice.type) {
      case "gap":
        this.lost(notice.to - notice.from);
        return;
      case "exit":
        this.ended = true;
        this.tell({ state: "exited", reason: notice.reason });
        return;
      case "resize":
      case "pong":
      case "error":
        return;
    }
  }

  private turned(state: Connection): void {
    if (this.ended) return;
    this.tell({ state });
    if (state === "open") {
      this.fit();
      for (const frame of this.held.splice(0)) this.socket.send(frame);
    }
    if (state === "waiting") void this.lookAfter();
  }

  /** Whether there is anything left to come back to: a refused handshake does not say why. */
  private async lookAfter(): Promise<void> {
    try {
      await answer(api.GET("/api/v1/terminals/{terminal}", { params: { path: { terminal: this.session } } }));
    } catch (error) {
      if (asFault(error).status !== 404 || this.ended) return;
      this.close();
      this.tell({ state: "gone" });
    }
  }
}

const MAX_HELD = 1000;
