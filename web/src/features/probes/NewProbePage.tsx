import { useText } from "@i18n";
import { PageHeader } from "@shared/PageHeader";
import { useNavigate } from "react-router";
import { ProbeForm } from "./ProbeForm";
import { text } from "./text";

export default function NewProbePage() {
  const t = useText(text);
  const go = useNavigate();
  return (
    <>
      <PageHeader title={t("add")} />
      <ProbeForm close={() => void go("/probes")} />
    </>
  );
}
