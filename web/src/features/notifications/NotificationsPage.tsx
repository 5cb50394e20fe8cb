import { useText } from "@i18n";
import { PageHeader } from "@shared/PageHeader";
import { useSearch } from "@shared/useSearch";
import { Tabs } from "antd";
import { Channels } from "./Channels";
import { Deliveries } from "./Deliveries";
import { StatusPages } from "./StatusPages";
import { text } from "./text";
import { Windows } from "./Windows";

export default function NotificationsPage() {
  const t = useText(text);
  const [{ tab }, search] = useSearch(["tab"]);
  return (
    <>
      <PageHeader title={t("notifications")} />
      <Tabs
        activeKey={tab || "channels"}
        onChange={(key) => search({ tab: key === "channels" ? "" : key })}
        destroyOnHidden
        items={[
          { key: "channels", label: t("channels"), children: <Channels /> },
          { key: "deliveries", label: t("deliveries"), children: <Deliveries /> },
          { key: "windows", label: t("windows"), children: <Windows /> },
          { key: "pages", label: t("pages"), children: <StatusPages /> },
        ]}
      />
    </>
  );
}
