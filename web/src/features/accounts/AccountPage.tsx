import { useMe } from "@api/me";
import { useText } from "@i18n";
import { PageHeader } from "@shared/PageHeader";
import { useSearch } from "@shared/useSearch";
import { Tabs } from "antd";
import { Keys } from "./profile/Keys";
import { Password } from "./profile/Password";
import { SecondFactor } from "./profile/SecondFactor";
import { Sessions } from "./profile/Sessions";
import { text } from "./profile/text";

export default function AccountPage() {
  const t = useText(text);
  const { data: me } = useMe();
  const [{ tab }, search] = useSearch(["tab"]);
  return (
    <>
      <PageHeader title={t("account")} note={me ? `${me.username} · ${me.role}` : ""} />
      <Tabs
        activeKey={tab || "password"}
        onChange={(key) => search({ tab: key === "password" ? "" : key })}
        destroyOnHidden
        items={[
          { key: "password", label: t("password"), children: <Password /> },
          { key: "second-factor", label: t("secondFactor"), children: <SecondFactor /> },
          { key: "sessions", label: t("sessions"), children: <Sessions /> },
          { key: "keys", label: t("keys"), children: <Keys /> },
        ]}
      />
    </>
  );
}
