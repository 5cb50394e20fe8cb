import { FitAddon } from "@xterm/addon-fit";
import { SearchAddon } from "@xterm/addon-search";
import { Unicode11Addon } from "@xterm/addon-unicode11";
import { WebglAddon } from "@xterm/addon-webgl";
import { type ITheme, Terminal } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";
import { copy } from "@shared/copy";

const SCROLLBACK = 10_000;

export interface Screen {
  readonly terminal: Terminal;
  readonly fit: FitAddon;
  readonly search: SearchAddon;
}

/** A terminal on the screen: wide characters, search, and the graphics card where there is one. */
export function openScreen(element: HTMLElement, label: string, typed: boolean): Screen {
  const terminal = new Terminal({
    allowProposedApi: true,
    cursorBlink: typed,
    disableStdin: !typed,
    fontFamily: getComputedStyle(document.documentElement).getPropertyValue("--mono"),
    fontSize: 13,
    scrollback: SCROLLBACK,
    screenReaderMode: false,
    theme: THEME,
  });
  const fit = new FitAddon();
  const search = new SearchAddon();
  terminal.loadAddon(fit);
  terminal.loadAddon(search);
  terminal.loadAddon(new Unicode11Addon());
  terminal.unicode.activeVersion = "11";
  terminal.open(element);
  terminal.textarea?.setAttribute("aria-label", label);
  accelerate(terminal);
  terminal.attachCustomKeyEventHandler((event) => !copies(event, terminal));
  fit.fit();
  return { terminal, fit, search };
}

function accelerate(terminal: Terminal): void {
  try {
    const webgl = new WebglAddon();
    webgl.onContextLoss(() => webgl.dispose());
    terminal.loadAddon(webgl);
  } catch {
    // No WebGL here: xterm.js goes on drawing with elements.
  }
}

/** Ctrl+Shift+C copies, as in other terminals; Ctrl+C belongs to the program. */
function copies(event: KeyboardEvent, terminal: Terminal): boolean {
  if (event.type !== "keydown" || !event.ctrlKey || !event.shiftKey || event.code !== "KeyC") return false;
  event.preventDefault();
  if (terminal.hasSelection()) void copy(terminal.getSelection());
  return true;
}

/** Dark in both schemes, as programs expect it. */
const THEME: ITheme = {
  background: "#0c0f13",
  foreground: "#dfe4ea",
  cursor: "#7db0ff",
  selectionBackground: "#31517f",
  black: "#20262e",
  red: "#f58a83",
  green: "#56c481",
  yellow: "#e2a74a",
  blue: "#7db0ff",
  magenta: "#c99bf0",
  cyan: "#5fc7c7",
  white: "#dfe4ea",
  brightBlack: "#7b8594",
  brightRed: "#ffaca6",
  brightGreen: "#86e0a8",
  brightYellow: "#f5c877",
  brightBlue: "#a8caff",
  brightMagenta: "#ddbcfa",
  brightCyan: "#93e3e3",
  brightWhite: "#ffffff",
};
