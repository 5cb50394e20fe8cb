import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { api, resource, type Schemas } from "@api/client";
import { asFault } from "@api/fault";
import { useMe } from "@api/me";
import { useText } from "@i18n";
import { ActionButton } from "@shared/ActionButton";
import { ConfirmByName } from "@shared/ConfirmByName";
import { type Column, DataTable } from "@shared/DataTable";
import { FaultView } from "@shared/FaultView";
import { Loading } from "@shared/Loading";
import { Nothing } from "@shared/Nothing";
import { SearchInput } from "@shared/SearchInput";
import { Status } from "@shared/Status";
import { usePages } from "@shared/usePages";
import { useSearch } from "@shared/useSearch";
import { When } from "@shared/When";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { App, Select } from "antd";
import { useMemo, useState } from "react";
import { ROLES, type Role } from "./roles";
import { text } from "./text";
import { UserForm } from "./UserForm";
import styles from "./Users.module.css";

type User = Schemas["eulermaker__features__accounts__api_003__Person"];

/** All accounts, and what can be done with each. */
export function Users() {
  const t = useText(text);
  const [{ search: wanted }, change] = useSearch(["search"]);
  const [adding, setAdding] = useState(false);
  const pages = usePages<User>(["users", "list", wanted], async (page, signal) => {
    const query = { ...page, ...(wanted ? { search: wanted } : {}) };
    const found = await resource(api.GET("/api/auth/users", { params: { query }, signal }));
    return { rows: found.users, total: found.total };
  });
  const columns = useColumns();
  return (
    <>
      <div className={styles.bar}>
        <SearchInput label={t("search")} value={wanted} change={(value) => change({ search: value })} />
        <span className={styles.grow} />
        <ActionButton
          type="primary"
          icon={<PlusOutlined />}
          permission="users:write"
          onClick={() => setAdding(true)}
        >
          {t("add")}
        </ActionButton>
      </div>
      {pages.error ? (
        <FaultView error={pages.error} retry={pages.retry} stale={pages.loaded.length > 0} />
      ) : null}
      {pages.isPending ? (
        <Loading />
      ) : (
        <DataTable
          label={t("users")}
          columns={columns}
          rows={pages}
          id={(user) => user.id}
          empty={<Nothing title={t("noMatch")} />}
        />
      )}
      {adding ? <UserForm close={() => setAdding(false)} /> : null}
    </>
  );
}

function useColumns(): Column<User>[] {
  const t = useText(text);
  return useMemo(
    () => [
      { key: "name", title: t("name"), width: "minmax(120px, 1fr)", cell: (user) => user.username },
      {
        key: "email",
        title: t("email"),
        width: "minmax(150px, 2fr)",
        wide: true,
        cell: (user) => user.email ?? "",
      },
      { key: "role", title: t("role"), width: "150px", cell: (user) => <RoleSelect user={user} /> },
      {
        key: "status",
        title: t("status"),
        width: "90px",
        wide: true,
        cell: (user) => (
          <Status tone={user.active ? "good" : "bad"}>{t(user.active ? "active" : "paused")}</Status>
        ),
      },
      {
        key: "secondFactor",
        title: t("secondFactor"),
        width: "110px",
        wide: true,
        cell: (user) => t(user.mfaEnabled ? "yes" : "no"),
      },
      {
        key: "lastLogin",
        title: t("lastLogin"),
        width: "110px",
        wide: true,
        cell: (user) => <When at={user.lastLoginAt} />,
      },
      { key: "actions", title: "", width: "130px", cell: (user) => <Actions user={user} /> },
    ],
    [t],
  );
}

/** Why something cannot be done to the account: it is one's own. */
function useReason(user: User): string | undefined {
  const t = useText(text);
  return useMe().data?.id === user.id ? t("itsYou") : undefined;
}

function RoleSelect({ user }: { user: User }) {
  const t = useText(text);
  const client = useQueryClient();
  const { message } = App.useApp();
  const { data: me } = useMe();
  const reason = useReason(user);
  const change = useMutation({
    mutationFn: (role: Role) =>
      resource(
        api.PUT("/api/auth/admin/users/{user}/role", {
          params: { path: { user: user.id } },
          body: { role },
        }),
      ),
    onError: (error) => message.error(asFault(error).message),
    onSettled: () => client.invalidateQueries({ queryKey: ["users"] }),
  });
  return (
    <Select<Role>
      size="small"
      aria-label={`${t("role")} ${user.username}`}
      style={{ width: 140 }}
      disabled={reason !== undefined || !me?.permissions.includes("users:write")}
      loading={change.isPending}
      value={user.role}
      onChange={(role) => change.mutate(role)}
      options={ROLES.map((value) => ({ value, label: t(value) }))}
    />
  );
}

function Actions({ user }: { user: User }) {
  const t = useText(text);
  const client = useQueryClient();
  const { message } = App.useApp();
  const reason = useReason(user);
  const [deleting, setDeleting] = useState(false);
  const path = { params: { path: { user: user.id } } };
  const refresh = () => client.invalidateQueries({ queryKey: ["users"] });
  const act = useMutation({
    mutationFn: () =>
      resource(
        user.active
          ? api.POST("/api/auth/admin/users/{user}/pause", path)
          : api.POST("/api/auth/admin/users/{user}/resume", path),
      ),
    onError: (error) => message.error(asFault(error).message),
    onSettled: refresh,
  });
  const remove = async () => {
    await api.DELETE("/api/auth/admin/users/{user}", path);
    await refresh();
  };
  return (
    <>
      <ActionButton
        size="small"
        permission="users:write"
        reason={reason}
        loading={act.isPending}
        onClick={() => act.mutate()}
      >
        {t(user.active ? "pause" : "resume")}
      </ActionButton>{" "}
      <ActionButton
        size="small"
        danger
        icon={<DeleteOutlined />}
        aria-label={`${t("delete")} ${user.username}`}
        permission="users:write"
        reason={reason}
        onClick={() => setDeleting(true)}
      />
      {deleting ? (
        <ConfirmByName
          title={t("deleteTitle", { name: user.username })}
          warning={t("deleteWarning")}
          name={user.username}
          action={t("delete")}
          confirm={remove}
          close={() => setDeleting(false)}
        />
      ) : null}
    </>
  );
}
