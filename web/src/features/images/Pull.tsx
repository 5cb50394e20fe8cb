import { CloudDownloadOutlined } from "@ant-design/icons";
import { answer, api, done } from "@api/client";
import { useText } from "@i18n";
import { ActionButton } from "@shared/ActionButton";
import { FaultView } from "@shared/FaultView";
import { useAction } from "@shared/useAction";
import { useQuery } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import styles from "./Images.module.css";
import { text } from "./text";

const PERIOD_MS = 1500;

/** Ask for an image by name. */
export function Pull() {
  const t = useText(text);
  const [image, setImage] = useState("");
  const pull = useAction(
    async (wanted: string) => {
      await answer(api.POST("/api/v1/images/pull", { body: { image: wanted } }));
      setImage("");
      return "";
    },
    ["image-pulls"],
  );
  return (
    <form
      className={styles.pull}
      onSubmit={(event) => {
        event.preventDefault();
        if (image) pull.mutate(image);
      }}
    >
      <Input
        aria-label={t("pull")}
        placeholder={t("pullHint")}
        value={image}
        onChange={(event) => setImage(event.target.value)}
      />
      <ActionButton
        htmlType="submit"
        permission="images:write"
        icon={<CloudDownloadOutlined />}
        loading={pull.isPending}
      >
        {t("pull")}
      </ActionButton>
    </form>
  );
}

/** What is being pulled now. */
export function Pulls() {
  const t = useText(text);
  const { data } = useQuery({
    queryKey: ["image-pulls"],
    queryFn: () => answer(api.GET("/api/v1/images/pulls")),
    refetchInterval: ({ state }) =>
      state.data?.pulls.some((pull) => pull.status === "running") ? PERIOD_MS : false,
  });
  const cancel = useAction(
    (pull: string) => done(api.POST("/api/v1/images/pulls/{pull}/cancel", { params: { path: { pull } } })),
    ["image-pulls"],
  );
  const running = data?.pulls.filter((pull) => pull.status === "running") ?? [];
  return running.map((pull) => (
    <div key={pull.id} className={styles.progress}>
      <span>{t("pulling", { image: pull.image, message: pull.message })}</span>
      {pull.total > 0 ? <progress max={pull.total} value={pull.current} /> : null}
      {cancel.error ? <FaultView error={cancel.error} /> : null}
      <Button size="small" onClick={() => cancel.mutate(pull.id)}>
        {t("cancel")}
      </Button>
    </div>
  ));
}
