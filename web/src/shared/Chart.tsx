import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useScheme } from "../app/theme";
import styles from "./Chart.module.css";

export interface Series {
  readonly label: string;
  readonly values: readonly (number | null)[];
}

interface Properties {
  title: string;
  /** What the latest value is, in words: charts are no text. */
  latest: string;
  /** Seconds since the epoch, one for each value. */
  times: readonly number[];
  series: readonly Series[];
  format: (value: number) => string;
  /** The top of the scale where it is known, such as 100 for percentages. */
  max?: number;
  /** What the top of the scale is at least. */
  least?: number;
  height?: number;
}

/** A chart that follows its values; the pointer tells those of a moment. */
export function Chart({ title, latest, times, series, format, max, least = 1, height = 110 }: Properties) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const latestFormat = useRef(format);
  latestFormat.current = format;
  const scheme = useScheme();
  const labels = series.map((each) => each.label).join("\n");

  // biome-ignore lint/correctness/useExhaustiveDependencies: the scheme is what the colours are read from
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const chart = new uPlot(
      options({
        labels: labels.split("\n"),
        width: element.clientWidth,
        height,
        max,
        least,
        format: latestFormat,
      }),
      [[], ...labels.split("\n").map(() => [])],
      element,
    );
    plot.current = chart;
    const sizes = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height }));
    sizes.observe(element);
    return () => {
      sizes.disconnect();
      chart.destroy();
      plot.current = undefined;
    };
  }, [labels, height, max, least, scheme]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a plot that was made anew has no values yet
  useEffect(() => {
    plot.current?.setData([times as number[], ...series.map((each) => each.values as (number | null)[])]);
  }, [times, series, labels, height, max, least, scheme]);

  return (
    <figure className={styles.chart}>
      <figcaption className={styles.caption}>
        <span>{title}</span>
        <strong>{latest}</strong>
      </figcaption>
      <div ref={box} style={{ height }} aria-hidden />
    </figure>
  );
}

function options(wanted: {
  labels: string[];
  width: number;
  height: number;
  max: number | undefined;
  least: number;
  format: { readonly current: (value: number) => string };
}): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis: uPlot.Axis = {
    stroke: colour("--muted"),
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
    font: "11px system-ui, sans-serif",
  };
  return {
    width: wanted.width,
    height: wanted.height,
    legend: { show: false },
    cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false } },
    padding: [6, 4, 0, 0],
    scales: { y: { range: (_, __, top) => [0, wanted.max ?? Math.max(top * 1.1, wanted.least)] } },
    axes: [
      { ...axis, size: 20, space: 90, values: (_, times) => times.map(shortTime) },
      {
        ...axis,
        size: 62,
        space: 28,
        values: (_, values) => values.map((value) => wanted.format.current(value)),
      },
    ],
    series: [
      {},
      ...wanted.labels.map((label, place) => ({
        label,
        stroke: colour(`--series-${place + 1}`),
        width: 1.5,
        points: { show: false },
        ...(wanted.labels.length === 1 ? { fill: `${colour("--series-1")}22` } : {}),
      })),
    ],
  };
}

function shortTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
}
