import { BulbOutlined, LogoutOutlined, MenuOutlined, TranslationOutlined } from "@ant-design/icons";
import { useEventsConnection, useFollowEvents } from "@api/events";
import { useMe } from "@api/me";
import { queries } from "@api/queries";
import { session, useStanding } from "@api/session";
import { SignIn } from "@features/accounts/SignIn";
import { SignInAgain } from "@features/accounts/SignInAgain";
import { say, setLanguage, useLanguage, useText } from "@i18n";
import { Loading } from "@shared/Loading";
import { Button, Tooltip } from "antd";
import { Suspense, useEffect, useState } from "react";
import { NavLink, Outlet, useLocation } from "react-router";
import { type Feature, features } from "./feature";
import styles from "./Shell.module.css";
import { text } from "./text";
import { setScheme, useScheme } from "./theme";

/** The frame around every page; who has not signed in sees the sign-in at the page's own address. */
export function Shell() {
  const standing = useStanding();
  if (standing === "anonymous") return <SignIn preferences={<Preferences />} />;
  return (
    <>
      <Frame />
      {standing === "expired" ? <SignInAgain /> : null}
    </>
  );
}

function Frame() {
  const t = useText(text);
  const [open, setOpen] = useState(false);
  const { pathname } = useLocation();
  useFollowEvents();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the menu closes whenever the page changes
  useEffect(() => setOpen(false), [pathname]);
  return (
    <div className={styles.frame}>
      <a className={styles.skip} href="#content">
        {t("skip")}
      </a>
      <header className={styles.header}>
        <Button
          className={styles.menuButton ?? ""}
          type="text"
          icon={<MenuOutlined />}
          aria-label={t("menu")}
          aria-expanded={open}
          onClick={() => setOpen(!open)}
        />
        <NavLink className={styles.product ?? ""} to="/">
          {t("product")}
        </NavLink>
        <span className={styles.grow} />
        <Liveness />
        <Preferences />
        <Person />
      </header>
      <nav className={styles.navigation} data-open={open} aria-label={t("navigation")}>
        {features.map((feature) => (
          <Entry key={feature.section} feature={feature} />
        ))}
      </nav>
      <main className={styles.content} id="content" tabIndex={-1}>
        <Suspense fallback={<Loading />}>
          <Outlet />
        </Suspense>
      </main>
    </div>
  );
}

function Entry({ feature }: { feature: Feature }) {
  const t = useText(text);
  const spoken = useLanguage();
  const { data: me } = useMe();
  const title = say(feature.title, {}, spoken);
  const forbidden = feature.permission && me && !me.permissions.includes(feature.permission);
  if (forbidden) {
    return (
      <Tooltip placement="right" title={t("lacking", { permission: feature.permission ?? "" })}>
        <span className={styles.entry} role="note" aria-disabled tabIndex={0}>
          <span aria-hidden>{feature.icon}</span>
          {title}
        </span>
      </Tooltip>
    );
  }
  return (
    <NavLink
      className={styles.entry ?? ""}
      to={feature.order === 0 ? "/" : `/${feature.section}`}
      end={feature.order === 0}
    >
      <span aria-hidden>{feature.icon}</span>
      {title}
    </NavLink>
  );
}

function Liveness() {
  const t = useText(text);
  const connection = useEventsConnection();
  const live = connection === "open";
  return (
    <span className={styles.liveness} data-live={live} role="status">
      {connection === "connecting" ? "" : t(live ? "live" : "offline")}
    </span>
  );
}

function Preferences() {
  const t = useText(text);
  const spoken = useLanguage();
  const scheme = useScheme();
  const other = spoken === "zh" ? "en" : "zh";
  return (
    <>
      <Button
        type="text"
        icon={<TranslationOutlined />}
        lang={other}
        onClick={() => {
          setLanguage(other);
          // What the server says in words is asked for again, in the other language.
          void queries.invalidateQueries();
        }}
      >
        {t("language")}
      </Button>
      <Tooltip title={t(scheme === "dark" ? "light" : "dark")}>
        <Button
          type="text"
          icon={<BulbOutlined />}
          aria-label={t(scheme === "dark" ? "light" : "dark")}
          onClick={() => setScheme(scheme === "dark" ? "light" : "dark")}
        />
      </Tooltip>
    </>
  );
}

function Person() {
  const t = useText(text);
  const { data: me } = useMe();
  return (
    <>
      <span className={styles.person}>{me ? `${me.username} · ${me.role}` : ""}</span>
      <Tooltip title={t("signOut")}>
        <Button
          type="text"
          icon={<LogoutOutlined />}
          aria-label={t("signOut")}
          onClick={() => {
            session.leave();
            queries.clear();
          }}
        />
      </Tooltip>
    </>
  );
}
