import { useText } from "@i18n";
import { PageHeader } from "@shared/PageHeader";
import { Tabs } from "antd";
import { useState } from "react";
import { OpenTerminal } from "./OpenTerminal";
import { Sessions } from "./Sessions";
import { Splits } from "./Splits";
import { text } from "./text";
import { useTabs } from "./useTabs";

const SESSIONS = "sessions";

/** Terminals side by side: a tab for each, split where two are looked at together. */
export default function TerminalsPage() {
  const t = useText(text);
  const tabs = useTabs();
  const [active, setActive] = useState(tabs.open.at(-1)?.key ?? SESSIONS);
  const shown = tabs.open.some((tab) => tab.key === active) ? active : SESSIONS;
  return (
    <>
      <PageHeader title={t("title")} />
      <OpenTerminal opened={(pane) => setActive(tabs.add(pane))} />
      <Tabs
        type="editable-card"
        hideAdd
        activeKey={shown}
        onChange={setActive}
        onEdit={(key) => tabs.close(String(key))}
        items={[
          {
            key: SESSIONS,
            label: t("sessions"),
            closable: false,
            children: <Sessions attach={(pane) => setActive(tabs.add(pane))} />,
          },
          ...tabs.open.map((tab) => ({
            key: tab.key,
            label: tab.panes.map((pane) => pane.name).join(" | "),
            children: <Splits tab={tab} tabs={tabs} />,
          })),
        ]}
      />
    </>
  );
}
