import { type Permission, useMe } from "@api/me";
import { useText } from "@i18n";
import { Button, type ButtonProps, Tooltip } from "antd";
import { text } from "./text";

export interface ActionProps extends ButtonProps {
  /** What the role must allow. */
  permission?: Permission;
  /** Why it cannot be done now, whoever asks. */
  reason?: string | undefined;
}

/** A button that, when its action is forbidden or makes no sense now, stays in reach and says why. */
export function ActionButton({ permission, reason, ...button }: ActionProps) {
  const t = useText(text);
  const { data: me } = useMe();
  const lacking = permission !== undefined && me !== undefined && !me.permissions.includes(permission);
  const why = lacking ? t("lacking", { permission }) : reason;
  if (why === undefined) return <Button {...button} />;
  const { onClick: _, danger: __, type, htmlType: ___, href: ____, ...rest } = button;
  return (
    <Tooltip title={why}>
      <Button
        {...rest}
        type={type === "primary" ? "default" : (type ?? "default")}
        aria-disabled
        className="forbidden"
      />
    </Tooltip>
  );
}
