const CONTEXT = 3;
/** Above, lines are told as removed and added: the search takes their product in time and memory. */
const MOST = 4_000_000;

interface Edit {
  readonly mark: " " | "-" | "+";
  readonly line: string;
}

/** The lines in which two texts differ, with some around them; empty where they are the same. */
export function differences(one: string, other: string): string {
  const edits = edited(one.split("\n"), other.split("\n"));
  if (edits.every(({ mark }) => mark === " ")) return "";
  const near = (place: number) =>
    edits.slice(Math.max(0, place - CONTEXT), place + CONTEXT + 1).some(({ mark }) => mark !== " ");
  const shown: string[] = [];
  let skipped = false;
  edits.forEach(({ mark, line }, place) => {
    if (near(place)) {
      if (skipped) shown.push("@@");
      shown.push(mark + line);
    }
    skipped = !near(place);
  });
  return shown.join("\n");
}

/** One text turned into the other with the fewest edits: along their longest common subsequence. */
function edited(one: readonly string[], other: readonly string[]): Edit[] {
  if (one.length * other.length > MOST) {
    return [...one.map((line) => edit("-", line)), ...other.map((line) => edit("+", line))];
  }
  const width = other.length + 1;
  const common = new Uint32Array((one.length + 1) * width);
  const at = (row: number, column: number) => common[row * width + column] ?? 0;
  for (let row = one.length - 1; row >= 0; row -= 1) {
    for (let column = other.length - 1; column >= 0; column -= 1) {
      common[row * width + column] =
        one[row] === other[column]
          ? at(row + 1, column + 1) + 1
          : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  const edits: Edit[] = [];
  let row = 0;
  let column = 0;
  while (row < one.length || column < other.length) {
    const [its, theirs] = [one[row], other[column]];
    if (its !== undefined && its === theirs) {
      edits.push(edit(" ", its));
      row += 1;
      column += 1;
    } else if (its !== undefined && (theirs === undefined || at(row + 1, column) >= at(row, column + 1))) {
      edits.push(edit("-", its));
      row += 1;
    } else if (theirs !== undefined) {
      edits.push(edit("+", theirs));
      column += 1;
    }
  }
  return edits;
}

function edit(mark: Edit["mark"], line: string): Edit {
  return { mark, line };
}
