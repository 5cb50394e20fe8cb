import { DatabaseOutlined } from "@ant-design/icons";
import type { Feature } from "../../app/feature";

export default {
  section: "volumes",
  title: { zh: "存储卷", en: "Volumes" },
  icon: <DatabaseOutlined />,
  order: 40,
  permission: "volumes:read",
  pages: [{ path: "", load: () => import("./VolumesPage") }],
} satisfies Feature;
