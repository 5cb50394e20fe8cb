import { AlertOutlined } from "@ant-design/icons";
import type { Feature } from "../../app/feature";

export default {
  section: "alerts",
  title: { zh: "告警", en: "Alerts" },
  icon: <AlertOutlined />,
  order: 62,
  permission: "notifications:read",
  pages: [{ path: "", load: () => import("./AlertsPage") }],
} satisfies Feature;
