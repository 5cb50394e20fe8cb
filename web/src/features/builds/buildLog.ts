import { LastingSocket } from "@api/sockets";
import { LineBuffer, lineOf, note } from "@shared/log/LineBuffer";
import type { Feed } from "@shared/log/LogView";

/** A line of a build's log, as the socket sends it. */
interface Frame {
  readonly type: "log";
  readonly seq: number;
  readonly timestamp: string;
  readonly data: string;
  readonly kind: "step" | "output" | "status";
  readonly step?: number;
  readonly steps?: number;
  readonly stage?: string;
  readonly cached?: boolean;
  readonly duration?: number;
}

type Message = Frame | { type: "logs"; lines: Frame[] } | { type: "end"; seq: number; status: string };

/** A step as its log tells it; `seconds` once it is done. */
export interface Step {
  readonly key: string;
  readonly title: string;
  readonly instruction: string;
  readonly cached: boolean;
  readonly seconds: number | undefined;
}

const KEPT = 50_000;
const TELL_MS = 50;

/** Follows the log of one build, over cuts without loss; the lines of one step can be had alone. */
export class BuildLog implements Feed {
  buffer = new LineBuffer(KEPT);
  /** The steps in the order in which they began. */
  readonly steps = new Map<string, Step>();
  /** How the build ended, once it has. */
  status: string | undefined;
  connected = true;
  private frames: Frame[] = [];
  private seq = 0;
  private chosen: string | undefined;
  private left = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly listeners = new Set<(left: number) => void>();
  private readonly socket: LastingSocket;

  constructor(
    build: string,
    private readonly lastLine: (status: string) => string,
  ) {
    this.socket = new LastingSocket({
      address: () =>
        this.status === undefined ? `/ws/builds/${build}/logs?batch=true&since=${this.seq}` : null,
      message: (data) => this.take(JSON.parse(String(data)) as Message),
      state: (state) => {
        this.connected = state === "open" || this.status !== undefined;
        this.tell();
      },
    });
  }

  close(): void {
    this.socket.close();
    clearTimeout(this.timer);
  }

  listen = (changed: (left: number) => void): (() => void) => {
    this.listeners.add(changed);
    return () => this.listeners.delete(changed);
  };

  /** Show the lines of one step; all of them with undefined. */
  choose(step: string | undefined): void {
    this.chosen = step;
    this.buffer.clear();
    this.show(this.frames);
    this.tell();
  }

  private take(message: Message): void {
    switch (message.type) {
      case "log":
        this.add([message]);
        break;
      case "logs":
        this.add(message.lines);
        break;
      case "end":
        this.status = message.status;
        this.left += this.buffer.append([note(this.lastLine(message.status))]);
        this.socket.close();
    }
    this.tell();
  }

  private add(frames: readonly Frame[]): void {
    const fresh = frames.filter((frame) => frame.seq > this.seq);
    this.seq = fresh.at(-1)?.seq ?? this.seq;
    for (const frame of fresh) if (frame.kind === "step") this.note(frame);
    this.frames.push(...fresh);
    if (this.frames.length > 2 * KEPT) this.frames = this.frames.slice(-KEPT);
    this.show(fresh);
  }

  private note(frame: Frame): void {
    const key = keyOf(frame);
    const known = this.steps.get(key);
    if (known === undefined) {
      const [title = "", instruction = ""] = split(frame.data);
      this.steps.set(key, { key, title, instruction, cached: false, seconds: undefined });
    } else if (frame.duration !== undefined) {
      this.steps.set(key, { ...known, cached: frame.cached ?? false, seconds: frame.duration });
    }
  }

  private show(frames: readonly Frame[]): void {
    const wanted =
      this.chosen === undefined ? frames : frames.filter((frame) => keyOf(frame) === this.chosen);
    const lines = wanted.map((frame) => ({
      ...lineOf(frame.timestamp, frame.data),
      ...(frame.kind === "output" ? {} : { level: "note" as const }),
    }));
    this.left += this.buffer.append(lines);
  }

  private tell(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      const left = this.left;
      this.left = 0;
      for (const listener of this.listeners) listener(left);
    }, TELL_MS);
  }
}

function keyOf(frame: Frame): string {
  return `${frame.stage ?? ""} ${frame.step ?? 0}`;
}

/** `Step 1/4 : FROM x` as its title and its instruction. */
function split(line: string): string[] {
  const found = /^Step (\d+\/\d+) : (.*)$/.exec(line);
  return found ? [found[1] ?? "", found[2] ?? ""] : ["", line];
}
