import {
  ArrowUpOutlined,
  DownloadOutlined,
  FileOutlined,
  FolderOutlined,
  UploadOutlined,
} from "@ant-design/icons";
import { type Say, useText } from "@i18n";
import { ActionButton } from "@shared/ActionButton";
import { type Column, DataTable } from "@shared/DataTable";
import { FaultView } from "@shared/FaultView";
import { bytes, moment } from "@shared/format";
import { Loading } from "@shared/Loading";
import { save } from "@shared/log/LogView";
import { Nothing } from "@shared/Nothing";
import { useAction } from "@shared/useAction";
import { useQuery } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useCallback, useMemo, useRef, useState } from "react";
import type { Detail } from "./ContainerPage";
import styles from "./Containers.module.css";
import { type Entry, fetchArchive, list, NotListed, parent, upload, within } from "./files";
import type { Text } from "./states";
import { text } from "./text";

/** A container's files: looked at, fetched and put there. */
export default function Files({ container }: { container: Detail }) {
  const t = useText(text);
  const chooser = useRef<HTMLInputElement>(null);
  const [directory, setDirectory] = useState(container.config.working_dir || "/");
  const [typed, setTyped] = useState(directory);
  const running = container.status === "running";
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: ["container-files", container.id, directory],
    queryFn: () => list(container.id, directory),
    enabled: running,
    retry: false,
  });
  const uploading = useAction(
    (files: readonly File[]) => upload(container.id, directory, files),
    ["container-files"],
  );
  const fetching = useAction(async (path: string) => {
    save(await fetchArchive(container.id, path), `${path.split("/").filter(Boolean).at(-1) ?? "root"}.tar`);
    return "";
  }, []);
  const go = useCallback((path: string) => {
    setDirectory(path);
    setTyped(path);
  }, []);
  const { mutate: fetchOne } = fetching;
  const columns = useMemo(() => columnsOf(t, directory, go, fetchOne), [t, directory, go, fetchOne]);
  return (
    <>
      <div className={styles.files}>
        <Button icon={<ArrowUpOutlined />} aria-label={t("up")} onClick={() => go(parent(directory))} />
        <Input.Search
          aria-label={t("path")}
          className="mono"
          value={typed}
          enterButton={t("open")}
          onChange={(event) => setTyped(event.target.value)}
          onSearch={(path) => go(path || "/")}
          style={{ width: 420, maxWidth: "100%" }}
        />
        <Button
          icon={<DownloadOutlined />}
          loading={fetching.isPending}
          onClick={() => fetching.mutate(typed)}
        >
          {t("download")}
        </Button>
        <ActionButton
          permission="containers:write"
          icon={<UploadOutlined />}
          loading={uploading.isPending}
          onClick={() => chooser.current?.click()}
        >
          {t("upload")}
        </ActionButton>
        <input
          ref={chooser}
          type="file"
          multiple
          hidden
          onChange={(event) => {
            uploading.mutate([...(event.target.files ?? [])]);
            event.target.value = "";
          }}
        />
      </div>
      {error && !(error instanceof NotListed) ? (
        <FaultView error={error} retry={() => void refetch()} />
      ) : null}
      {error instanceof NotListed ? <Nothing title={error.message || t("listing")} /> : null}
      {running ? null : <Nothing title={t("notRunning")} hint={t("listing")} />}
      {isFetching && !data ? <Loading /> : null}
      {data && !error ? (
        <DataTable
          label={t("files")}
          columns={columns}
          rows={data}
          id={(entry) => entry.name}
          empty={<Nothing title={t("noFiles")} />}
        />
      ) : null}
    </>
  );
}

function columnsOf(
  t: Say<Text>,
  directory: string,
  go: (path: string) => void,
  fetchOne: (path: string) => void,
): Column<Entry>[] {
  return [
    {
      key: "name",
      title: t("name"),
      width: "minmax(180px, 2fr)",
      cell: ({ name, kind }) =>
        kind === "directory" ? (
          <Button
            type="link"
            size="small"
            icon={<FolderOutlined />}
            onClick={() => go(within(directory, name))}
          >
            {name}
          </Button>
        ) : (
          <span>
            <FileOutlined className="muted" /> {name}
          </span>
        ),
    },
    {
      key: "size",
      title: t("size"),
      width: "90px",
      number: true,
      cell: ({ kind, size }) => (kind === "file" ? bytes(size) : ""),
    },
    {
      key: "modified",
      title: t("modified"),
      width: "160px",
      wide: true,
      cell: ({ modified }) => moment(modified * 1000),
    },
    {
      key: "download",
      title: "",
      width: "90px",
      cell: ({ name }) => (
        <Button type="link" size="small" onClick={() => fetchOne(within(directory, name))}>
          {t("download")}
        </Button>
      ),
    },
  ];
}
