import { useText } from "@i18n";
import { PageHeader } from "@shared/PageHeader";
import { useSearch } from "@shared/useSearch";
import { Tabs } from "antd";
import { Roles } from "./Roles";
import { text } from "./text";
import { Users } from "./Users";

export default function UsersPage() {
  const t = useText(text);
  const [{ tab }, search] = useSearch(["tab"]);
  return (
    <>
      <PageHeader title={t("users")} />
      <Tabs
        activeKey={tab || "users"}
        onChange={(key) => search({ tab: key === "users" ? "" : key })}
        destroyOnHidden
        items={[
          { key: "users", label: t("users"), children: <Users /> },
          { key: "roles", label: t("roles"), children: <Roles /> },
        ]}
      />
    </>
  );
}
