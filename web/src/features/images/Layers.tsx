import { answer, api, type Schemas } from "@api/client";
import { type Say, useText } from "@i18n";
import { type Column, DataTable } from "@shared/DataTable";
import { FaultView } from "@shared/FaultView";
import { bytes, percent } from "@shared/format";
import { Nothing } from "@shared/Nothing";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import styles from "./Images.module.css";
import { text } from "./text";

type Analysis = Schemas["Analysis"];
type LargeFile = Schemas["AnalyzedFile"];

/** The layers as a picture of their sizes and of what is wasted in them, and what to do about it. */
export function Layers({ image }: { image: string }) {
  const t = useText(text);
  const { data, error, refetch } = useQuery({
    queryKey: ["image-analysis", image],
    queryFn: () => answer(api.GET("/api/v1/images/{image}/analysis", { params: { path: { image } } })),
    // What an image consists of never changes.
    staleTime: Number.POSITIVE_INFINITY,
  });
  const columns = useMemo(() => columnsOf(t), [t]);
  if (error) return <FaultView error={error} retry={() => void refetch()} />;
  if (!data) return <Nothing title={t("analysing")} />;
  return (
    <>
      <h2 className={styles.heading}>
        {t("layers")}
        <span className="muted">
          {t("efficiency")} {percent(data.efficiency * (data.efficiency <= 1 ? 100 : 1))} · {t("wasted")}{" "}
          {bytes(data.wasted)}
        </span>
      </h2>
      <p className="muted">{t("picture")}</p>
      <Picture analysis={data} />
      <h2 className={styles.heading}>{t("advice")}</h2>
      {data.advice.length === 0 ? <p className="muted">{t("noAdvice")}</p> : null}
      <ul>
        {data.advice.map((advice) => (
          <li key={advice.message}>
            {advice.message} <span className="muted">({bytes(advice.bytes)})</span>
          </li>
        ))}
      </ul>
      <h2 className={styles.heading}>{t("largest")}</h2>
      <DataTable
        label={t("largest")}
        columns={columns}
        rows={data.largest}
        id={(file) => `${file.layer}:${file.path}`}
        empty={null}
      />
    </>
  );
}

function Picture({ analysis }: { analysis: Analysis }) {
  const t = useText(text);
  const longest = Math.max(1, ...analysis.layers.map((layer) => layer.size));
  return (
    <ol className={styles.picture}>
      {analysis.layers.map((layer, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: an image may have the same layer twice, and its order never changes
        <li key={`${layer.digest}:${place}`}>
          <span className={styles.size}>{bytes(layer.size)}</span>
          <span
            className={styles.bar}
            role="img"
            aria-label={t("layer", { n: place + 1, size: bytes(layer.size), wasted: bytes(layer.wasted) })}
          >
            <span className={styles.used} style={{ width: share(layer.size - layer.wasted, longest) }} />
            <span className={styles.waste} style={{ width: share(layer.wasted, longest) }} />
          </span>
          <code className={styles.made} title={layer.created_by}>
            {layer.created_by}
          </code>
        </li>
      ))}
    </ol>
  );
}

function share(size: number, longest: number): string {
  return `${(100 * Math.max(0, size)) / longest}%`;
}

function columnsOf(t: Say<typeof text>): Column<LargeFile>[] {
  return [
    {
      key: "path",
      title: t("path"),
      width: "minmax(200px, 1fr)",
      cell: ({ path }) => <span className="mono">{path}</span>,
    },
    { key: "layer", title: t("inLayer"), width: "60px", number: true, cell: ({ layer }) => layer },
    { key: "size", title: t("size"), width: "100px", number: true, cell: (file) => bytes(file.bytes) },
  ];
}
