import styles from "./Builds.module.css";
import { Code } from "./Code";

/** A unified diff, line by line. */
export function Diff({ diff, label }: { diff: string; label: string }) {
  const lines = diff.replace(/\n$/, "").split("\n");
  return (
    <Code label={label}>
      {lines.map((line, number) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the lines of a diff never move
        <div key={number} className={styles.changed} data-mark={markOf(line)}>
          {line || " "}
        </div>
      ))}
    </Code>
  );
}

function markOf(line: string): string {
  return line.startsWith("+++") || line.startsWith("---") ? "" : (line[0] ?? "");
}
