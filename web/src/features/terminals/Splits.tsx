import { CloseOutlined, SplitCellsOutlined } from "@ant-design/icons";
import { answer, api, done } from "@api/client";
import { asFault } from "@api/fault";
import { useText } from "@i18n";
import { useFaultNotice } from "@shared/useFaultNotice";
import { useMutation } from "@tanstack/react-query";
import { Button, Tooltip } from "antd";
import styles from "./Terminals.module.css";
import { TerminalView } from "./TerminalView";
import { text } from "./text";
import type { Pane, Tab, Tabs } from "./useTabs";

/** The terminals of one tab, side by side. */
export function Splits({ tab, tabs }: { tab: Tab; tabs: Tabs }) {
  const t = useText(text);
  const notice = useFaultNotice();
  const split = useMutation({
    mutationFn: (pane: Pane) =>
      answer(
        api.POST("/api/v1/terminals", { body: { container_id: pane.container, command: pane.command } }),
      ),
    onSuccess: (opened, pane) => tabs.split(tab.key, { ...pane, session: opened.session_id }),
    onError: (error) => notice(asFault(error)),
  });
  const end = useMutation({
    mutationFn: ({ session }: Pane) =>
      done(api.DELETE("/api/v1/terminals/{terminal}", { params: { path: { terminal: session } } })),
    // Also when it is gone already: what is closed is the view of it.
    onSettled: (_, __, { session }) => tabs.leave(tab.key, session),
  });
  return (
    <div className={styles.panes}>
      {tab.panes.map((pane) => (
        <TerminalView key={pane.session} session={pane.session} name={pane.name}>
          <Tooltip title={t("split")}>
            <Button
              size="small"
              type="text"
              icon={<SplitCellsOutlined />}
              aria-label={t("split")}
              loading={split.isPending}
              onClick={() => split.mutate(pane)}
            />
          </Tooltip>
          <Tooltip title={t("close")}>
            <Button
              size="small"
              type="text"
              icon={<CloseOutlined />}
              aria-label={t("close")}
              onClick={() => end.mutate(pane)}
            />
          </Tooltip>
        </TerminalView>
      ))}
    </div>
  );
}
