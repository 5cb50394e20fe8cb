import { DownloadOutlined, PauseOutlined, PlayCircleOutlined } from "@ant-design/icons";
import { useText } from "@i18n";
import { Button, Checkbox, Input } from "antd";
import {
  type CSSProperties,
  type ReactNode,
  useEffect,
  useLayoutEffect,
  useReducer,
  useRef,
  useState,
} from "react";
import { moment } from "../format";
import { Nothing } from "../Nothing";
import type { LineBuffer, Row } from "./LineBuffer";
import styles from "./LogView.module.css";
import { text } from "./text";

/** A log that is being fed: the lines, and whom to tell of new ones. */
export interface Feed {
  readonly buffer: LineBuffer;
  /** Called with how many rows have left at the top; at most twenty times a second. */
  readonly listen: (changed: (left: number) => void) => () => void;
}

interface Properties {
  feed: Feed;
  name: string;
  /** Show the log from that moment on; when the lines at hand do not reach back to it, `reach` has to fetch them. */
  reach?: (moment: string) => void;
  children?: ReactNode;
}

const ROW = 18;
const AHEAD = 20;
const PAUSE_MS = 250;

/** The lines in sight of a log of any length, with search, wrapping and a pause. */
export function LogView({ feed, name, reach, children }: Properties) {
  const t = useText(text);
  const { buffer } = feed;
  const box = useRef<HTMLDivElement>(null);
  const following = useRef(true);
  const [follows, setFollows] = useState(true);
  const [pausedAt, setPausedAt] = useState(0);
  const [typed, setTyped] = useState("");
  const [isRegex, setRegex] = useState(false);
  const [wraps, setWraps] = useState(false);
  const [timed, setTimed] = useState(false);
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const { pattern, wrong } = usePattern(typed, isRegex);
  const columns = useColumns(box, wraps, timed);

  const follow = (wanted: boolean) => {
    following.current = wanted;
    setFollows(wanted);
    if (!wanted) setPausedAt(buffer.received);
    if (wanted && box.current) box.current.scrollTop = box.current.scrollHeight;
  };

  useEffect(() => {
    buffer.arrange(pattern ? (line) => matches(line.text, pattern) : undefined, columns);
    redraw();
  }, [buffer, pattern, columns]);

  useEffect(
    () =>
      feed.listen((left) => {
        // What is read stays where it is when older lines go.
        if (!following.current && box.current && left > 0) box.current.scrollTop -= left * ROW;
        redraw();
      }),
    [feed],
  );

  useLayoutEffect(() => {
    if (following.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  });

  const scrolled = () => {
    const element = box.current;
    if (!element) return;
    const atEnd = element.scrollTop + element.clientHeight >= element.scrollHeight - ROW;
    if (atEnd !== following.current) follow(atEnd);
    redraw();
  };

  const jump = (local: string) => {
    const wanted = new Date(local);
    if (Number.isNaN(wanted.getTime()) || !box.current) return;
    follow(false);
    const at = wanted.toISOString();
    if (reach && (buffer.first?.at ?? "") > at) reach(at);
    else box.current.scrollTop = buffer.rowAt(at) * ROW;
  };

  const first = Math.max(0, Math.floor((box.current?.scrollTop ?? 0) / ROW) - AHEAD);
  const count = Math.ceil((box.current?.clientHeight ?? 600) / ROW) + 2 * AHEAD;
  const rows = Array.from({ length: Math.max(0, Math.min(count, buffer.rows - first)) }, (_, n) => first + n);
  const missed = follows ? 0 : buffer.received - pausedAt;
  return (
    <section className={styles.view} aria-label={t("log")}>
      <div className={styles.bar}>
        <Input.Search
          allowClear
          aria-label={t("search")}
          placeholder={t("search")}
          status={wrong ? "error" : ""}
          title={wrong ? t("wrong") : ""}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          style={{ width: 220 }}
        />
        <Checkbox checked={isRegex} onChange={(event) => setRegex(event.target.checked)}>
          {t("regex")}
        </Checkbox>
        <Checkbox checked={wraps} onChange={(event) => setWraps(event.target.checked)}>
          {t("wrap")}
        </Checkbox>
        <Checkbox checked={timed} onChange={(event) => setTimed(event.target.checked)}>
          {t("times")}
        </Checkbox>
        <Button icon={follows ? <PauseOutlined /> : <PlayCircleOutlined />} onClick={() => follow(!follows)}>
          {t(follows ? "pause" : "resume")}
        </Button>
        <label className={styles.jump}>
          {t("jump")}
          <input type="datetime-local" step={1} onChange={(event) => jump(event.target.value)} />
        </label>
        <Button icon={<DownloadOutlined />} onClick={() => save(buffer.text(), `${name}.log`)}>
          {t("download")}
        </Button>
        {children}
        <span className={styles.count} aria-live="off">
          {missed > 0
            ? t("fresh", { count: missed })
            : t("lines", { shown: buffer.rows, kept: buffer.length })}
        </span>
      </div>
      <div
        className={styles.box}
        ref={box}
        onScroll={scrolled}
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label={t("log")}
      >
        {buffer.rows === 0 ? <Nothing title={t(buffer.length ? "noMatch" : "empty")} /> : null}
        <div className={styles.rows} style={{ height: buffer.rows * ROW } as CSSProperties}>
          <div style={{ transform: `translateY(${first * ROW}px)` }}>
            {rows.map((index) => {
              const row = buffer.row(index);
              return row ? <LogRow key={index} row={row} timed={timed} pattern={pattern} /> : null;
            })}
          </div>
        </div>
      </div>
    </section>
  );
}

function LogRow({ row, timed, pattern }: { row: Row; timed: boolean; pattern: RegExp | undefined }) {
  const { line, from, to } = row;
  const part = from === 0 && to === line.text.length ? line.text : line.text.slice(from, to);
  return (
    <div className={styles.row} data-level={line.level} data-stderr={line.stderr}>
      {timed ? <span className={styles.time}>{from === 0 && line.at ? moment(line.at) : ""}</span> : null}
      {pattern ? marked(part, pattern) : part}
    </div>
  );
}

/** The text with what matches marked. */
function marked(part: string, pattern: RegExp): ReactNode {
  const pieces: ReactNode[] = [];
  let last = 0;
  for (const found of part.matchAll(new RegExp(pattern, `${pattern.flags}g`))) {
    if (!found[0]) continue;
    pieces.push(part.slice(last, found.index), <mark key={found.index}>{found[0]}</mark>);
    last = found.index + found[0].length;
  }
  pieces.push(part.slice(last));
  return pieces;
}

function matches(line: string, pattern: RegExp): boolean {
  return pattern.test(line);
}

/** What is searched for, once the typing pauses. */
function usePattern(typed: string, isRegex: boolean): { pattern: RegExp | undefined; wrong: boolean } {
  const [found, setFound] = useState<{ pattern: RegExp | undefined; wrong: boolean }>({
    pattern: undefined,
    wrong: false,
  });
  useEffect(() => {
    const timer = setTimeout(() => setFound(patternOf(typed, isRegex)), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed, isRegex]);
  return found;
}

function patternOf(typed: string, isRegex: boolean): { pattern: RegExp | undefined; wrong: boolean } {
  if (!typed) return { pattern: undefined, wrong: false };
  try {
    return {
      pattern: new RegExp(isRegex ? typed : typed.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "i"),
      wrong: false,
    };
  } catch {
    // Half-typed expressions are the rule, not the exception.
    return { pattern: undefined, wrong: true };
  }
}

/** How many columns fit into the box; without wrapping a line may be of any length. */
function useColumns(box: React.RefObject<HTMLDivElement | null>, wraps: boolean, timed: boolean): number {
  const [columns, setColumns] = useState(Number.POSITIVE_INFINITY);
  useEffect(() => {
    const element = box.current;
    if (!wraps || !element) {
      setColumns(Number.POSITIVE_INFINITY);
      return;
    }
    const measure = () =>
      setColumns(Math.floor((element.clientWidth - 24) / characterWidth(element)) - (timed ? 20 : 0));
    const sizes = new ResizeObserver(measure);
    sizes.observe(element);
    return () => sizes.disconnect();
  }, [box, wraps, timed]);
  return columns;
}

function characterWidth(element: HTMLElement): number {
  const context = document.createElement("canvas").getContext("2d");
  if (!context) return 7.3;
  context.font = getComputedStyle(element).font;
  return context.measureText("0".repeat(100)).width / 100;
}

/** Hand a text to the browser's downloads. */
export function save(content: string | Blob, name: string): void {
  const url = URL.createObjectURL(typeof content === "string" ? new Blob([content]) : content);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
