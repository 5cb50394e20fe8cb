import { PlusOutlined } from "@ant-design/icons";
import { answer, api, type Schemas } from "@api/client";
import { asFault } from "@api/fault";
import { useMe } from "@api/me";
import { useText } from "@i18n";
import { ConfirmByName } from "@shared/ConfirmByName";
import { type Column, DataTable } from "@shared/DataTable";
import { FaultView } from "@shared/FaultView";
import { FormDialog } from "@shared/FormDialog";
import { Loading } from "@shared/Loading";
import { Nothing } from "@shared/Nothing";
import { When } from "@shared/When";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button, Form, Input, InputNumber, Modal, Select } from "antd";
import { useCallback, useMemo, useState } from "react";
import styles from "./Profile.module.css";
import { text } from "./text";

type ApiKey = Schemas["ApiKey"];
type Permission = Schemas["Permission"];

const KEY = ["accounts", "keys"] as const;

/** Keys for programs, each shown once. */
export function Keys() {
  const t = useText(text);
  const [adding, setAdding] = useState(false);
  const [fresh, setFresh] = useState<ApiKey>();
  const { data, error, refetch } = useQuery({
    queryKey: KEY,
    queryFn: () => answer(api.GET("/v1/api-keys")),
  });
  const show = useCallback((key: ApiKey) => setFresh(key), []);
  const columns = useColumns(show);
  if (!data) return error ? <FaultView error={error} retry={() => void refetch()} /> : <Loading />;
  return (
    <>
      <div className={styles.bar}>
        <Button type="primary" icon={<PlusOutlined />} onClick={() => setAdding(true)}>
          {t("addKey")}
        </Button>
      </div>
      <DataTable
        label={t("keys")}
        columns={columns}
        rows={data.apiKeys}
        id={(key) => key.id}
        empty={<Nothing title={t("noKeys")} />}
      />
      {adding ? <KeyForm show={show} close={() => setAdding(false)} /> : null}
      {fresh ? (
        <Modal open title={fresh.name} footer={null} onCancel={() => setFresh(undefined)}>
          <p>{t("key")}</p>
          <pre className={styles.secret}>{fresh.key}</pre>
        </Modal>
      ) : null}
    </>
  );
}

function useColumns(show: (key: ApiKey) => void): Column<ApiKey>[] {
  const t = useText(text);
  return useMemo(
    () => [
      { key: "name", title: t("name"), width: "minmax(120px, 1fr)", cell: (key) => key.name },
      {
        key: "prefix",
        title: t("prefix"),
        width: "130px",
        wide: true,
        cell: (key) => <span className="mono">{key.prefix}…</span>,
      },
      {
        key: "lastUsed",
        title: t("lastUsed"),
        width: "110px",
        wide: true,
        cell: (key) => <When at={key.lastUsedAt} />,
      },
      {
        key: "expires",
        title: t("expires"),
        width: "110px",
        wide: true,
        cell: (key) => key.expiresAt?.slice(0, 10) ?? "—",
      },
      { key: "actions", title: "", width: "170px", cell: (key) => <Actions apiKey={key} show={show} /> },
    ],
    [t, show],
  );
}

function Actions({ apiKey, show }: { apiKey: ApiKey; show: (key: ApiKey) => void }) {
  const t = useText(text);
  const client = useQueryClient();
  const { message } = App.useApp();
  const [revoking, setRevoking] = useState(false);
  const path = { params: { path: { key: apiKey.id } } };
  const refresh = () => client.invalidateQueries({ queryKey: KEY });
  const rotate = useMutation({
    mutationFn: () => answer(api.POST("/v1/api-keys/{key}/rotate", path)),
    onSuccess: show,
    onError: (error) => message.error(asFault(error).message),
    onSettled: refresh,
  });
  const revoke = async () => {
    await answer(api.DELETE("/v1/api-keys/{key}", path));
    await refresh();
  };
  return (
    <>
      <Button size="small" loading={rotate.isPending} onClick={() => rotate.mutate()}>
        {t("rotate")}
      </Button>{" "}
      <Button size="small" danger onClick={() => setRevoking(true)}>
        {t("revoke")}
      </Button>
      {revoking ? (
        <ConfirmByName
          title={t("revokeTitle", { name: apiKey.name })}
          warning={t("revokeWarning")}
          name={apiKey.name}
          action={t("revoke")}
          confirm={revoke}
          close={() => setRevoking(false)}
        />
      ) : null}
    </>
  );
}

function KeyForm({ show, close }: { show: (key: ApiKey) => void; close: () => void }) {
  const t = useText(text);
  const client = useQueryClient();
  const { data: me } = useMe();
  const [name, setName] = useState("");
  const [days, setDays] = useState<number | null>(90);
  const [scopes, setScopes] = useState<Permission[]>([]);
  const save = async () => {
    show(await answer(api.POST("/v1/api-keys", { body: { name, scopes, expiresInDays: days } })));
    await client.invalidateQueries({ queryKey: KEY });
    close();
  };
  return (
    <FormDialog title={t("addKey")} save={save} close={close}>
      {(wrong) => (
        <>
          <Form.Item label={t("name")} htmlFor="key-name" required {...wrong("name")}>
            <Input id="key-name" value={name} onChange={({ target }) => setName(target.value)} />
          </Form.Item>
          <Form.Item label={t("days")} htmlFor="key-days" {...wrong("expiresInDays")}>
            <InputNumber id="key-days" min={1} max={3650} value={days} onChange={setDays} />
          </Form.Item>
          <Form.Item label={t("scopes")} htmlFor="key-scopes" {...wrong("scopes")}>
            <Select<Permission[]>
              id="key-scopes"
              mode="multiple"
              value={scopes}
              onChange={setScopes}
              options={(me?.permissions ?? []).map((value) => ({ value, label: value }))}
            />
          </Form.Item>
        </>
      )}
    </FormDialog>
  );
}
