import { DatabaseOutlined } from "@ant-design/icons";
import type { Feature } from "../../app/feature";

export default {
  section: "repositories",
  title: { zh: "软件仓库", en: "Repositories" },
  icon: <DatabaseOutlined />,
  order: 25,
  permission: "repositories:read",
  pages: [
    { path: "", load: () => import("./RepositoriesPage") },
    { path: ":repository", load: () => import("./RepositoryPage") },
  ],
} satisfies Feature;
