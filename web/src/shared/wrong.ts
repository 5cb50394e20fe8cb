import type { ApiFault } from "@api/fault";

/** What a form's item shows of a field: `<Form.Item {...wrong("config.url")}>`. */
export type Wrong = (field: string) => { validateStatus?: "error"; help?: string };

/** What the server says of each field, or of what lies in it. */
export function wrongIn(fault: ApiFault | undefined): Wrong {
  const errors = [...(fault?.fieldErrors ?? [])];
  return (field) => {
    const found = errors.find(([name]) => name === field || name.startsWith(`${field}.`));
    return found ? { validateStatus: "error", help: found[1] } : {};
  };
}
