import { DashboardOutlined } from "@ant-design/icons";
import type { Feature } from "../../app/feature";

export default {
  section: "overview",
  title: { zh: "概览", en: "Overview" },
  icon: <DashboardOutlined />,
  order: 0,
  pages: [{ path: "", load: () => import("./OverviewPage") }],
} satisfies Feature;
