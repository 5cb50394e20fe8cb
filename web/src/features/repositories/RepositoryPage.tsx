import { answer, api, done } from "@api/client";
import { asFault } from "@api/fault";
import { useText } from "@i18n";
import { ActionButton } from "@shared/ActionButton";
import { ConfirmByName } from "@shared/ConfirmByName";
import { FaultView } from "@shared/FaultView";
import { moment } from "@shared/format";
import { Loading } from "@shared/Loading";
import { Nothing } from "@shared/Nothing";
import { PageHeader } from "@shared/PageHeader";
import { Status } from "@shared/Status";
import { useSearch } from "@shared/useSearch";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Modal, Tabs } from "antd";
import { type ReactNode, useState } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { DnfSetup } from "./DnfSetup";
import { Packages } from "./Packages";
import { Publications } from "./Publications";
import styles from "./Repositories.module.css";
import { RepositoryForm } from "./RepositoryForm";
import { type Repository, TONES } from "./states";
import { text } from "./text";

/** How often a repository that is being published is looked at. */
const PERIOD_MS = 2000;

export default function RepositoryPage() {
  const t = useText(text);
  const { repository: name = "" } = useParams();
  const [{ tab }, search] = useSearch(["tab"]);
  const { data, error, refetch } = useQuery({
    queryKey: ["repositories", "detail", name],
    queryFn: () =>
      answer(api.GET("/api/v1/repositories/{repository}", { params: { path: { repository: name } } })),
    refetchInterval: ({ state }) => (state.data?.status === "publishing" ? PERIOD_MS : false),
  });
  if (!data) {
    return (
      <>
        <PageHeader title={name} />
        {error ? <Missing error={error} retry={() => void refetch()} /> : <Loading />}
      </>
    );
  }
  return (
    <>
      <PageHeader title={data.name} note={<Status tone={TONES[data.status]}>{t(data.status)}</Status>}>
        <Actions repository={data} />
      </PageHeader>
      {error ? <FaultView error={error} retry={() => void refetch()} stale /> : null}
      {data.error ? (
        <p className={styles.error} role="alert">
          {data.error.message} <span className="mono muted">{data.error.code}</span>
        </p>
      ) : null}
      <Tabs
        activeKey={tab || "packages"}
        onChange={(key) => search({ tab: key === "packages" ? "" : key })}
        destroyOnHidden
        items={[
          { key: "packages", label: t("packages"), children: <Packages repository={data.name} /> },
          {
            key: "publications",
            label: t("publications"),
            children: <Publications repository={data.name} />,
          },
          { key: "facts", label: t("facts"), children: <Facts repository={data} /> },
        ]}
      />
    </>
  );
}

function Missing({ error, retry }: { error: Error; retry: () => void }) {
  const t = useText(text);
  if (asFault(error).status !== 404) return <FaultView error={error} retry={retry} />;
  return (
    <Nothing title={t("notFound")}>
      <Link to="/repositories">{t("back")}</Link>
    </Nothing>
  );
}

function Actions({ repository }: { repository: Repository }) {
  const t = useText(text);
  const go = useNavigate();
  const client = useQueryClient();
  const { message } = App.useApp();
  const [asking, setAsking] = useState<"edit" | "delete">();
  const remove = async () => {
    const path = { path: { repository: repository.name } };
    message.success(await done(api.DELETE("/api/v1/repositories/{repository}", { params: path })));
    await go("/repositories");
    await client.invalidateQueries({ queryKey: ["repositories"] });
  };
  return (
    <>
      <ActionButton permission="repositories:write" onClick={() => setAsking("edit")}>
        {t("edit")}
      </ActionButton>
      <ActionButton danger permission="repositories:write" onClick={() => setAsking("delete")}>
        {t("delete")}
      </ActionButton>
      {asking === "edit" ? (
        <RepositoryForm repository={repository} close={() => setAsking(undefined)} />
      ) : null}
      {asking === "delete" ? (
        <ConfirmByName
          title={t("deleteTitle", { name: repository.name })}
          warning={t("deleteWarning")}
          name={repository.name}
          action={t("delete")}
          confirm={remove}
          close={() => setAsking(undefined)}
        />
      ) : null}
    </>
  );
}

function Facts({ repository }: { repository: Repository }) {
  const t = useText(text);
  const rows: readonly (readonly [string, ReactNode])[] = [
    [
      t("url"),
      <span key="url" className="mono">
        {repository.url}
      </span>,
    ],
    [t("description"), repository.description],
    [t("access"), t(repository.public ? "public" : "private")],
    [t("signingRequired"), t(repository.signing_required ? "yes" : "no")],
    [t("keepVersions"), repository.keep_versions],
    [
      t("fingerprint"),
      <span key="key" className="mono">
        {repository.key_fingerprint ?? "—"}
      </span>,
    ],
    [t("publishedAt"), repository.published_at ? moment(repository.published_at) : "—"],
  ];
  return (
    <>
      <dl className={styles.facts}>
        {rows.map(([name, value]) => (
          <div key={name} style={{ display: "contents" }}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Secrets repository={repository} />
    </>
  );
}

type Renewal = "token" | "key" | "unsigned";

/** The token that dnf reads with, and the key that signs. */
function Secrets({ repository }: { repository: Repository }) {
  const t = useText(text);
  const client = useQueryClient();
  const { message } = App.useApp();
  const [token, setToken] = useState<string>();
  const path = { params: { path: { repository: repository.name } } };
  const renew = useMutation({
    mutationFn: async (what: Renewal): Promise<string> => {
      switch (what) {
        case "token": {
          const renewed = await answer(api.POST("/api/v1/repositories/{repository}/token", path));
          setToken(renewed.token);
          return "";
        }
        case "key":
          return done(
            api.PUT("/api/v1/repositories/{repository}/key", { ...path, body: { generate: true } }),
          );
        case "unsigned":
          return done(api.DELETE("/api/v1/repositories/{repository}/key", path));
      }
    },
    onSuccess: (told) => told && message.success(told),
    onError: (error) => message.error(asFault(error).message),
    onSettled: () => client.invalidateQueries({ queryKey: ["repositories"] }),
  });
  const button = (what: Renewal, label: string) => (
    <ActionButton
      permission="repositories:write"
      loading={renew.isPending && renew.variables === what}
      onClick={() => renew.mutate(what)}
    >
      {label}
    </ActionButton>
  );
  return (
    <div className={styles.bar}>
      {repository.public ? null : button("token", t("renewToken"))}
      {button("key", t("newKey"))}
      {repository.key_fingerprint ? button("unsigned", t("dropKey")) : null}
      {token ? (
        <Modal open title={repository.name} footer={null} onCancel={() => setToken(undefined)}>
          <DnfSetup repository={repository} token={token} />
        </Modal>
      ) : null}
    </div>
  );
}
