import { CodeOutlined } from "@ant-design/icons";
import type { Feature } from "../../app/feature";

export default {
  section: "terminals",
  title: { zh: "终端", en: "Terminals" },
  icon: <CodeOutlined />,
  order: 60,
  permission: "terminals:use",
  pages: [
    { path: "", load: () => import("./TerminalsPage") },
    { path: ":terminal/recording", load: () => import("./RecordingPage") },
  ],
} satisfies Feature;
