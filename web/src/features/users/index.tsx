import { TeamOutlined } from "@ant-design/icons";
import type { Feature } from "../../app/feature";

export default {
  section: "users",
  title: { zh: "用户", en: "Users" },
  icon: <TeamOutlined />,
  order: 80,
  permission: "users:read",
  pages: [{ path: "", load: () => import("./UsersPage") }],
} satisfies Feature;
