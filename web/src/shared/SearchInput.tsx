import { SearchOutlined } from "@ant-design/icons";
import { Input } from "antd";
import { useEffect, useRef, useState } from "react";

const PAUSE_MS = 300;

/** A filter that is applied once the typing pauses. */
export function SearchInput({
  value,
  change,
  label,
}: {
  value: string;
  change: (value: string) => void;
  label: string;
}) {
  const [typed, setTyped] = useState(value);
  const latest = useRef(change);
  latest.current = change;
  useEffect(() => setTyped(value), [value]);
  useEffect(() => {
    if (typed === value) return;
    const timer = setTimeout(() => latest.current(typed), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed, value]);
  return (
    <Input
      allowClear
      aria-label={label}
      placeholder={label}
      prefix={<SearchOutlined />}
      value={typed}
      onChange={(event) => setTyped(event.target.value)}
      style={{ width: 220 }}
    />
  );
}
