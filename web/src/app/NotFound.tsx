import { useText } from "@i18n";
import { Nothing } from "@shared/Nothing";
import { text } from "./text";

export function NotFound() {
  const t = useText(text);
  return <Nothing title={t("notFound")} hint={t("notFoundHint")} />;
}
