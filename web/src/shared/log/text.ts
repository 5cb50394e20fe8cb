import { messages } from "@i18n";

export const text = messages({
  log: { zh: "日志", en: "Log" },
  search: { zh: "搜索", en: "Search" },
  regex: { zh: "正则表达式", en: "Regular expression" },
  wrong: { zh: "正则表达式有误", en: "This is no regular expression" },
  wrap: { zh: "自动换行", en: "Wrap" },
  times: { zh: "时间", en: "Times" },
  pause: { zh: "停止滚动", en: "Hold" },
  resume: { zh: "跟随最新", en: "Follow" },
  fresh: { zh: "{count} 行新日志", en: "{count} new lines" },
  download: { zh: "下载", en: "Download" },
  jump: { zh: "跳到时间", en: "Jump to a time" },
  lines: { zh: "{shown} / {kept} 行", en: "{shown} of {kept} lines" },
  empty: { zh: "还没有日志", en: "Nothing was written yet" },
  noMatch: { zh: "没有匹配的行", en: "No line matches" },
});
