import { answer, api, type Schemas } from "@api/client";
import { asFault } from "@api/fault";
import { useText } from "@i18n";
import { ActionButton } from "@shared/ActionButton";
import type { Column } from "@shared/DataTable";
import { Nothing } from "@shared/Nothing";
import { Status, type Tone } from "@shared/Status";
import { usePages } from "@shared/usePages";
import { When } from "@shared/When";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { App } from "antd";
import { useMemo } from "react";
import { Listed } from "./Listed";
import { text } from "./text";

type Delivery = Schemas["DeliveryDetail"];

const TONES: Readonly<Record<Delivery["status"], Tone>> = { pending: "busy", sent: "good", dead: "bad" };

/** What was sent, waits, or was given up. */
export function Deliveries() {
  const t = useText(text);
  const pages = usePages<Delivery>(["notifications", "deliveries"], async (query, signal) => {
    const found = await answer(api.GET("/api/v1/notifications/deliveries", { params: { query }, signal }));
    return { rows: found.deliveries, total: found.total };
  });
  const columns = useMemo<Column<Delivery>[]>(
    () => [
      {
        key: "status",
        title: t("status"),
        width: "100px",
        cell: (delivery) => <Status tone={TONES[delivery.status]}>{t(delivery.status)}</Status>,
      },
      {
        key: "subject",
        title: t("subject"),
        width: "minmax(160px, 2fr)",
        cell: (delivery) => delivery.subject,
      },
      {
        key: "attempts",
        title: t("attempts"),
        width: "70px",
        number: true,
        wide: true,
        cell: (delivery) => delivery.attempts,
      },
      {
        key: "error",
        title: t("error"),
        width: "minmax(140px, 2fr)",
        wide: true,
        cell: (delivery) => <span className="muted">{delivery.error ?? ""}</span>,
      },
      {
        key: "created",
        title: t("created"),
        width: "110px",
        wide: true,
        cell: (delivery) => <When at={delivery.created_at} />,
      },
      {
        key: "actions",
        title: "",
        width: "110px",
        cell: (delivery) => (delivery.status === "dead" ? <Retry delivery={delivery} /> : null),
      },
    ],
    [t],
  );
  return (
    <Listed
      label={t("deliveries")}
      pages={pages}
      columns={columns}
      id={(delivery) => delivery.id}
      empty={<Nothing title={t("noDeliveries")} />}
    />
  );
}

function Retry({ delivery }: { delivery: Delivery }) {
  const t = useText(text);
  const client = useQueryClient();
  const { message } = App.useApp();
  const path = { params: { path: { delivery: delivery.id } } };
  const retry = useMutation({
    mutationFn: () => answer(api.POST("/api/v1/notifications/deliveries/{delivery}/retry", path)),
    onError: (error) => message.error(asFault(error).message),
    onSettled: () => client.invalidateQueries({ queryKey: ["notifications", "deliveries"] }),
  });
  return (
    <ActionButton
      size="small"
      permission="notifications:write"
      loading={retry.isPending}
      onClick={() => retry.mutate()}
    >
      {t("retry")}
    </ActionButton>
  );
}
