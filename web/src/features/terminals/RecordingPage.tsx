import { DownloadOutlined, PauseOutlined, PlayCircleOutlined } from "@ant-design/icons";
import { authorized } from "@api/client";
import { useText } from "@i18n";
import { FaultView } from "@shared/FaultView";
import { clock } from "@shared/format";
import { Loading } from "@shared/Loading";
import { save } from "@shared/log/LogView";
import { PageHeader } from "@shared/PageHeader";
import { useQuery } from "@tanstack/react-query";
import { Button, Select } from "antd";
import { useEffect, useRef, useState } from "react";
import { Link, useParams } from "react-router";
import { type Cast, cast } from "./cast";
import { openScreen, type Screen } from "./screen";
import styles from "./Terminals.module.css";
import { text } from "./text";

/** What a terminal has printed, played again. */
export default function RecordingPage() {
  const t = useText(text);
  const { terminal = "" } = useParams();
  const { data, error, refetch } = useQuery({
    queryKey: ["recordings", terminal],
    queryFn: async ({ signal }) =>
      (await authorized(`/api/v1/terminals/${encodeURIComponent(terminal)}/recording`, { signal })).text(),
    staleTime: 0,
    gcTime: 0,
  });
  return (
    <>
      <PageHeader title={t("replay")} note={<Link to="/terminals">{t("back")}</Link>}>
        <Button
          icon={<DownloadOutlined />}
          disabled={data === undefined}
          onClick={() => save(data ?? "", `${terminal}.cast`)}
        >
          {t("download")}
        </Button>
      </PageHeader>
      {error ? <FaultView error={error} retry={() => void refetch()} /> : null}
      {data === undefined && !error ? <Loading /> : null}
      {data === undefined ? null : <Player recording={data} />}
    </>
  );
}

function Player({ recording }: { recording: string }) {
  const t = useText(text);
  const box = useRef<HTMLDivElement>(null);
  const [playing, setPlaying] = useState(true);
  const [speed, setSpeed] = useState(1);
  const [position, setPosition] = useState(0);
  const [film] = useState(() => cast(recording));
  const player = useRef<Projector>(undefined);
  const label = t("replay");

  useEffect(() => {
    if (!box.current) return;
    const screen = openScreen(box.current, label, false);
    const projector = new Projector(screen, film);
    player.current = projector;
    return () => {
      player.current = undefined;
      screen.terminal.dispose();
    };
  }, [film, label]);

  useEffect(() => {
    if (!playing) return;
    let last = performance.now();
    let frame = requestAnimationFrame(function next(now) {
      const projector = player.current;
      if (projector) {
        projector.forward(((now - last) / 1000) * speed);
        setPosition(projector.position);
        if (projector.position >= film.seconds) setPlaying(false);
      }
      last = now;
      frame = requestAnimationFrame(next);
    });
    return () => cancelAnimationFrame(frame);
  }, [playing, speed, film]);

  return (
    <>
      <div className={styles.player}>
        <Button
          icon={playing ? <PauseOutlined /> : <PlayCircleOutlined />}
          onClick={() => {
            if (!playing && position >= film.seconds) player.current?.seek(0);
            setPlaying(!playing);
          }}
        >
          {t(playing ? "pause" : "play")}
        </Button>
        <input
          type="range"
          aria-label={t("position")}
          min={0}
          max={film.seconds}
          step={0.1}
          value={position}
          onChange={(event) => {
            player.current?.seek(Number(event.target.value));
            setPosition(Number(event.target.value));
          }}
        />
        <span>
          {clock(position)} / {clock(film.seconds)}
        </span>
        <Select
          aria-label={t("speed")}
          value={speed}
          onChange={setSpeed}
          options={[0.5, 1, 2, 4, 8].map((value) => ({ value, label: `${value}×` }))}
        />
      </div>
      <div className={styles.screen} ref={box} style={{ height: film.rows * 18 + 20 }} />
    </>
  );
}

/** Prints what was printed up to a position; going back begins anew. */
class Projector {
  position = 0;
  private next = 0;

  constructor(
    private readonly screen: Screen,
    private readonly film: Cast,
  ) {
    screen.terminal.resize(film.cols, film.rows);
  }

  forward(seconds: number): void {
    this.position = Math.min(this.film.seconds, this.position + seconds);
    for (; this.next < this.film.events.length; this.next += 1) {
      const event = this.film.events[this.next];
      if (!event || event[0] > this.position) return;
      const [, kind, data] = event;
      if (kind === "o") this.screen.terminal.write(data);
      const [cols, rows] = kind === "r" ? data.split("x").map(Number) : [];
      if (cols && rows) this.screen.terminal.resize(cols, rows);
    }
  }

  seek(seconds: number): void {
    if (seconds < this.position) {
      this.screen.terminal.reset();
      this.screen.terminal.resize(this.film.cols, this.film.rows);
      this.position = 0;
      this.next = 0;
    }
    this.forward(seconds - this.position);
  }
}
