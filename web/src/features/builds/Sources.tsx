import { DeleteOutlined, InboxOutlined } from "@ant-design/icons";
import { useText } from "@i18n";
import { bytes } from "@shared/format";
import { Button, Input, Upload } from "antd";
import styles from "./Builds.module.css";
import type { Source } from "./order";
import { text } from "./text";

interface Properties {
  sources: readonly Source[];
  change: (sources: readonly Source[]) => void;
  /** A Dockerfile or a spec among the dropped files is read, not uploaded. */
  read: (file: File) => boolean;
}

/** The files that the build is given, dropped or chosen, each at a path of the context. */
export function Sources({ sources, change, read }: Properties) {
  const t = useText(text);
  const take = (files: readonly File[]) => {
    const taken = new Map(sources.map((source) => [source.path, source]));
    for (const file of files) {
      const path = file.webkitRelativePath || file.name;
      if (!read(file)) taken.set(path, { path, file });
    }
    change([...taken.values()]);
  };
  return (
    <>
      <Upload.Dragger
        multiple
        showUploadList={false}
        beforeUpload={(file, all) => {
          if (file === all[0]) take(all);
          return false;
        }}
      >
        <p>
          <InboxOutlined /> {t("dropHere")}
        </p>
        <p className="muted">{t("dropHint")}</p>
      </Upload.Dragger>
      <ul className={styles.files}>
        {sources.map((source, place) => (
          <li key={source.file.name}>
            <Input
              size="small"
              aria-label={t("path")}
              value={source.path}
              onChange={({ target }) => change(sources.with(place, { ...source, path: target.value }))}
            />
            <span className="muted">{bytes(source.file.size)}</span>
            <Button
              size="small"
              type="text"
              icon={<DeleteOutlined />}
              aria-label={t("remove", { name: source.path })}
              onClick={() => change(sources.filter((each) => each !== source))}
            />
          </li>
        ))}
      </ul>
    </>
  );
}
