import { useText } from "@i18n";
import { FaultView } from "@shared/FaultView";
import { LogView } from "@shared/log/LogView";
import { useMemo } from "react";
import type { Detail } from "./ContainerPage";
import { text } from "./text";
import { useContainerLog } from "./useContainerLog";

/** A container's log, live. */
export default function Logs({ container }: { container: Detail }) {
  const t = useText(text);
  const words = useMemo(
    () => ({
      gap: t("gap"),
      ended: t("ended"),
      turned: (status: string) =>
        t("turned", { status: status in text ? t(status as keyof typeof text) : status }),
    }),
    [t],
  );
  const { feed, error, restart } = useContainerLog(container.id, words);
  return (
    <>
      {error ? <FaultView error={error} retry={() => restart()} /> : null}
      <LogView feed={feed} name={container.name} reach={restart} />
    </>
  );
}
