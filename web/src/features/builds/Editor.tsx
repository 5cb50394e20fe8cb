import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { HighlightStyle, StreamLanguage, syntaxHighlighting } from "@codemirror/language";
import { dockerFile } from "@codemirror/legacy-modes/mode/dockerfile";
import { rpmSpec } from "@codemirror/legacy-modes/mode/rpm";
import { type Diagnostic, lintGutter, setDiagnostics } from "@codemirror/lint";
import { Compartment, EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useEffect, useRef } from "react";
import styles from "./Builds.module.css";
import type { Kind } from "./order";

/** What is to be said about a line of the text (1-based). */
export interface Mark {
  readonly line: number;
  readonly severity: "error" | "warning" | "info";
  readonly message: string;
}

interface Properties {
  kind: Kind;
  label: string;
  value: string;
  change: (value: string) => void;
  marks: readonly Mark[];
}

/** An editor of Dockerfiles and specs; Escape, then Tab leaves it. */
export function Editor({ kind, label, value, change, marks }: Properties) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const latest = useRef(change);
  latest.current = change;
  const first = useRef(value);

  useEffect(() => {
    if (!place.current) return;
    const made = new EditorView({
      parent: place.current,
      doc: first.current,
      extensions: [
        lineNumbers(),
        history(),
        drawSelection(),
        highlightActiveLine(),
        lintGutter(),
        keymap.of([...defaultKeymap, ...historyKeymap, indentWithTab]),
        EditorState.tabSize.of(4),
        LANGUAGE.of([]),
        NAMED.of([]),
        syntaxHighlighting(COLOURS),
        LOOKS,
        EditorView.updateListener.of((update) => {
          if (update.docChanged) latest.current(update.state.doc.toString());
        }),
      ],
    });
    view.current = made;
    return () => made.destroy();
  }, []);

  useEffect(() => {
    const mode = StreamLanguage.define(kind === "spec" ? rpmSpec : dockerFile);
    const named = EditorView.contentAttributes.of({ "aria-label": label });
    view.current?.dispatch({ effects: [LANGUAGE.reconfigure(mode), NAMED.reconfigure(named)] });
  }, [kind, label]);

  useEffect(() => {
    const editor = view.current;
    if (editor && editor.state.doc.toString() !== value) {
      editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
    }
  }, [value]);

  useEffect(() => {
    const editor = view.current;
    if (editor) editor.dispatch(setDiagnostics(editor.state, marks.flatMap(placedIn(editor.state))));
  }, [marks]);

  return <div ref={place} className={styles.editor} />;
}

const LANGUAGE = new Compartment();
const NAMED = new Compartment();

const COLOURS = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--accent)", fontWeight: "600" },
  { tag: tags.comment, color: "var(--muted)", fontStyle: "italic" },
  { tag: tags.string, color: "var(--good)" },
  { tag: [tags.variableName, tags.special(tags.variableName), tags.macroName], color: "var(--series-2)" },
  { tag: [tags.number, tags.atom], color: "var(--warn)" },
  { tag: [tags.heading, tags.meta, tags.definition(tags.variableName)], color: "var(--accent)" },
]);

const LOOKS = EditorView.theme({
  "&": { color: "var(--text)", backgroundColor: "var(--code)", fontSize: "12px" },
  ".cm-content": { fontFamily: "var(--mono)", caretColor: "var(--text)" },
  ".cm-gutters": { backgroundColor: "var(--raised)", color: "var(--muted)", border: "none" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--accent) 7%, transparent)" },
  ".cm-activeLineGutter": { backgroundColor: "transparent" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": {
    background: "var(--accent-soft) !important",
  },
  ".cm-tooltip": { backgroundColor: "var(--panel)", color: "var(--text)", border: "1px solid var(--line)" },
});

function placedIn(state: EditorState): (mark: Mark) => Diagnostic[] {
  return ({ line, severity, message }) => {
    if (line < 1 || line > state.doc.lines) return [];
    const { from, to } = state.doc.line(line);
    return [{ from, to, severity, message }];
  };
}
