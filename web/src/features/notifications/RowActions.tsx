import { DeleteOutlined, EditOutlined } from "@ant-design/icons";
import { useText } from "@i18n";
import { ActionButton } from "@shared/ActionButton";
import { ConfirmByName } from "@shared/ConfirmByName";
import { type ReactNode, useState } from "react";
import { text } from "./text";

interface Properties {
  name: string;
  warning: string;
  edit: () => void;
  remove: () => Promise<unknown>;
  children?: ReactNode;
}

/** What can be done with one row: change it, delete it. */
export function RowActions({ name, warning, edit, remove, children }: Properties) {
  const t = useText(text);
  const [deleting, setDeleting] = useState(false);
  const shared = { size: "small", permission: "notifications:write" } as const;
  return (
    <>
      {children}{" "}
      <ActionButton {...shared} icon={<EditOutlined />} aria-label={`${t("edit")} ${name}`} onClick={edit} />{" "}
      <ActionButton
        {...shared}
        danger
        icon={<DeleteOutlined />}
        aria-label={`${t("delete")} ${name}`}
        onClick={() => setDeleting(true)}
      />
      {deleting ? (
        <ConfirmByName
          title={t("deleteTitle", { name })}
          warning={warning}
          name={name}
          action={t("delete")}
          confirm={remove}
          close={() => setDeleting(false)}
        />
      ) : null}
    </>
  );
}
