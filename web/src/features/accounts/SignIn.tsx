import { useText } from "@i18n";
import type { ReactNode } from "react";
import { text as product } from "../../app/text";
import { CredentialsForm } from "./CredentialsForm";
import styles from "./SignIn.module.css";
import { text } from "./text";

/** The first page of who has not signed in, at whatever address they asked for. */
export function SignIn({ preferences }: { preferences: ReactNode }) {
  const t = useText(text);
  const p = useText(product);
  return (
    <main className={styles.page}>
      <div className={styles.preferences}>{preferences}</div>
      <section className={styles.box}>
        <h1 className={styles.title}>{p("product")}</h1>
        <CredentialsForm />
        <p className={styles.hint}>{t("hint")}</p>
      </section>
    </main>
  );
}
