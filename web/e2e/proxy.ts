import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";

export interface Injected {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

type Answer = (path: string, method: string) => Injected | undefined;

/** What stands between the browser and the server, and misbehaves when it is told to. */
export class Between {
  private readonly sockets = new Set<Socket>();
  private answer: Answer = () => undefined;
  private delay = 0;
  private broken = false;
  readonly port: Promise<number>;
  private readonly listener = createServer((asked, answered) => void this.pass(asked, answered));

  constructor(private readonly server: URL) {
    this.listener.on("connection", (socket) => {
      if (this.broken) socket.destroy();
      this.remember(socket);
    });
    this.listener.on("upgrade", (asked: IncomingMessage, socket: Socket, head: Buffer) =>
      this.upgrade(asked, socket, head),
    );
    this.port = new Promise((resolve) => {
      this.listener.listen(0, "127.0.0.1", () => resolve((this.listener.address() as AddressInfo).port));
    });
  }

  /** Answer in the server's place where the function says so. */
  inject(answer: Answer): void {
    this.answer = answer;
  }

  /** Let each request wait so long, in milliseconds. */
  slow(delay: number): void {
    this.delay = delay;
  }

  /** Cut every connection, and let none begin. */
  cut(): void {
    this.broken = true;
    for (const socket of this.sockets) socket.destroy();
  }

  /** Behave again. */
  mend(): void {
    this.answer = () => undefined;
    this.delay = 0;
    this.broken = false;
  }

  close(): void {
    this.cut();
    this.listener.close();
  }

  private async pass(asked: IncomingMessage, answered: ServerResponse): Promise<void> {
    if (this.delay) await new Promise((resolve) => setTimeout(resolve, this.delay));
    const injected = this.answer(asked.url ?? "/", asked.method ?? "GET");
    if (injected) {
      asked.resume();
      answered.writeHead(injected.status, {
        "Content-Type": "application/problem+json",
        ...injected.headers,
      });
      answered.end(injected.body);
      return;
    }
    const forwarded = request(
      {
        host: this.server.hostname,
        port: this.server.port,
        method: asked.method,
        path: asked.url,
        headers: asked.headers,
        agent: false,
      },
      (response) => {
        answered.writeHead(response.statusCode ?? 502, response.headers);
        response.pipe(answered);
      },
    );
    forwarded.on("error", () => answered.destroy());
    answered.on("close", () => forwarded.destroy());
    asked.pipe(forwarded);
  }

  private upgrade(asked: IncomingMessage, socket: Socket, head: Buffer): void {
    const forwarded = connect(Number(this.server.port), this.server.hostname, () => {
      const headers = asked.rawHeaders.reduce(
        (lines, part, place) => (place % 2 ? `${lines}: ${part}\r\n` : lines + part),
        `GET ${asked.url} HTTP/1.1\r\n`,
      );
      forwarded.write(`${headers}\r\n`);
      forwarded.write(head);
      socket.pipe(forwarded).pipe(socket);
    });
    this.remember(forwarded);
    forwarded.on("error", () => socket.destroy());
    socket.on("error", () => forwarded.destroy());
    socket.on("close", () => forwarded.destroy());
  }

  private remember(socket: Socket): void {
    this.sockets.add(socket);
    socket.on("close", () => this.sockets.delete(socket));
    socket.on("error", () => socket.destroy());
  }
}
