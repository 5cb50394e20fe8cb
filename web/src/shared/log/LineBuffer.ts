/** One line of a log. */
export interface Line {
  readonly at: string;
  readonly text: string;
  readonly level: Level;
  readonly stderr: boolean;
  /** How many columns it takes: wide characters take two. */
  readonly width: number;
}

export type Level = "error" | "warn" | "debug" | "plain" | "note";

const MAX_LINES = 50_000;
const MAX_CHARACTERS = 16_000_000;
/** The dropped part of the arrays is cut off once it is this long, not at each line. */
const SLACK = 5_000;

/** Which part of a line is shown in a row: all of it, unless lines are wrapped. */
export interface Row {
  readonly line: Line;
  readonly from: number;
  readonly to: number;
}

/**
 * The last lines of a log, and the rows that they take on the screen. Bounded in lines and in
 * characters, however long it is fed; finding a row takes a logarithm of the number of lines.
 */
export class LineBuffer {
  private lines: Line[] = [];
  private head = 0;
  private characters = 0;
  private shown: Line[] = [];
  /** Of each shown line, how many rows end with it; `base` are gone, with the first `shownHead` lines. */
  private ends: number[] = [];
  private shownHead = 0;
  private base = 0;
  private wanted: (line: Line) => boolean = everything;
  private columns = Number.POSITIVE_INFINITY;
  /** How many lines have come in all. */
  received = 0;

  constructor(private readonly maxLines = MAX_LINES) {}

  get rows(): number {
    return (this.ends.at(-1) ?? this.base) - this.base;
  }

  get length(): number {
    return this.lines.length - this.head;
  }

  get first(): Line | undefined {
    return this.lines[this.head];
  }

  /** Add lines; tells how many rows have left at the top. */
  append(lines: readonly Line[]): number {
    for (const line of lines) {
      this.lines.push(line);
      this.characters += line.text.length;
      if (this.wanted(line)) this.show(line);
    }
    this.received += lines.length;
    return this.drop();
  }

  clear(): void {
    this.lines = [];
    this.head = 0;
    this.characters = 0;
    this.showAll();
  }

  /** Show only lines that are wanted, wrapped after so many columns. */
  arrange(wanted: ((line: Line) => boolean) | undefined, columns: number): void {
    this.wanted = wanted ?? everything;
    this.columns = Math.max(10, columns);
    this.showAll();
  }

  row(index: number): Row | undefined {
    const wanted = this.base + index;
    let low = this.shownHead;
    let high = this.ends.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.ends[middle] ?? 0) > wanted) high = middle;
      else low = middle + 1;
    }
    const line = this.shown[low];
    if (!line) return undefined;
    const place = wanted - (low > this.shownHead ? (this.ends[low - 1] ?? 0) : this.base);
    return this.part(line, place);
  }

  /** The first row of the first shown line that is not older than that moment. */
  rowAt(moment: string): number {
    let low = this.shownHead;
    let high = this.shown.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.shown[middle]?.at ?? "") >= moment) high = middle;
      else low = middle + 1;
    }
    return (low > this.shownHead ? (this.ends[low - 1] ?? this.base) : this.base) - this.base;
  }

  /** The shown lines as text. */
  text(): string {
    const shown = this.shown.slice(this.shownHead);
    return shown.map((line) => (line.at ? `${line.at} ${line.text}\n` : `${line.text}\n`)).join("");
  }

  private show(line: Line): void {
    const rows = line.width <= this.columns ? 1 : Math.ceil(line.width / this.columns);
    this.shown.push(line);
    this.ends.push((this.ends.at(-1) ?? this.base) + rows);
  }

  private showAll(): void {
    this.shown = [];
    this.ends = [];
    this.shownHead = 0;
    this.base = 0;
    for (let place = this.head; place < this.lines.length; place += 1) {
      const line = this.lines[place];
      if (line && this.wanted(line)) this.show(line);
    }
  }

  private drop(): number {
    const before = this.base;
    while (this.length > this.maxLines || (this.characters > MAX_CHARACTERS && this.length > 1)) {
      const line = this.lines[this.head];
      if (!line) break;
      this.head += 1;
      this.characters -= line.text.length;
      if (this.shown[this.shownHead] === line) {
        this.base = this.ends[this.shownHead] ?? this.base;
        this.shownHead += 1;
      }
    }
    if (this.head > SLACK) {
      this.lines = this.lines.slice(this.head);
      this.head = 0;
      this.shown = this.shown.slice(this.shownHead);
      this.ends = this.ends.slice(this.shownHead);
      this.shownHead = 0;
    }
    return this.base - before;
  }

  /** The part of a line in its row of that number: cut by columns, never within a character. */
  private part(line: Line, place: number): Row {
    if (line.width <= this.columns) return { line, from: 0, to: line.text.length };
    if (line.width === line.text.length) {
      const from = place * this.columns;
      return { line, from, to: Math.min(line.text.length, from + this.columns) };
    }
    const cuts = cutsOf(line.text, this.columns);
    return { line, from: cuts[place] ?? line.text.length, to: cuts[place + 1] ?? line.text.length };
  }
}

/** The line of a text, without what would colour a terminal. */
export function lineOf(at: string, raw: string, stderr = false): Line {
  const text = raw.includes("\u001b") ? raw.replace(ANSI, "") : raw;
  return { at, text, stderr, level: levelOf(text), width: widthOf(text) };
}

/** What the console itself says between the lines. */
export function note(text: string): Line {
  return { at: "", text, stderr: false, level: "note", width: widthOf(text) };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const ANSI = /\u001b(?:\[[0-9;:?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\-_])/g;
const LEVEL =
  /\b(?:(error|err|fatal|critical|panic|emerg|alert|exception|traceback)|(warn(?:ing)?)|(debug|trace))\b/i;
/** Where a log tells its level: not at the end of a long sentence. */
const HEAD = 160;

function levelOf(text: string): Level {
  const found = LEVEL.exec(text.length > HEAD ? text.slice(0, HEAD) : text);
  if (!found) return "plain";
  return found[1] ? "error" : found[2] ? "warn" : "debug";
}

function widthOf(text: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what is ASCII takes one column each
  if (/^[\x00-\x7f]*$/.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += isWide(character) ? 2 : 1;
  return width;
}

function cutsOf(text: string, columns: number): number[] {
  const cuts = [0];
  let place = 0;
  let column = 0;
  for (const character of text) {
    const width = isWide(character) ? 2 : 1;
    if (column + width > columns) {
      cuts.push(place);
      column = 0;
    }
    column += width;
    place += character.length;
  }
  return cuts;
}

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

function isWide(character: string): boolean {
  return character > "\u10ff" && WIDE.test(character);
}

function everything(): boolean {
  return true;
}
