import { answer, api } from "@api/client";
import { useText } from "@i18n";
import { ActionButton } from "@shared/ActionButton";
import { Facts } from "@shared/Facts";
import { FaultView } from "@shared/FaultView";
import { bytes } from "@shared/format";
import { Loading } from "@shared/Loading";
import { PageHeader } from "@shared/PageHeader";
import { When } from "@shared/When";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { Layers } from "./Layers";
import { RemoveImage } from "./RemoveImage";
import { text } from "./text";

/** One image: what it is, and what it consists of. */
export default function ImagePage() {
  const t = useText(text);
  const navigate = useNavigate();
  const { image = "" } = useParams();
  const [removing, setRemoving] = useState(false);
  const { data, error, refetch } = useQuery({
    queryKey: ["images", "detail", image],
    queryFn: () => answer(api.GET("/api/v1/images/{image}", { params: { path: { image } } })),
  });
  const back = <Link to="/images">{t("back")}</Link>;
  if (!data) {
    return (
      <>
        <PageHeader title={t("title")} note={back} />
        {error ? <FaultView error={error} retry={() => void refetch()} /> : <Loading />}
      </>
    );
  }
  const name = data.tags[0] ?? data.id.replace("sha256:", "").slice(0, 12);
  return (
    <>
      <PageHeader title={name} note={back}>
        <ActionButton danger permission="images:write" onClick={() => setRemoving(true)}>
          {t("remove")}
        </ActionButton>
      </PageHeader>
      {error ? <FaultView error={error} retry={() => void refetch()} stale /> : null}
      <Facts
        of={[
          [
            t("id"),
            <span key="id" className="mono">
              {data.id}
            </span>,
          ],
          [t("tags"), data.tags.join(", ")],
          [t("size"), bytes(data.size)],
          [t("created"), <When key="created" at={data.created_at} />],
          [t("platform"), `${data.os}/${data.architecture}`],
          [t("entrypoint"), data.entrypoint.join(" ")],
          [t("command"), data.command.join(" ")],
          [t("user"), data.user],
          [t("directory"), data.working_dir],
          [t("ports"), data.exposed_ports.join(", ")],
          [t("digests"), data.digests.join(", ")],
        ]}
      />
      <Layers image={data.id} />
      {removing ? (
        <RemoveImage
          id={image}
          name={name}
          removed={() => void navigate("/images")}
          close={() => setRemoving(false)}
        />
      ) : null}
    </>
  );
}
