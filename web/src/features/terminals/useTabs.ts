import { useCallback, useEffect, useState } from "react";

/** A terminal that is looked at. */
export interface Pane {
  readonly session: string;
  readonly container: string;
  readonly command: string;
  readonly name: string;
}

export interface Tab {
  readonly key: string;
  readonly panes: readonly Pane[];
}

export interface Tabs {
  readonly open: readonly Tab[];
  /** Show it in a tab, of its own unless it has one; tells which. */
  readonly add: (pane: Pane) => string;
  readonly split: (key: string, pane: Pane) => void;
  readonly leave: (key: string, session: string) => void;
  readonly close: (key: string) => void;
}

const KEY = "eulermaker.terminals";

/** The tabs of this window; they outlive a reload, as the sessions behind them do. */
export function useTabs(): Tabs {
  const [open, setOpen] = useState<readonly Tab[]>(remembered);
  useEffect(() => sessionStorage.setItem(KEY, JSON.stringify(open)), [open]);

  const add = useCallback(
    (pane: Pane) => {
      const known = open.find((tab) => tab.panes.some((each) => each.session === pane.session));
      if (known) return known.key;
      setOpen((before) => [...before, { key: pane.session, panes: [pane] }]);
      return pane.session;
    },
    [open],
  );
  const change = useCallback((key: string, panes: (before: readonly Pane[]) => readonly Pane[]) => {
    setOpen((before) =>
      before
        .map((tab) => (tab.key === key ? { ...tab, panes: panes(tab.panes) } : tab))
        .filter((tab) => tab.panes.length > 0),
    );
  }, []);
  return {
    open,
    add,
    split: (key, pane) => change(key, (panes) => [...panes, pane]),
    leave: (key, session) => change(key, (panes) => panes.filter((pane) => pane.session !== session)),
    close: (key) => change(key, () => []),
  };
}

function remembered(): readonly Tab[] {
  try {
    const found: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
    return Array.isArray(found) ? (found as Tab[]) : [];
  } catch {
    // Somebody else's value under our key is as good as none.
    return [];
  }
}
