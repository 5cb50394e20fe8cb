import { answer, api, done } from "@api/client";
import { asFault } from "@api/fault";
import { useText } from "@i18n";
import { ActionButton } from "@shared/ActionButton";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Select } from "antd";
import { useState } from "react";
import { useNavigate } from "react-router";
import { text } from "./text";

const LISTED = 200;

/** Publishes the RPMs of a build in a repository, for dnf to install. */
export function Publish({ build }: { build: string }) {
  const t = useText(text);
  const go = useNavigate();
  const client = useQueryClient();
  const { message } = App.useApp();
  const [chosen, setChosen] = useState<string>();
  const { data } = useQuery({
    queryKey: ["repositories", "choice"],
    queryFn: () => answer(api.GET("/api/v1/repositories", { params: { query: { limit: LISTED } } })),
  });
  const publish = useMutation({
    mutationFn: (repository: string) =>
      done(api.POST("/api/v1/builds/{build}/publish", { params: { path: { build } }, body: { repository } })),
    onSuccess: async (told, repository) => {
      message.success(told);
      await client.invalidateQueries({ queryKey: ["repositories"] });
      await go(`/repositories/${repository}?tab=publications`);
    },
    onError: (error) => message.error(asFault(error).message),
  });
  const repositories = data?.repositories ?? [];
  return (
    <>
      <Select<string>
        aria-label={t("publishTo")}
        placeholder={t("publishTo")}
        style={{ width: 200 }}
        {...(chosen === undefined ? {} : { value: chosen })}
        onChange={setChosen}
        options={repositories.map(({ name }) => ({ value: name, label: name }))}
      />
      <ActionButton
        permission="repositories:write"
        reason={data && repositories.length === 0 ? t("noRepositories") : chosen ? undefined : t("publishTo")}
        loading={publish.isPending}
        onClick={() => chosen && publish.mutate(chosen)}
      >
        {t("publish")}
      </ActionButton>
    </>
  );
}
