import { answer, api } from "@api/client";
import { FaultView } from "@shared/FaultView";
import { Loading } from "@shared/Loading";
import { useQuery } from "@tanstack/react-query";
import styles from "./System.module.css";

/** What the server is set to, limits included and secrets left out. */
export function Configuration() {
  const { data, error, refetch } = useQuery({
    queryKey: ["system", "config"],
    queryFn: () => answer(api.GET("/api/v1/system/config")),
  });
  if (!data) return error ? <FaultView error={error} retry={() => void refetch()} /> : <Loading />;
  return (
    <table className={styles.config}>
      <tbody>
        {flat(data, "").map(([name, value]) => (
          <tr key={name}>
            <th scope="row" className="mono">
              {name}
            </th>
            <td className="mono">{value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A nested document, one setting a row, by the path to it. */
function flat(value: object, path: string): (readonly [string, string])[] {
  return Object.entries(value).flatMap(([name, each]): (readonly [string, string])[] => {
    if (typeof each === "object" && each !== null && !Array.isArray(each)) {
      return flat(each as object, `${path}${name}.`);
    }
    const shown = Array.isArray(each) ? each.join(", ") : each === null ? "—" : String(each);
    return [[`${path}${name}`, shown]];
  });
}
