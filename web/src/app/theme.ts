import { theme as antd, type ThemeConfig } from "antd";
import { useSyncExternalStore } from "react";

export type Scheme = "light" | "dark";

const KEY = "eulermaker.scheme";
const FONT =
  'system-ui, -apple-system, "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';
const MONO =
  'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", "Noto Sans Mono CJK SC", monospace';

const listeners = new Set<() => void>();
const preferred = window.matchMedia("(prefers-color-scheme: dark)");
let current: Scheme = wanted();
show();
preferred.addEventListener("change", () => {
  current = wanted();
  show();
});

export function setScheme(scheme: Scheme): void {
  localStorage.setItem(KEY, scheme);
  current = scheme;
  show();
}

export function useScheme(): Scheme {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
}

/** Ant Design's theme; the colours are those of `tokens.css`. */
export function themeOf(scheme: Scheme): ThemeConfig {
  const dark = scheme === "dark";
  return {
    algorithm: dark ? antd.darkAlgorithm : antd.defaultAlgorithm,
    token: {
      colorPrimary: dark ? "#4c8dff" : "#1f5fbf",
      colorLink: dark ? "#7db0ff" : "#1a56b0",
      colorError: dark ? "#f0665e" : "#c22f2b",
      colorBgBase: dark ? "#14171c" : "#ffffff",
      colorTextBase: dark ? "#e6e9ee" : "#1b2330",
      colorTextSecondary: dark ? "#a5adba" : "#566072",
      colorTextTertiary: dark ? "#98a1b0" : "#626c7c",
      colorTextPlaceholder: dark ? "#8b94a3" : "#6b7585",
      colorTextDescription: dark ? "#a5adba" : "#566072",
      borderRadius: 4,
      fontFamily: FONT,
      fontFamilyCode: MONO,
      fontSize: 13,
      controlHeight: 30,
      sizeUnit: 3,
      wireframe: false,
      motionDurationMid: "0.12s",
      motionDurationSlow: "0.16s",
    },
    components: {
      // White on the dark scheme's blue has too little contrast, and so has its derived red on the canvas.
      Button: dark
        ? {
            primaryColor: "#0b0f14",
            dangerColor: "#0b0f14",
            colorError: "#f58a83",
            colorErrorHover: "#ffaca6",
          }
        : {},
      Form: { itemMarginBottom: 14, verticalLabelPadding: "0 0 4px" },
      Tabs: { horizontalMargin: "0 0 12px" },
    },
  };
}

function wanted(): Scheme {
  const stored = localStorage.getItem(KEY);
  if (stored === "light" || stored === "dark") return stored;
  return preferred.matches ? "dark" : "light";
}

function show(): void {
  document.documentElement.dataset.scheme = current;
  for (const listener of listeners) listener();
}
