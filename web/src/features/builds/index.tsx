import { BuildOutlined } from "@ant-design/icons";
import type { Feature } from "../../app/feature";

export default {
  section: "builds",
  title: { zh: "构建", en: "Builds" },
  icon: <BuildOutlined />,
  order: 20,
  permission: "builds:read",
  pages: [
    { path: "", load: () => import("./BuildsPage") },
    { path: "new", load: () => import("./NewBuildPage") },
    { path: "compare", load: () => import("./ComparePage") },
    { path: ":build", load: () => import("./BuildPage") },
  ],
} satisfies Feature;
