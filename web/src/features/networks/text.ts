import { messages } from "@i18n";

export const text = messages({
  title: { zh: "网络", en: "Networks" },
  name: { zh: "名称", en: "Name" },
  driver: { zh: "驱动", en: "Driver" },
  subnets: { zh: "子网", en: "Subnets" },
  subnet: { zh: "子网（可选，如 172.30.0.0/24）", en: "Subnet (optional, such as 172.30.0.0/24)" },
  internal: { zh: "仅内部", en: "Internal" },
  created: { zh: "创建", en: "Created" },
  total: { zh: "共 {total} 个", en: "{total} in all" },
  none: { zh: "没有网络", en: "No networks" },
  create: { zh: "新建网络", en: "New network" },
  made: { zh: "已创建 {name}", en: "{name} was made" },
  remove: { zh: "删除", en: "Delete" },
  removeTitle: { zh: "删除网络", en: "Delete the network" },
  removeWarning: {
    zh: "容器之间将不能再通过它互相访问。",
    en: "Containers no longer reach each other through it.",
  },
  builtIn: { zh: "引擎自带的网络不能删除", en: "The engine's own networks cannot be deleted" },
  yes: { zh: "是", en: "yes" },
});
