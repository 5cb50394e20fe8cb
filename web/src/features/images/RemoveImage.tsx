import { answer, api } from "@api/client";
import { queries } from "@api/queries";
import { useText } from "@i18n";
import { ConfirmByName } from "@shared/ConfirmByName";
import { text } from "./text";

interface Properties {
  id: string;
  name: string;
  removed: () => void;
  close: () => void;
}

export function RemoveImage({ id, name, removed, close }: Properties) {
  const t = useText(text);
  return (
    <ConfirmByName
      title={t("removeTitle")}
      warning={t("removeWarning")}
      name={name}
      action={t("remove")}
      confirm={async () => {
        await answer(api.DELETE("/api/v1/images/{image}", { params: { path: { image: id } } }));
        await queries.invalidateQueries({ queryKey: ["images"] });
        removed();
      }}
      close={close}
    />
  );
}
