import { answer, api } from "@api/client";
import { useText } from "@i18n";
import { useCopy } from "@shared/copy";
import { FaultView } from "@shared/FaultView";
import { Loading } from "@shared/Loading";
import { text as shared } from "@shared/text";
import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import type { Detail } from "./ContainerPage";
import styles from "./Containers.module.css";

/** What the engine itself says of the container. */
export default function Inspect({ container }: { container: Detail }) {
  const t = useText(shared);
  const copy = useCopy();
  const { data, error, refetch } = useQuery({
    queryKey: ["containers", "inspect", container.id],
    queryFn: () =>
      answer(
        api.GET("/api/v1/containers/{container}/inspect", { params: { path: { container: container.id } } }),
      ),
  });
  if (error) return <FaultView error={error} retry={() => void refetch()} />;
  if (!data) return <Loading />;
  const shown = JSON.stringify(data, null, 2);
  return (
    <>
      <div className={styles.files}>
        <Button onClick={() => void copy(shown)}>{t("copy")}</Button>
      </div>
      <pre className={styles.json} tabIndex={0}>
        {shown}
      </pre>
    </>
  );
}
