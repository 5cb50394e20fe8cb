import type { ApiFault } from "@api/fault";
import { App } from "antd";
import { useCallback } from "react";
import { FaultView } from "./FaultView";

/** Shows a fault in a corner of the page, until it is closed. */
export function useFaultNotice(): (fault: ApiFault) => void {
  const { notification } = App.useApp();
  return useCallback(
    (fault: ApiFault) =>
      notification.open({
        key: `${fault.code}:${fault.message}`,
        title: null,
        description: <FaultView error={fault} />,
        duration: 12,
        role: "alert",
      }),
    [notification],
  );
}
