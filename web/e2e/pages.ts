import { ask, IMAGE, ownName } from "./harness";

/** Things to look at, and the addresses of every page. */
export async function pages(): Promise<{ paths: string[]; clear: () => Promise<void> }> {
  const name = ownName("pages");
  const script = "while true; do echo WARN 你好; sleep 1; done";
  const { id } = await ask<{ id: string }>("POST", "/api/v1/containers", {
    image: IMAGE,
    name,
    command: ["sh", "-c", script],
    labels: { shown: "yes" },
  });
  await ask("POST", `/api/v1/containers/${id}/start`);
  const build = await ask<{ id: string }>("POST", "/api/v1/builds", {
    name,
    dockerfile_content: `FROM ${IMAGE}\nRUN echo 你好 && mkdir /output && touch /output/made`,
    execute: true,
  });
  const probe = await ask<{ id: string }>("POST", "/api/v1/probes", {
    name,
    probe_type: "tcp",
    config: { port: 9, interval: 3600 },
  });
  const tabs = ["logs", "charts", "terminal", "processes", "files", "inspect", "events"];
  return {
    paths: [
      "/",
      "/containers",
      "/containers/new",
      `/containers/${id}`,
      ...tabs.map((tab) => `/containers/${id}?tab=${tab}`),
      "/builds",
      "/builds/new",
      `/builds/compare?left=${build.id}&right=${build.id}`,
      ...["log", "artifacts", "optimization", "definition", "facts"].map(
        (tab) => `/builds/${build.id}?tab=${tab}`,
      ),
      "/repositories",
      "/probes",
      "/probes/new",
      `/probes/${probe.id}`,
      `/probes/${probe.id}?tab=changes`,
      "/alerts",
      ...["channels", "deliveries", "windows", "pages"].map((tab) => `/notifications?tab=${tab}`),
      "/users",
      "/users?tab=roles",
      ...["audit", "maintenance", "configuration"].map((tab) => `/system?tab=${tab}`),
      ...["password", "second-factor", "sessions", "keys"].map((tab) => `/accounts?tab=${tab}`),
      "/images",
      "/volumes",
      "/networks",
      "/terminals",
    ],
    clear: async () => {
      await ask("DELETE", `/api/v1/containers/${id}?force=true`);
      await ask("DELETE", `/api/v1/probes/${probe.id}`);
    },
  };
}
