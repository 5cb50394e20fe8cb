import { answer, api, done } from "@api/client";
import { asFault } from "@api/fault";
import { useText } from "@i18n";
import { ActionButton } from "@shared/ActionButton";
import type { Column } from "@shared/DataTable";
import { Nothing } from "@shared/Nothing";
import { Status } from "@shared/Status";
import { usePages } from "@shared/usePages";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { App } from "antd";
import { useCallback, useMemo, useState } from "react";
import { type Channel, ChannelForm } from "./ChannelForm";
import { Listed } from "./Listed";
import { RowActions } from "./RowActions";
import { text } from "./text";

/** Where messages go. */
export function Channels() {
  const t = useText(text);
  const [edited, setEdited] = useState<Channel | "new">();
  const pages = usePages<Channel>(["notifications", "channels"], async (query, signal) => {
    const found = await answer(api.GET("/api/v1/notifications/channels", { params: { query }, signal }));
    return { rows: found.channels, total: found.total };
  });
  const edit = useCallback((channel: Channel) => setEdited(channel), []);
  return (
    <>
      <Listed
        label={t("channels")}
        pages={pages}
        columns={useColumns(edit)}
        id={(channel) => channel.id}
        empty={<Nothing title={t("noChannels")} hint={t("noChannelsHint")} />}
        add={{ label: t("add"), act: () => setEdited("new") }}
      />
      {edited ? (
        <ChannelForm channel={edited === "new" ? undefined : edited} close={() => setEdited(undefined)} />
      ) : null}
    </>
  );
}

function useColumns(edit: (channel: Channel) => void): Column<Channel>[] {
  const t = useText(text);
  return useMemo(
    () => [
      { key: "name", title: t("name"), width: "minmax(140px, 2fr)", cell: (channel) => channel.name },
      { key: "type", title: t("type"), width: "100px", cell: (channel) => t(channel.type) },
      {
        key: "minSeverity",
        title: t("minSeverity"),
        width: "140px",
        wide: true,
        cell: (channel) => t(channel.min_severity),
      },
      { key: "scope", title: t("scope"), width: "140px", wide: true, cell: (channel) => t(channel.scope) },
      {
        key: "enabled",
        title: t("enabled"),
        width: "80px",
        wide: true,
        cell: (channel) => (
          <Status tone={channel.enabled ? "good" : "idle"}>{t(channel.enabled ? "yes" : "no")}</Status>
        ),
      },
      {
        key: "actions",
        title: "",
        width: "190px",
        cell: (channel) => <Actions channel={channel} edit={() => edit(channel)} />,
      },
    ],
    [t, edit],
  );
}

function Actions({ channel, edit }: { channel: Channel; edit: () => void }) {
  const t = useText(text);
  const client = useQueryClient();
  const { message } = App.useApp();
  const path = { params: { path: { channel: channel.id } } };
  const test = useMutation({
    mutationFn: () => answer(api.POST("/api/v1/notifications/channels/{channel}/test", path)),
    onSuccess: (result) =>
      result.delivered
        ? message.success(t("delivered", { time: Math.round(result.response_time) }))
        : message.error(result.message ?? result.reason ?? ""),
    onError: (error) => message.error(asFault(error).message),
  });
  const remove = async () => {
    message.success(await done(api.DELETE("/api/v1/notifications/channels/{channel}", path)));
    await client.invalidateQueries({ queryKey: ["notifications"] });
  };
  return (
    <RowActions name={channel.name} warning={t("deleteChannel")} edit={edit} remove={remove}>
      <ActionButton
        size="small"
        permission="notifications:write"
        loading={test.isPending}
        onClick={() => test.mutate()}
      >
        {t("test")}
      </ActionButton>
    </RowActions>
  );
}
