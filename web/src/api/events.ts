import { useEffect, useSyncExternalStore } from "react";
import { queries } from "./queries";
import { type Connection, LastingSocket } from "./sockets";

/** Something that happened on the engine, as `/ws/events` tells it. */
export interface EngineEvent {
  readonly type: "container_event" | "image_event" | "network_event" | "gap";
  readonly seq: number;
  readonly event?: string;
  readonly timestamp?: string;
  readonly container_id?: string;
  readonly image_id?: string;
  readonly network_id?: string;
  readonly details?: { name?: string; image?: string; exit_code?: number; health?: string };
}

/** How many of the latest events are told at first, and how many are kept. */
const FIRST = 50;
const KEPT = 500;
/** Many events at once become one look at the lists, and a busy engine costs no more than one in so long. */
const SETTLE_MS = 300;
const REST_MS = 2500;
const NOISE = /^exec_|^top$|^archive-path$|^extract-to-dir$|^resize$|^attach$|^detach$/;
const STALE: Readonly<Record<EngineEvent["type"], readonly string[]>> = {
  container_event: ["containers", "system", "volumes"],
  image_event: ["images", "system"],
  network_event: ["networks"],
  gap: ["containers", "images", "networks", "system"],
};

class Events {
  private socket: LastingSocket | undefined;
  private users = 0;
  private kept: readonly EngineEvent[] = [];
  private connection: Connection = "connecting";
  private readonly listeners = new Set<() => void>();
  private readonly stale = new Set<string>();
  private settledAt = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  listen = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** The latest events, newest first. */
  latest = (): readonly EngineEvent[] => this.kept;
  state = (): Connection => this.connection;

  /** Follow the engine until the returned function is called. */
  follow(): () => void {
    this.users += 1;
    this.socket ??= new LastingSocket({
      address: () => `/ws/events?since=${this.kept[0]?.seq ?? -FIRST}`,
      message: (data) => this.take(JSON.parse(String(data)) as EngineEvent),
      state: (state) => {
        if (state === this.connection) return;
        this.connection = state;
        this.tell();
      },
    });
    return () => {
      this.users -= 1;
      if (this.users > 0) return;
      this.socket?.close();
      this.socket = undefined;
    };
  }

  private take(event: EngineEvent): void {
    if (event.event && NOISE.test(event.event)) return;
    this.kept = [event, ...this.kept].slice(0, KEPT);
    for (const key of STALE[event.type] ?? []) this.stale.add(key);
    const rested = Date.now() - this.settledAt;
    this.timer ??= setTimeout(() => this.settle(), Math.max(SETTLE_MS, REST_MS - rested));
  }

  private settle(): void {
    this.timer = undefined;
    this.settledAt = Date.now();
    for (const key of this.stale) void queries.invalidateQueries({ queryKey: [key] });
    this.stale.clear();
    this.tell();
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}

export const events = new Events();

/** Keeps the lists fresh for as long as the component lives. */
export function useFollowEvents(): void {
  useEffect(() => events.follow(), []);
}

export function useEvents(): readonly EngineEvent[] {
  return useSyncExternalStore(events.listen, events.latest);
}

export function useEventsConnection(): Connection {
  return useSyncExternalStore(events.listen, events.state);
}
