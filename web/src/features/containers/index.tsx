import { ContainerOutlined } from "@ant-design/icons";
import type { Feature } from "../../app/feature";

export default {
  section: "containers",
  title: { zh: "容器", en: "Containers" },
  icon: <ContainerOutlined />,
  order: 10,
  permission: "containers:read",
  pages: [
    { path: "", load: () => import("./ContainersPage") },
    { path: "new", load: () => import("./NewContainerPage") },
    { path: ":container", load: () => import("./ContainerPage") },
  ],
} satisfies Feature;
