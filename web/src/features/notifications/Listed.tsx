import { PlusOutlined } from "@ant-design/icons";
import { ActionButton } from "@shared/ActionButton";
import { type Column, DataTable } from "@shared/DataTable";
import { FaultView } from "@shared/FaultView";
import { Loading } from "@shared/Loading";
import type { Pages } from "@shared/usePages";
import type { ReactNode } from "react";
import styles from "./Notifications.module.css";

interface Properties<R> {
  label: string;
  pages: Pages<R>;
  columns: readonly Column<R>[];
  id: (row: R) => string;
  empty: ReactNode;
  /** What a button above the table does. */
  add?: { readonly label: string; readonly act: () => void };
}

/** One of the lists of this page. */
export function Listed<R>({ label, pages, columns, id, empty, add }: Properties<R>) {
  return (
    <>
      {add ? (
        <div className={styles.bar}>
          <ActionButton
            type="primary"
            icon={<PlusOutlined />}
            permission="notifications:write"
            onClick={add.act}
          >
            {add.label}
          </ActionButton>
        </div>
      ) : null}
      {pages.error ? (
        <FaultView error={pages.error} retry={pages.retry} stale={pages.loaded.length > 0} />
      ) : null}
      {pages.isPending ? (
        <Loading />
      ) : (
        <DataTable label={label} columns={columns} rows={pages} id={id} empty={empty} />
      )}
    </>
  );
}
