import { UserOutlined } from "@ant-design/icons";
import type { Feature } from "../../app/feature";

export default {
  section: "accounts",
  title: { zh: "我的账户", en: "My account" },
  icon: <UserOutlined />,
  order: 95,
  pages: [{ path: "", load: () => import("./AccountPage") }],
} satisfies Feature;
