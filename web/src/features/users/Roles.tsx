import { api, resource, type Schemas } from "@api/client";
import { asFault } from "@api/fault";
import { useMay } from "@api/me";
import { useText } from "@i18n";
import { ActionButton } from "@shared/ActionButton";
import { FaultView } from "@shared/FaultView";
import { Loading } from "@shared/Loading";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button, Checkbox } from "antd";
import { useState } from "react";
import { ROLES, type Role } from "./roles";
import { text } from "./text";
import styles from "./Users.module.css";

type Permission = Schemas["Permission"];
type Settings = Schemas["MatrixState"];

/** What was ticked and not saved, by `permission role`. */
type Changes = Readonly<Record<string, boolean>>;

const KEY = ["users", "matrix"] as const;

/** What each role may do; the changes of two people at once are laid on each other, not lost. */
export function Roles() {
  const t = useText(text);
  const client = useQueryClient();
  const { message } = App.useApp();
  const may = useMay("users:write");
  const [changes, setChanges] = useState<Changes>({});
  const { data, error, refetch } = useQuery({
    queryKey: KEY,
    queryFn: () => resource(api.GET("/api/auth/admin/settings")),
  });
  const save = useMutation({
    mutationFn: (settings: Settings) =>
      resource(api.POST("/api/auth/admin/settings", { body: withChanges(settings, changes) })),
    onSuccess: (saved) => {
      client.setQueryData(KEY, saved);
      setChanges({});
      message.success(t("saved"));
    },
    onError: () => client.invalidateQueries({ queryKey: KEY }),
  });
  if (!data) return error ? <FaultView error={error} retry={() => void refetch()} /> : <Loading />;
  const conflict = save.error !== null && asFault(save.error).status === 409;
  const isTicked = (permission: Permission, role: Role) =>
    changes[`${permission} ${role}`] ?? data.matrix[permission]?.[role] ?? false;
  const tick = (permission: Permission, role: Role, ticked: boolean) =>
    setChanges(({ [`${permission} ${role}`]: _, ...others }) =>
      ticked === (data.matrix[permission]?.[role] ?? false)
        ? others
        : { ...others, [`${permission} ${role}`]: ticked },
    );
  const count = Object.keys(changes).length;
  return (
    <>
      {conflict ? (
        <p className={styles.note} role="alert">
          {t("conflict")}
        </p>
      ) : save.error ? (
        <FaultView error={save.error} />
      ) : null}
      <div className={styles.bar}>
        <span className="muted">{count ? t("changed", { count }) : t("unchanged")}</span>
        <span className={styles.grow} />
        <Button disabled={count === 0} onClick={() => setChanges({})}>
          {t("undo")}
        </Button>
        <ActionButton
          type="primary"
          permission="users:write"
          reason={count === 0 ? t("unchanged") : undefined}
          loading={save.isPending}
          onClick={() => save.mutate(data)}
        >
          {t("save")}
        </ActionButton>
      </div>
      <div className={styles.scroller}>
        <table className={styles.matrix}>
          <thead>
            <tr>
              <th scope="col">{t("permission")}</th>
              {ROLES.map((role) => (
                <th key={role} scope="col">
                  {t(role)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {(Object.keys(data.matrix) as Permission[]).map((permission) => (
              <tr key={permission}>
                <th scope="row" className="mono">
                  {permission}
                </th>
                {ROLES.map((role) => (
                  <td key={role} data-changed={`${permission} ${role}` in changes}>
                    <Checkbox
                      aria-label={`${permission} ${t(role)}`}
                      checked={isTicked(permission, role)}
                      disabled={!may || role === "root"}
                      onChange={({ target }) => tick(permission, role, target.checked)}
                    />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

/** The settings as they were read, with the changes on top. */
function withChanges({ version, matrix }: Settings, changes: Changes): Settings {
  const changed = structuredClone(matrix);
  for (const [place, ticked] of Object.entries(changes)) {
    const [permission, role] = place.split(" ") as [Permission, Role];
    changed[permission] = { ...changed[permission], [role]: ticked };
  }
  return { version, matrix: changed };
}
