import { useText } from "@i18n";
import { PageHeader } from "@shared/PageHeader";
import { useSearch } from "@shared/useSearch";
import { Tabs } from "antd";
import { Audit } from "./Audit";
import { Configuration } from "./Configuration";
import { Maintenance } from "./Maintenance";
import { text } from "./text";

export default function SystemPage() {
  const t = useText(text);
  const [{ tab }, search] = useSearch(["tab"]);
  return (
    <>
      <PageHeader title={t("system")} />
      <Tabs
        activeKey={tab || "audit"}
        onChange={(key) => search({ tab: key === "audit" ? "" : key })}
        destroyOnHidden
        items={[
          { key: "audit", label: t("audit"), children: <Audit /> },
          { key: "maintenance", label: t("maintenance"), children: <Maintenance /> },
          { key: "configuration", label: t("configuration"), children: <Configuration /> },
        ]}
      />
    </>
  );
}
