import { useText } from "@i18n";
import styles from "./Repositories.module.css";
import type { Repository } from "./states";
import { text } from "./text";

/** How a client comes to use the repository; the token is shown this once. */
export function DnfSetup({ repository, token }: { repository: Repository; token: string }) {
  const t = useText(text);
  const file = `${repository.url.replace(/\/$/, "")}.repo`;
  const signIn = repository.public ? "" : ` -u reader:${token}`;
  return (
    <>
      {repository.public ? null : (
        <>
          <p>{t("token")}</p>
          <pre className={styles.secret}>{token}</pre>
        </>
      )}
      <p>{t("useIt")}</p>
      <pre className={styles.secret}>
        {`curl -f${signIn} -o /etc/yum.repos.d/${repository.name}.repo ${file}`}
      </pre>
    </>
  );
}
