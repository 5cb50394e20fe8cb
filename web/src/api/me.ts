import { useQuery } from "@tanstack/react-query";
import { answer, api, type Schemas } from "./client";
import { useStanding } from "./session";

export type Permission = Schemas["Permission"];

/** Who is signed in, and what they may do. */
export function useMe() {
  const standing = useStanding();
  return useQuery({
    queryKey: ["me"],
    queryFn: () => answer(api.GET("/api/v1/auth/me")),
    enabled: standing !== "anonymous",
    staleTime: 60_000,
  });
}

/** Whether the role has the permission; while it is not known yet, it has not. */
export function useMay(permission: Permission): boolean {
  return useMe().data?.permissions.includes(permission) ?? false;
}
