import { messages } from "@i18n";

export const text = messages({
  title: { zh: "存储卷", en: "Volumes" },
  name: { zh: "名称", en: "Name" },
  driver: { zh: "驱动", en: "Driver" },
  labels: { zh: "标签", en: "Labels" },
  created: { zh: "创建", en: "Created" },
  total: { zh: "共 {total} 个", en: "{total} in all" },
  none: { zh: "没有存储卷", en: "No volumes" },
  noneHint: {
    zh: "存储卷中的文件在容器删除后仍然保留。",
    en: "What is in a volume outlives its containers.",
  },
  create: { zh: "新建存储卷", en: "New volume" },
  made: { zh: "已创建 {name}", en: "{name} was made" },
  remove: { zh: "删除", en: "Delete" },
  removeTitle: { zh: "删除存储卷", en: "Delete the volume" },
  removeWarning: { zh: "卷中的所有文件会被永久删除。", en: "All files in it are lost for good." },
});
