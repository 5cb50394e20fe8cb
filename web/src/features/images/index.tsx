import { AppstoreOutlined } from "@ant-design/icons";
import type { Feature } from "../../app/feature";

export default {
  section: "images",
  title: { zh: "镜像", en: "Images" },
  icon: <AppstoreOutlined />,
  order: 30,
  permission: "images:read",
  pages: [
    { path: "", load: () => import("./ImagesPage") },
    { path: ":image", load: () => import("./ImagePage") },
  ],
} satisfies Feature;
