import { useText } from "@i18n";
import { App } from "antd";
import { useCallback } from "react";
import { text } from "./text";

/** Copies text and says so; where the page is plain HTTP, browsers offer only the old way. */
export function useCopy(): (what: string) => Promise<void> {
  const t = useText(text);
  const { message } = App.useApp();
  return useCallback(
    async (what: string) => {
      const copied = await copy(what);
      void message.open({
        type: copied ? "success" : "warning",
        content: t(copied ? "copied" : "copyFailed"),
      });
    },
    [message, t],
  );
}

export async function copy(what: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(what);
    return true;
  } catch {
    // Not a secure context, or not allowed.
    return copyBySelection(what);
  }
}

function copyBySelection(what: string): boolean {
  const area = document.createElement("textarea");
  area.value = what;
  area.className = "hidden-text";
  const focused = document.activeElement;
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return copied;
}
