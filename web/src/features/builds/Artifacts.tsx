import { DownloadOutlined } from "@ant-design/icons";
import type { Schemas } from "@api/client";
import { authorized } from "@api/client";
import { useText } from "@i18n";
import { type Column, DataTable } from "@shared/DataTable";
import { FaultView } from "@shared/FaultView";
import { bytes } from "@shared/format";
import { save } from "@shared/log/LogView";
import { Nothing } from "@shared/Nothing";
import { useMutation } from "@tanstack/react-query";
import { Button } from "antd";
import { useMemo } from "react";
import styles from "./Builds.module.css";
import { Publish } from "./Publish";
import { type Build, isUnderWay } from "./state";
import { text } from "./text";

type Artifact = Schemas["ArtifactInfo"];

/** What a build made, to be downloaded. */
export function Artifacts({ build }: { build: Build }) {
  const t = useText(text);
  const { mutate, error, isPending, variables } = useMutation({ mutationFn: fetched });
  const columns = useMemo<Column<Artifact>[]>(
    () => [
      { key: "name", title: t("name"), width: "minmax(200px, 2fr)", cell: (artifact) => artifact.name },
      {
        key: "package",
        title: t("package"),
        width: "minmax(160px, 2fr)",
        wide: true,
        cell: ({ rpm }) => (rpm ? <span title={relations(rpm, t)}>{nevra(rpm)}</span> : ""),
      },
      {
        key: "size",
        title: t("size"),
        width: "90px",
        number: true,
        cell: (artifact) => bytes(artifact.size),
      },
      {
        key: "sha256",
        title: "SHA-256",
        width: "minmax(120px, 1fr)",
        wide: true,
        cell: (artifact) => (
          <span className="mono muted" title={artifact.sha256}>
            {artifact.sha256.slice(0, 16)}…
          </span>
        ),
      },
      {
        key: "download",
        title: "",
        width: "110px",
        cell: (artifact) => (
          <Button
            size="small"
            icon={<DownloadOutlined />}
            aria-label={`${t("download")} ${artifact.name}`}
            loading={isPending && variables?.name === artifact.name}
            onClick={() => mutate(addressOf(build.id, artifact.name))}
          >
            {t("download")}
          </Button>
        ),
      },
    ],
    [t, build.id, mutate, isPending, variables],
  );
  if (build.artifacts.length === 0) {
    const hint = t(isUnderWay(build.status) ? "noArtifactsYet" : "noArtifactsHint");
    return <Nothing title={t("noArtifacts")} hint={hint} />;
  }
  return (
    <>
      {error ? <FaultView error={error} /> : null}
      <div className={styles.bar}>
        <Button
          icon={<DownloadOutlined />}
          loading={isPending && variables?.name === `${build.id}.tar.gz`}
          onClick={() =>
            mutate({ name: `${build.id}.tar.gz`, url: `/api/v1/builds/${build.id}/artifacts.tar.gz` })
          }
        >
          {t("downloadAll")}
        </Button>
        {build.artifacts.some(({ rpm }) => rpm) ? <Publish build={build.id} /> : null}
      </div>
      <DataTable
        label={t("artifacts")}
        columns={columns}
        rows={build.artifacts}
        id={(artifact) => artifact.name}
        empty={null}
      />
    </>
  );
}

interface Wanted {
  readonly name: string;
  readonly url: string;
}

function addressOf(build: string, name: string): Wanted {
  const path = name.split("/").map(encodeURIComponent).join("/");
  return { name, url: `/api/v1/builds/${build}/artifacts/${path}` };
}

async function fetched({ name, url }: Wanted): Promise<void> {
  const response = await authorized(url);
  save(await response.blob(), name.split("/").at(-1) ?? name);
}

function nevra(rpm: Schemas["Rpm"]): string {
  const epoch = rpm.epoch ? `${rpm.epoch}:` : "";
  return `${rpm.name}-${epoch}${rpm.version}-${rpm.release}.${rpm.source ? "src" : rpm.arch}`;
}

function relations(rpm: Schemas["Rpm"], t: (key: "requires" | "provides") => string): string {
  return `${t("provides")}: ${rpm.provides.join(", ")}\n${t("requires")}: ${rpm.requires.join(", ")}`;
}
