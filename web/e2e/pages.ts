import { ask, IMAGE, ownName } from "./harness";

/** A container to look at, and the addresses of every page. */
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
  const tabs = ["logs", "charts", "terminal", "processes", "files", "inspect", "events"];
  return {
    paths: [
      "/",
      "/containers",
      "/containers/new",
      `/containers/${id}`,
      ...tabs.map((tab) => `/containers/${id}?tab=${tab}`),
      "/images",
      "/volumes",
      "/networks",
      "/terminals",
    ],
    clear: async () => {
      await ask("DELETE", `/api/v1/containers/${id}?force=true`);
    },
  };
}
