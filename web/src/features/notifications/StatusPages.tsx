import { answer, api, done, type Schemas } from "@api/client";
import { useText } from "@i18n";
import type { Column } from "@shared/DataTable";
import { FormDialog } from "@shared/FormDialog";
import { Nothing } from "@shared/Nothing";
import { Status } from "@shared/Status";
import { usePages } from "@shared/usePages";
import { useQueryClient } from "@tanstack/react-query";
import { App, Form, Input, Select, Switch } from "antd";
import { useCallback, useMemo, useState } from "react";
import { labels, typedLabels } from "./entries";
import { Listed } from "./Listed";
import { RowActions } from "./RowActions";
import { text } from "./text";

type StatusPage = Schemas["StatusPageDetail"];

const SCOPES = ["own", "tenant"] as const;

/** What everybody may see of the probes. */
export function StatusPages() {
  const t = useText(text);
  const [edited, setEdited] = useState<StatusPage | "new">();
  const pages = usePages<StatusPage>(["notifications", "status-pages"], async (query, signal) => {
    const found = await answer(api.GET("/api/v1/notifications/status-pages", { params: { query }, signal }));
    return { rows: found.status_pages, total: found.total };
  });
  const edit = useCallback((page: StatusPage) => setEdited(page), []);
  return (
    <>
      <Listed
        label={t("pages")}
        pages={pages}
        columns={useColumns(edit)}
        id={(page) => page.id}
        empty={<Nothing title={t("noPages")} hint={t("noPagesHint")} />}
        add={{ label: t("add"), act: () => setEdited("new") }}
      />
      {edited ? (
        <StatusPageForm page={edited === "new" ? undefined : edited} close={() => setEdited(undefined)} />
      ) : null}
    </>
  );
}

function useColumns(edit: (page: StatusPage) => void): Column<StatusPage>[] {
  const t = useText(text);
  return useMemo(
    () => [
      { key: "title", title: t("title"), width: "minmax(140px, 1fr)", cell: (page) => page.title },
      {
        key: "slug",
        title: t("slug"),
        width: "minmax(140px, 1fr)",
        cell: (page) => <a href={`/status/${page.slug}`}>{`/status/${page.slug}`}</a>,
      },
      {
        key: "selector",
        title: t("selector"),
        width: "minmax(120px, 1fr)",
        wide: true,
        cell: (page) => <span className="mono">{typedLabels(page.selector).replaceAll("\n", " ")}</span>,
      },
      {
        key: "enabled",
        title: t("enabled"),
        width: "80px",
        wide: true,
        cell: (page) => (
          <Status tone={page.enabled ? "good" : "idle"}>{t(page.enabled ? "yes" : "no")}</Status>
        ),
      },
      {
        key: "actions",
        title: "",
        width: "90px",
        cell: (page) => <Actions page={page} edit={() => edit(page)} />,
      },
    ],
    [t, edit],
  );
}

function Actions({ page, edit }: { page: StatusPage; edit: () => void }) {
  const t = useText(text);
  const client = useQueryClient();
  const { message } = App.useApp();
  const remove = async () => {
    const path = { params: { path: { status_page: page.id } } };
    message.success(await done(api.DELETE("/api/v1/notifications/status-pages/{status_page}", path)));
    await client.invalidateQueries({ queryKey: ["notifications"] });
  };
  return <RowActions name={page.title} warning={t("deletePage")} edit={edit} remove={remove} />;
}

function StatusPageForm({ page, close }: { page: StatusPage | undefined; close: () => void }) {
  const t = useText(text);
  const client = useQueryClient();
  const [draft, setDraft] = useState({
    slug: page?.slug ?? "",
    title: page?.title ?? "",
    selector: typedLabels(page?.selector ?? {}),
    scope: page?.scope ?? "own",
    enabled: page?.enabled ?? true,
  });
  const set = (changes: Partial<typeof draft>) => setDraft((before) => ({ ...before, ...changes }));
  const save = async () => {
    const body = { ...draft, selector: labels(draft.selector) };
    await answer(
      page
        ? api.PUT("/api/v1/notifications/status-pages/{status_page}", {
            params: { path: { status_page: page.id } },
            body,
          })
        : api.POST("/api/v1/notifications/status-pages", { body }),
    );
    await client.invalidateQueries({ queryKey: ["notifications"] });
    close();
  };
  return (
    <FormDialog title={page ? page.title : t("add")} save={save} close={close}>
      {(wrong) => (
        <>
          <Form.Item label={t("title")} htmlFor="page-title" required {...wrong("title")}>
            <Input
              id="page-title"
              value={draft.title}
              onChange={({ target }) => set({ title: target.value })}
            />
          </Form.Item>
          <Form.Item label={t("slug")} htmlFor="page-slug" required {...wrong("slug")}>
            <Input id="page-slug" value={draft.slug} onChange={({ target }) => set({ slug: target.value })} />
          </Form.Item>
          <Form.Item label={t("selector")} htmlFor="page-selector" required {...wrong("selector")}>
            <Input.TextArea
              id="page-selector"
              autoSize={{ minRows: 2 }}
              value={draft.selector}
              onChange={({ target }) => set({ selector: target.value })}
            />
          </Form.Item>
          <Form.Item label={t("scope")} htmlFor="page-scope" {...wrong("scope")}>
            <Select
              id="page-scope"
              value={draft.scope}
              onChange={(scope) => set({ scope })}
              options={SCOPES.map((value) => ({ value, label: t(value) }))}
            />
          </Form.Item>
          <Form.Item label={t("enabled")} htmlFor="page-enabled">
            <Switch id="page-enabled" checked={draft.enabled} onChange={(enabled) => set({ enabled })} />
          </Form.Item>
        </>
      )}
    </FormDialog>
  );
}
