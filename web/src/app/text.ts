import { messages } from "@i18n";

export const text = messages({
  product: { zh: "EulerMaker Docker 优化器", en: "EulerMaker Docker Optimizer" },
  navigation: { zh: "主导航", en: "Main navigation" },
  skip: { zh: "跳到内容", en: "Skip to content" },
  menu: { zh: "菜单", en: "Menu" },
  language: { zh: "English", en: "中文" },
  light: { zh: "切换到浅色", en: "Switch to light" },
  dark: { zh: "切换到深色", en: "Switch to dark" },
  signOut: { zh: "退出登录", en: "Sign out" },
  lacking: { zh: "当前角色没有 {permission} 权限", en: "Your role lacks the permission {permission}" },
  live: { zh: "实时", en: "Live" },
  offline: { zh: "连接已断开，正在重连", en: "Disconnected, reconnecting" },
  notFound: { zh: "没有这个页面", en: "There is no such page" },
  notFoundHint: { zh: "请检查地址，或从左侧导航进入。", en: "Check the address, or use the navigation." },
  broken: { zh: "页面出错了", en: "This page has failed" },
  brokenHint: {
    zh: "这是控制台的错误。重新载入通常能恢复；若再次出现，请附上下面的文字报告。",
    en: "This is a fault of the console. Reloading usually helps; if it comes back, report the text below.",
  },
  updated: {
    zh: "控制台已更新，需要重新载入页面",
    en: "The console was updated; the page has to be loaded again",
  },
  reload: { zh: "重新载入", en: "Reload" },
});
