import { HeartOutlined } from "@ant-design/icons";
import type { Feature } from "../../app/feature";

export default {
  section: "probes",
  title: { zh: "探针", en: "Probes" },
  icon: <HeartOutlined />,
  order: 60,
  permission: "probes:read",
  pages: [
    { path: "", load: () => import("./ProbesPage") },
    { path: "new", load: () => import("./NewProbePage") },
    { path: ":probe", load: () => import("./ProbePage") },
  ],
} satisfies Feature;
