import { useText } from "@i18n";
import { Nothing } from "@shared/Nothing";
import { Button } from "antd";
import { useRouteError } from "react-router";
import { text } from "./text";

/** What is shown in the place of a page that has thrown, or whose code the server has no more. */
export function Broken() {
  const t = useText(text);
  const error = useRouteError();
  const said = error instanceof Error ? error.message : String(error);
  const outdated = /dynamically imported module|module script|Unable to preload/i.test(said);
  return (
    <Nothing title={t(outdated ? "updated" : "broken")} hint={outdated ? "" : t("brokenHint")}>
      {outdated ? null : <pre>{said}</pre>}
      <Button type="primary" onClick={() => window.location.reload()}>
        {t("reload")}
      </Button>
    </Nothing>
  );
}
