import { ApartmentOutlined } from "@ant-design/icons";
import type { Feature } from "../../app/feature";

export default {
  section: "networks",
  title: { zh: "网络", en: "Networks" },
  icon: <ApartmentOutlined />,
  order: 50,
  permission: "networks:read",
  pages: [{ path: "", load: () => import("./NetworksPage") }],
} satisfies Feature;
