import { answer, api } from "@api/client";
import { asFault } from "@api/fault";
import { useText } from "@i18n";
import { useEffect, useState } from "react";
import { bodyOf, type Draft, Unreadable } from "./form";
import { formText } from "./formText";

interface Verdict {
  /** What is wrong, by the field's dotted name. */
  readonly problems: Readonly<Record<string, string>>;
  /** What is wrong with the whole. */
  readonly general: readonly string[];
  /** Whether the server has seen what is typed now. */
  readonly checked: boolean;
}

const NOTHING: Verdict = { problems: {}, general: [], checked: false };
/** Long enough that a minute of typing stays far below the limit on writes. */
const PAUSE_MS = 700;

/** What the server would say to the draft, once the typing pauses. */
export function useVerdict(draft: Draft): Verdict {
  const f = useText(formText);
  const [verdict, setVerdict] = useState(NOTHING);
  useEffect(() => {
    if (!draft.image) {
      setVerdict(NOTHING);
      return;
    }
    const ended = new AbortController();
    const timer = setTimeout(() => {
      judge(draft, ended.signal)
        .then(setVerdict)
        .catch((error: unknown) => {
          if (ended.signal.aborted) return;
          if (error instanceof Unreadable) {
            setVerdict({ ...NOTHING, problems: { [error.field]: f("unreadable", { why: error.why }) } });
          } else {
            setVerdict({ ...NOTHING, general: [asFault(error).message] });
          }
        });
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      ended.abort();
    };
  }, [draft, f]);
  return verdict;
}

async function judge(draft: Draft, signal: AbortSignal): Promise<Verdict> {
  try {
    const { violations } = await answer(
      api.POST("/api/v1/containers/validate", { body: bodyOf(draft), signal }),
    );
    return {
      problems: Object.fromEntries(violations.map(({ field, message }) => [field, message])),
      general: [],
      checked: true,
    };
  } catch (error) {
    if (error instanceof Unreadable || signal.aborted) throw error;
    const { fieldErrors } = asFault(error);
    if (fieldErrors.size === 0) throw error;
    const general = [...fieldErrors].filter(([field]) => field === "" || field === "body");
    return {
      problems: Object.fromEntries(fieldErrors),
      general: general.map(([, said]) => said),
      checked: true,
    };
  }
}
