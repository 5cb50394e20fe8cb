import { answer, api } from "@api/client";
import { useText } from "@i18n";
import { ActionButton } from "@shared/ActionButton";
import { bytes } from "@shared/format";
import { useAction } from "@shared/useAction";
import { App } from "antd";
import { text } from "./text";

/** Delete what nobody uses, after the server has said what that would be. */
export function Prune() {
  const t = useText(text);
  const { modal, message } = App.useApp();
  const prune = useAction(async () => {
    const { count, bytes: freed } = await pruned(true);
    if (count === 0) {
      void message.info(t("nothingToPrune"));
      return "";
    }
    const content = t("pruneWarning", { count, size: bytes(freed) });
    const agreed = await modal.confirm({
      title: t("prune"),
      content,
      okButtonProps: { danger: true },
      okText: t("remove"),
      cancelText: t("cancel"),
    });
    if (agreed) await pruned(false);
    return "";
  }, ["images"]);
  return (
    <ActionButton permission="images:write" danger loading={prune.isPending} onClick={() => prune.mutate()}>
      {t("prune")}
    </ActionButton>
  );
}

function pruned(dry_run: boolean) {
  return answer(api.POST("/api/v1/images/prune", { params: { query: { dry_run } } }));
}
