import { ControlOutlined } from "@ant-design/icons";
import type { Feature } from "../../app/feature";

export default {
  section: "system",
  title: { zh: "系统", en: "System" },
  icon: <ControlOutlined />,
  order: 90,
  permission: "system:read",
  pages: [{ path: "", load: () => import("./SystemPage") }],
} satisfies Feature;
