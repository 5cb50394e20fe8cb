import { answer, api, type Schemas } from "@api/client";
import { type ApiFault, asFault } from "@api/fault";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import type { Mark } from "./Editor";
import type { Kind } from "./order";

/** What the analyser says of a definition, a moment after the typing has paused. */
export interface Analysis {
  readonly found: Schemas["ShownAnalysis"] | undefined;
  /** Why it could not be read, such as a line that does not parse. */
  readonly fault: ApiFault | undefined;
  readonly marks: readonly Mark[];
}

const PAUSE_MS = 700;
const NO_MARKS: readonly Mark[] = [];

export function useAnalysis(kind: Kind, content: string): Analysis {
  const settled = useSettled(content);
  const { data, error } = useQuery({
    queryKey: ["analysis", kind, settled],
    queryFn: ({ signal }) =>
      answer(
        api.POST("/api/v1/builds/analyze", {
          body: {
            context_files: {},
            ...(kind === "spec" ? { spec_content: settled } : { dockerfile_content: settled }),
          },
          signal,
        }),
      ),
    enabled: settled.trim() !== "",
    retry: false,
    staleTime: 60_000,
    gcTime: 60_000,
    select: marked,
  });
  const fault = useMemo(() => (error ? asFault(error) : undefined), [error]);
  const unread = useMemo(() => (fault ? marksOf(fault) : undefined), [fault]);
  return { found: data?.found, fault, marks: unread ?? data?.marks ?? NO_MARKS };
}

function marked(found: Schemas["ShownAnalysis"]) {
  return { found, marks: found.findings.map(markOf) };
}

function markOf({ line, severity, message }: Schemas["ShownFinding"]): Mark {
  return {
    line,
    severity: severity === "error" ? "error" : severity === "warning" ? "warning" : "info",
    message,
  };
}

/** The line that does not parse: the server's sentence begins with it, in either language. */
function marksOf(fault: ApiFault): readonly Mark[] {
  return [...fault.fieldErrors.values()].flatMap((message): Mark[] => {
    const line = /^(?:第 |line )(\d+)/i.exec(message)?.[1];
    return line === undefined ? [] : [{ line: Number(line), severity: "error", message }];
  });
}

function useSettled(content: string): string {
  const [settled, setSettled] = useState(content);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(content), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [content]);
  return settled;
}
