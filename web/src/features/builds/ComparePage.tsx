import { answer, api } from "@api/client";
import { useText } from "@i18n";
import { FaultView } from "@shared/FaultView";
import { bytes, clock, moment } from "@shared/format";
import { Loading } from "@shared/Loading";
import { Nothing } from "@shared/Nothing";
import { PageHeader } from "@shared/PageHeader";
import { useSearch } from "@shared/useSearch";
import { useQueries } from "@tanstack/react-query";
import { Link } from "react-router";
import styles from "./Builds.module.css";
import { Diff } from "./Diff";
import { differences } from "./differences";
import { type Build, STATES } from "./state";
import { text } from "./text";

export default function ComparePage() {
  const t = useText(text);
  const [{ left, right }] = useSearch(["left", "right"]);
  const asked = useQueries({
    queries: [left, right].map((build) => ({
      queryKey: ["builds", "detail", build],
      queryFn: () => answer(api.GET("/api/v1/builds/{build}", { params: { path: { build } } })),
      enabled: build !== "",
    })),
  });
  const error = asked.find((each) => each.error)?.error;
  const [one, other] = asked.map((each) => each.data);
  return (
    <>
      <PageHeader title={t("compareTitle")}>
        <Link to="/builds">{t("back")}</Link>
      </PageHeader>
      {error ? <FaultView error={error} /> : null}
      {left && right ? null : <Nothing title={t("pickTwo")} />}
      {one && other ? <Comparison one={one} other={other} /> : left && right && !error ? <Loading /> : null}
    </>
  );
}

function Comparison({ one, other }: { one: Build; other: Build }) {
  const t = useText(text);
  const fact = (build: Build): readonly (readonly [string, string])[] => [
    [t("status"), t(STATES[build.status][1])],
    [t("created"), moment(build.created_at)],
    [t("duration"), build.duration === null ? "" : clock(build.duration)],
    [t("steps"), build.steps ? t("stepsDone", { ...build.steps }) : ""],
    [t("level"), t(build.optimize)],
    [t("image"), build.image ? `${build.image.tag} ${bytes(build.image.size ?? 0)}` : ""],
    [t("buildArgs"), JSON.stringify(build.build_args)],
    [t("artifacts"), String(build.artifacts.length)],
  ];
  const theirs = fact(other);
  return (
    <>
      <table className={styles.compared}>
        <thead>
          <tr>
            <th />
            {[one, other].map((build) => (
              <th key={build.id}>
                <Link to={`/builds/${build.id}`}>{build.name}</Link> <span className="muted">{build.id}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {fact(one).map(([name, value], row) => {
            const its = theirs[row]?.[1] ?? "";
            return (
              <tr key={name} data-differs={value !== its}>
                <th scope="row">{name}</th>
                <td>{value}</td>
                <td>{its}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      <Definitions one={one} other={other} />
      <Made one={one} other={other} />
    </>
  );
}

function Definitions({ one, other }: { one: Build; other: Build }) {
  const t = useText(text);
  const spec = one.spec_content !== null && other.spec_content !== null;
  const texts = [one, other].map((build) => (spec ? build.spec_content : build.dockerfile_content) ?? "");
  const diff = differences(texts[0] ?? "", texts[1] ?? "");
  return (
    <>
      <h2 className={styles.heading}>{spec ? "spec" : t("dockerfile")}</h2>
      {diff ? <Diff diff={diff} label={t("definition")} /> : <span className="muted">{t("same")}</span>}
    </>
  );
}

/** The artifacts of both: which are the same to the byte, which differ, which one alone has. */
function Made({ one, other }: { one: Build; other: Build }) {
  const t = useText(text);
  const digests = [one, other].map(
    (build) => new Map(build.artifacts.map((each) => [each.name, each.sha256])),
  );
  const names = [...new Set(digests.flatMap((each) => [...each.keys()]))].sort();
  if (names.length === 0) return null;
  const verdict = (name: string): string => {
    const [its, theirs] = digests.map((each) => each.get(name));
    if (its === undefined) return t("onlyIn", { name: other.name });
    if (theirs === undefined) return t("onlyIn", { name: one.name });
    return t(its === theirs ? "same" : "differs");
  };
  return (
    <>
      <h2 className={styles.heading}>{t("artifacts")}</h2>
      <table className={styles.compared}>
        <tbody>
          {names.map((name) => (
            <tr key={name} data-differs={verdict(name) !== t("same")}>
              <td>{name}</td>
              <td>{verdict(name)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
