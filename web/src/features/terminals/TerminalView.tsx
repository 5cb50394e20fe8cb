import { FullscreenOutlined, SearchOutlined } from "@ant-design/icons";
import { useText } from "@i18n";
import { Status, type Tone } from "@shared/Status";
import { App, Button, Input } from "antd";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { Attachment, type Standing } from "./Attachment";
import { openScreen, type Screen } from "./screen";
import styles from "./Terminals.module.css";
import { text } from "./text";

interface Properties {
  session: string;
  name: string;
  /** Beside the buttons that every terminal has. */
  children?: ReactNode;
}

/** A terminal of the server, typed into. */
export function TerminalView({ session, name, children }: Properties) {
  const t = useText(text);
  const { message } = App.useApp();
  const box = useRef<HTMLDivElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const screen = useRef<Screen>(undefined);
  const [standing, setStanding] = useState<Standing>({ state: "connecting" });
  const [searching, setSearching] = useState(false);
  const say = useRef({ t, message });
  say.current = { t, message };

  useEffect(() => {
    if (!box.current) return;
    const opened = openScreen(box.current, say.current.t("screen", { name }), true);
    screen.current = opened;
    const { terminal, fit } = opened;
    const attachment = new Attachment(terminal, session, setStanding, (count) =>
      say.current.message.warning(say.current.t("lost", { count })),
    );
    terminal.onData((typed) => attachment.type(typed));
    terminal.onBinary((typed) =>
      attachment.type(Uint8Array.from(typed, (character) => character.charCodeAt(0))),
    );
    terminal.onResize(() => attachment.fit());
    const sizes = new ResizeObserver(() => fit.fit());
    sizes.observe(box.current);
    terminal.focus();
    return () => {
      sizes.disconnect();
      attachment.close();
      terminal.dispose();
      screen.current = undefined;
    };
  }, [session, name]);

  return (
    <div className={styles.terminal} ref={frame}>
      <div className={styles.bar}>
        <StandingStatus standing={standing} />
        <span className={styles.grow} />
        {searching ? (
          <Input
            size="small"
            autoFocus
            aria-label={t("search")}
            placeholder={t("search")}
            style={{ width: 160 }}
            onChange={(event) => screen.current?.search.findNext(event.target.value, { incremental: true })}
            onPressEnter={(event) => screen.current?.search.findNext(event.currentTarget.value)}
            onBlur={() => setSearching(false)}
          />
        ) : (
          <Button
            size="small"
            type="text"
            icon={<SearchOutlined />}
            aria-label={t("search")}
            onClick={() => setSearching(true)}
          />
        )}
        <Button
          size="small"
          type="text"
          icon={<FullscreenOutlined />}
          aria-label={t("full")}
          onClick={() => void toggleFull(frame.current)}
        />
        {children}
      </div>
      <div className={styles.screen} ref={box} data-session={session} data-state={standing.state} />
    </div>
  );
}

function StandingStatus({ standing }: { standing: Standing }) {
  const t = useText(text);
  const [tone, words] = describe(standing, t);
  return <Status tone={tone}>{words}</Status>;
}

function describe(standing: Standing, t: ReturnType<typeof useText<typeof text>>): [Tone, string] {
  switch (standing.state) {
    case "open":
      return ["good", t("connected")];
    case "connecting":
      return ["busy", t("connecting")];
    case "waiting":
      return ["warn", t("waiting")];
    case "exited":
      return ["idle", t("exited", { reason: standing.reason })];
    case "gone":
    case "ended":
      return ["idle", t("gone")];
  }
}

async function toggleFull(element: HTMLElement | null): Promise<void> {
  if (document.fullscreenElement) await document.exitFullscreen();
  else await element?.requestFullscreen();
}
