import { answer, api, done } from "@api/client";
import { asFault } from "@api/fault";
import { useText } from "@i18n";
import { ActionButton } from "@shared/ActionButton";
import { ConfirmByName } from "@shared/ConfirmByName";
import { FaultView } from "@shared/FaultView";
import { bytes, clock, moment } from "@shared/format";
import { Loading } from "@shared/Loading";
import { Nothing } from "@shared/Nothing";
import { PageHeader } from "@shared/PageHeader";
import { Status } from "@shared/Status";
import { useSearch } from "@shared/useSearch";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Tabs } from "antd";
import { type ReactNode, useCallback, useState } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { Artifacts } from "./Artifacts";
import { BuildLogTab } from "./BuildLogTab";
import styles from "./Builds.module.css";
import { Code } from "./Code";
import { OptimizationTab } from "./OptimizationTab";
import { type Build, isUnderWay, STATES } from "./state";
import { text } from "./text";

const PERIOD_MS = 2000;

export default function BuildPage() {
  const t = useText(text);
  const { build: id = "" } = useParams();
  const client = useQueryClient();
  const [{ tab }, search] = useSearch(["tab"]);
  const { data, error, refetch } = useQuery({
    queryKey: ["builds", "detail", id],
    queryFn: () => answer(api.GET("/api/v1/builds/{build}", { params: { path: { build: id } } })),
    refetchInterval: ({ state }) => (state.data && isUnderWay(state.data.status) ? PERIOD_MS : false),
  });
  const ended = useCallback(() => void client.invalidateQueries({ queryKey: ["builds"] }), [client]);
  if (!data) {
    return (
      <>
        <PageHeader title={id} />
        {error ? <Missing error={error} retry={() => void refetch()} /> : <Loading />}
      </>
    );
  }
  const [tone, word] = STATES[data.status];
  const tabs = [
    { key: "log", label: t("log"), children: <BuildLogTab build={data} ended={ended} /> },
    { key: "artifacts", label: t("artifacts"), children: <Artifacts build={data} /> },
    { key: "optimization", label: t("optimization"), children: <OptimizationTab build={data} /> },
    { key: "definition", label: t("definition"), children: <Definition build={data} /> },
    { key: "facts", label: t("facts"), children: <Facts build={data} /> },
  ];
  return (
    <>
      <PageHeader title={data.name} note={<Status tone={tone}>{t(word)}</Status>}>
        <Actions build={data} />
      </PageHeader>
      {error ? <FaultView error={error} retry={() => void refetch()} stale /> : null}
      {data.error ? (
        <p className={styles.error} role="alert">
          {data.error.message} <span className="mono muted">{data.error.code}</span>
        </p>
      ) : null}
      <Tabs
        activeKey={tab || "log"}
        onChange={(key) => search({ tab: key === "log" ? "" : key })}
        items={tabs}
        destroyOnHidden
      />
    </>
  );
}

function Missing({ error, retry }: { error: Error; retry: () => void }) {
  const t = useText(text);
  if (asFault(error).status !== 404) return <FaultView error={error} retry={retry} />;
  return (
    <Nothing title={t("notFound")}>
      <Link to="/builds">{t("back")}</Link>
    </Nothing>
  );
}

function Actions({ build }: { build: Build }) {
  const t = useText(text);
  const go = useNavigate();
  const client = useQueryClient();
  const { message } = App.useApp();
  const [deleting, setDeleting] = useState(false);
  const path = { params: { path: { build: build.id } } };
  const refresh = () => client.invalidateQueries({ queryKey: ["builds"] });
  const act = useMutation({
    mutationFn: (action: "execute" | "cancel") =>
      done(
        action === "execute"
          ? api.POST("/api/v1/builds/{build}/execute", path)
          : api.POST("/api/v1/builds/{build}/cancel", path),
      ),
    onSuccess: (told) => message.success(told),
    onError: (error) => message.error(asFault(error).message),
    onSettled: refresh,
  });
  const remove = async () => {
    message.success(await done(api.DELETE("/api/v1/builds/{build}", path)));
    await go("/builds");
    await refresh();
  };
  const goesOn = isUnderWay(build.status);
  const waits = build.status === "pending" && build.queued_at === null;
  return (
    <>
      <ActionButton
        permission="builds:write"
        reason={waits ? undefined : t("executed")}
        loading={act.isPending && act.variables === "execute"}
        onClick={() => act.mutate("execute")}
      >
        {t("execute")}
      </ActionButton>
      <ActionButton
        permission="builds:write"
        reason={goesOn ? undefined : t("ended")}
        loading={act.isPending && act.variables === "cancel"}
        onClick={() => act.mutate("cancel")}
      >
        {t("cancel")}
      </ActionButton>
      <ActionButton
        danger
        permission="builds:write"
        reason={goesOn && !waits ? t("underWay") : undefined}
        onClick={() => setDeleting(true)}
      >
        {t("delete")}
      </ActionButton>
      {deleting ? (
        <ConfirmByName
          title={t("deleteTitle", { name: build.name })}
          warning={t("deleteWarning")}
          name={build.name}
          action={t("delete")}
          confirm={remove}
          close={() => setDeleting(false)}
        />
      ) : null}
    </>
  );
}

function Definition({ build }: { build: Build }) {
  const t = useText(text);
  return (
    <>
      {build.spec_content === null ? null : (
        <>
          <h2 className={styles.heading}>spec</h2>
          <Code label="spec">{build.spec_content}</Code>
        </>
      )}
      <h2 className={styles.heading}>{t("dockerfile")}</h2>
      <Code label={t("dockerfile")}>{build.dockerfile_content}</Code>
    </>
  );
}

function Facts({ build }: { build: Build }) {
  const t = useText(text);
  const { image, queue, steps } = build;
  const rows: readonly (readonly [string, ReactNode])[] = [
    ["ID", <span key="id">{build.id}</span>],
    [t("created"), moment(build.created_at)],
    [t("queue"), queue ? t("queued", { position: queue.position, reason: t(queue.reason) }) : undefined],
    [t("started"), build.started_at ? moment(build.started_at) : undefined],
    [t("finished"), build.finished_at ? moment(build.finished_at) : undefined],
    [t("duration"), build.duration === null ? undefined : clock(build.duration)],
    [t("attempts"), build.attempts > 1 ? build.attempts : undefined],
    [t("steps"), steps ? t("stepsDone", { ...steps }) : undefined],
    [
      t("image"),
      image ? (
        <Link key="image" to={`/images/${encodeURIComponent(image.id)}`}>
          {image.tag} {image.size === null ? "" : `(${bytes(image.size)})`}
        </Link>
      ) : undefined,
    ],
    [t("level"), t(build.optimize)],
    [t("cache"), t(build.cache_enabled ? "yes" : "no")],
    [t("target"), build.target ?? undefined],
    [t("time"), build.timeout],
    [t("buildArgs"), pairs(build.build_args)],
    [t("labels"), pairs(build.labels)],
  ];
  return (
    <dl className={styles.facts}>
      {rows.map(([name, value]) =>
        value === undefined ? null : (
          <div key={name} style={{ display: "contents" }}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
    </dl>
  );
}

function pairs(entries: Readonly<Record<string, string>>): ReactNode {
  const found = Object.entries(entries);
  if (found.length === 0) return undefined;
  return found.map(([key, value]) => (
    <div key={key} className="mono">
      {key}={value}
    </div>
  ));
}
