import { messages } from "@i18n";

export const text = messages({
  loading: { zh: "正在载入…", en: "Loading…" },
  retry: { zh: "重试", en: "Try again" },
  retryIn: { zh: "{seconds} 秒后可重试", en: "Try again in {seconds} s" },
  copy: { zh: "复制", en: "Copy" },
  copied: { zh: "已复制", en: "Copied" },
  copyFailed: { zh: "浏览器不允许复制，请手动选择", en: "The browser refused to copy; select it by hand" },
  copyReport: { zh: "复制错误信息", en: "Copy the error" },
  code: { zh: "错误码", en: "Code" },
  request: { zh: "请求编号", en: "Request" },
  unreachable: {
    zh: "连接不上服务器。请检查网络，或确认服务正在运行；恢复后会自动继续。",
    en: "The server cannot be reached. Check the network and whether the server runs; this goes on by itself.",
  },
  unexpected: {
    zh: "服务器的回答无法识别，可能被代理改写。请重试，或联系管理员。",
    en: "This is no answer of the server: a proxy may have changed it. Try again, or ask the administrator.",
  },
  stale: { zh: "显示的是之前的数据", en: "What you see is from before" },
  cancel: { zh: "取消", en: "Cancel" },
  typeName: { zh: "请输入 {name} 以确认", en: "Type {name} to confirm" },
  lacking: { zh: "当前角色没有 {permission} 权限", en: "Your role lacks the permission {permission}" },
  rows: { zh: "共 {total} 项", en: "{total} in all" },
  selectAll: { zh: "全选", en: "Select all" },
  select: { zh: "选择 {name}", en: "Select {name}" },
  never: { zh: "—", en: "—" },
  secondsAgo: { zh: "{n} 秒前", en: "{n} s ago" },
  minutesAgo: { zh: "{n} 分钟前", en: "{n} min ago" },
  hoursAgo: { zh: "{n} 小时前", en: "{n} h ago" },
  daysAgo: { zh: "{n} 天前", en: "{n} d ago" },
  justNow: { zh: "刚刚", en: "just now" },
});
