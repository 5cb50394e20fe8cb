import { asFault } from "@api/fault";
import { queries } from "@api/queries";
import { useText } from "@i18n";
import { ActionButton } from "@shared/ActionButton";
import { ConfirmByName } from "@shared/ConfirmByName";
import { useFaultNotice } from "@shared/useFaultNotice";
import { useMutation } from "@tanstack/react-query";
import { App, Button } from "antd";
import { useState } from "react";
import { actOnMany, told } from "./actions";
import styles from "./Containers.module.css";
import { ACTIONS, type Action } from "./states";
import { text } from "./text";

/** What can be done to all that are selected. */
export function BatchBar({ selected, clear }: { selected: ReadonlySet<string>; clear: () => void }) {
  const t = useText(text);
  const { message, notification } = App.useApp();
  const notice = useFaultNotice();
  const [deleting, setDeleting] = useState(false);
  const batch = useMutation({
    mutationFn: (action: Action) => actOnMany(action, [...selected]),
    onSuccess: (outcome, action) => {
      if (outcome.succeeded) void message.success(told(action, outcome));
      if (outcome.failed.length) {
        notification.warning({
          title: t("batchFailed", { action: t(action), count: outcome.failed.length }),
          description: outcome.failed.slice(0, 5).map((sentence) => <div key={sentence}>{sentence}</div>),
          duration: 0,
        });
      }
      if (action === "delete") clear();
    },
    onError: (error) => notice(asFault(error)),
    onSettled: () => queries.invalidateQueries({ queryKey: ["containers"] }),
  });
  return (
    <div className={styles.batch}>
      <strong>{t("selected", { count: selected.size })}</strong>
      {ACTIONS.map((action) => (
        <ActionButton
          key={action}
          size="small"
          permission="containers:write"
          danger={action === "delete" || action === "kill"}
          loading={batch.isPending && batch.variables === action}
          disabled={batch.isPending}
          onClick={() => (action === "delete" ? setDeleting(true) : batch.mutate(action))}
        >
          {t(action)}
        </ActionButton>
      ))}
      <Button size="small" type="text" onClick={clear}>
        {t("clear")}
      </Button>
      {deleting ? (
        <ConfirmByName
          title={t("deleteMany", { count: selected.size })}
          warning={t("deleteWarning")}
          name={t("manyName", { count: selected.size })}
          action={t("delete")}
          confirm={() => batch.mutateAsync("delete")}
          close={() => setDeleting(false)}
        />
      ) : null}
    </div>
  );
}
