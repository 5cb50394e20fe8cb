import { useText } from "@i18n";
import { ActionButton } from "@shared/ActionButton";
import { ConfirmByName } from "@shared/ConfirmByName";
import { useAction } from "@shared/useAction";
import { useState } from "react";
import { useNavigate } from "react-router";
import { act } from "./actions";
import type { Detail } from "./ContainerPage";
import { ACTIONS, type Action, makesSense } from "./states";
import { text } from "./text";

/** What can be done to one container; what makes no sense now says why. */
export function ContainerActions({ container }: { container: Detail }) {
  const t = useText(text);
  const navigate = useNavigate();
  const [deleting, setDeleting] = useState(false);
  const action = useAction((wanted: Action) => act(wanted, container.id), ["containers"]);
  const offered = ACTIONS.filter(
    (each) => makesSense(each, container.status) || each === "start" || each === "stop",
  );
  return (
    <>
      {offered.map((each) => (
        <ActionButton
          key={each}
          permission="containers:write"
          danger={each === "delete"}
          loading={action.isPending && action.variables === each}
          reason={
            makesSense(each, container.status)
              ? undefined
              : t("notNow", { action: t(each), status: t(container.status) })
          }
          onClick={() => (each === "delete" ? setDeleting(true) : action.mutate(each))}
        >
          {t(each)}
        </ActionButton>
      ))}
      {deleting ? (
        <ConfirmByName
          title={t("deleteTitle")}
          warning={t("deleteWarning")}
          name={container.name}
          action={t("delete")}
          confirm={() => action.mutateAsync("delete").then(() => navigate("/containers"))}
          close={() => setDeleting(false)}
        />
      ) : null}
    </>
  );
}
