import { api, resource } from "@api/client";
import { useText } from "@i18n";
import { FormDialog } from "@shared/FormDialog";
import { useQueryClient } from "@tanstack/react-query";
import { Form, Input, Select } from "antd";
import { useState } from "react";
import { ROLES, type Role } from "./roles";
import { text } from "./text";

/** Makes an account. */
export function UserForm({ close }: { close: () => void }) {
  const t = useText(text);
  const client = useQueryClient();
  const [draft, setDraft] = useState({ username: "", email: "", password: "", role: "user" as Role });
  const set = (changes: Partial<typeof draft>) => setDraft((before) => ({ ...before, ...changes }));
  const save = async () => {
    const { username, email, password, role } = draft;
    const body = { username, role, email: email || null, password: password || null };
    await resource(api.POST("/api/auth/admin/users", { body }));
    await client.invalidateQueries({ queryKey: ["users"] });
    close();
  };
  return (
    <FormDialog title={t("add")} save={save} close={close}>
      {(wrong) => (
        <>
          <Form.Item label={t("name")} htmlFor="user-name" required {...wrong("username")}>
            <Input
              id="user-name"
              autoComplete="off"
              value={draft.username}
              onChange={({ target }) => set({ username: target.value })}
            />
          </Form.Item>
          <Form.Item label={t("email")} htmlFor="user-email" {...wrong("email")}>
            <Input
              id="user-email"
              type="email"
              autoComplete="off"
              value={draft.email}
              onChange={({ target }) => set({ email: target.value })}
            />
          </Form.Item>
          <Form.Item
            label={t("password")}
            htmlFor="user-password"
            extra={t("passwordHint")}
            {...wrong("password")}
          >
            <Input.Password
              id="user-password"
              autoComplete="new-password"
              value={draft.password}
              onChange={({ target }) => set({ password: target.value })}
            />
          </Form.Item>
          <Form.Item label={t("role")} htmlFor="user-role" {...wrong("role")}>
            <Select<Role>
              id="user-role"
              value={draft.role}
              onChange={(role) => set({ role })}
              options={ROLES.map((value) => ({ value, label: t(value) }))}
            />
          </Form.Item>
        </>
      )}
    </FormDialog>
  );
}
