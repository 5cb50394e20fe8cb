import { messages } from "@i18n";

export const text = messages({
  title: { zh: "登录", en: "Sign in" },
  name: { zh: "用户名或邮箱", en: "User name or e-mail" },
  nameNeeded: { zh: "请输入用户名或邮箱", en: "Enter your user name or e-mail address" },
  password: { zh: "密码", en: "Password" },
  passwordNeeded: { zh: "请输入密码", en: "Enter your password" },
  code: { zh: "验证码", en: "Code" },
  codeHint: {
    zh: "打开身份验证器，输入当前的 6 位验证码。",
    en: "Open your authenticator and enter its current code.",
  },
  codeNeeded: { zh: "请输入验证码", en: "Enter the code" },
  signIn: { zh: "登录", en: "Sign in" },
  wait: { zh: "{seconds} 秒后可再试", en: "Try again in {seconds} s" },
  hint: {
    zh: "首次安装时，管理员 admin 的密码在数据目录的 initial-admin-password 文件中。",
    en: "After installing, the password of admin is in the file initial-admin-password of the data directory.",
  },
  expired: { zh: "会话已过期", en: "Your session has expired" },
  expiredHint: {
    zh: "页面上的内容都还在，登录后会接着进行。",
    en: "Everything on the page is still there, and goes on once you have signed in.",
  },
  other: { zh: "换一个用户登录", en: "Sign in as somebody else" },
});
