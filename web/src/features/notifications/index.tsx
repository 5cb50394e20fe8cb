import { NotificationOutlined } from "@ant-design/icons";
import type { Feature } from "../../app/feature";

export default {
  section: "notifications",
  title: { zh: "通知", en: "Notifications" },
  icon: <NotificationOutlined />,
  order: 64,
  permission: "notifications:read",
  pages: [{ path: "", load: () => import("./NotificationsPage") }],
} satisfies Feature;
