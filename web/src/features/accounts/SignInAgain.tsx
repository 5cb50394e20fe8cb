import { useMe } from "@api/me";
import { queries } from "@api/queries";
import { session } from "@api/session";
import { useText } from "@i18n";
import { Button, Modal } from "antd";
import { CredentialsForm } from "./CredentialsForm";
import { text } from "./text";

/** Over the page whose session has ended: what was typed there stays, and what waits goes on. */
export function SignInAgain() {
  const t = useText(text);
  const { data: me } = useMe();
  return (
    <Modal
      open
      title={t("expired")}
      closable={false}
      keyboard={false}
      mask={{ closable: false }}
      footer={null}
      width={400}
    >
      <p className="muted">{t("expiredHint")}</p>
      <CredentialsForm {...(me ? { name: me.username } : {})} />
      <Button
        type="link"
        block
        onClick={() => {
          session.leave();
          queries.clear();
        }}
      >
        {t("other")}
      </Button>
    </Modal>
  );
}
