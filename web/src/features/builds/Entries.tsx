import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { useText } from "@i18n";
import { Button, Input } from "antd";
import styles from "./Builds.module.css";
import type { Entry } from "./order";
import { text } from "./text";

interface Properties {
  entries: readonly Entry[];
  change: (entries: readonly Entry[]) => void;
}

/** Keys with values: build arguments, labels. */
export function Entries({ entries, change }: Properties) {
  const t = useText(text);
  return (
    <>
      {entries.map((entry, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the place is what an entry is until it has a key
        <div key={place} className={styles.pair}>
          <Input
            size="small"
            aria-label={t("key")}
            placeholder={t("key")}
            value={entry.key}
            onChange={({ target }) => change(entries.with(place, { ...entry, key: target.value }))}
          />
          <Input
            size="small"
            aria-label={t("value")}
            placeholder={t("value")}
            value={entry.value}
            onChange={({ target }) => change(entries.with(place, { ...entry, value: target.value }))}
          />
          <Button
            size="small"
            type="text"
            icon={<DeleteOutlined />}
            aria-label={t("remove", { name: entry.key })}
            onClick={() => change(entries.toSpliced(place, 1))}
          />
        </div>
      ))}
      <Button
        size="small"
        icon={<PlusOutlined />}
        onClick={() => change([...entries, { key: "", value: "" }])}
      >
        {t("addEntry")}
      </Button>
    </>
  );
}
