import { asFault } from "@api/fault";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { App } from "antd";
import { useFaultNotice } from "./useFaultNotice";

/** Something to do at the server: its answer is shown, and so is why it was refused; `stale` is asked for anew. */
export function useAction<V>(act: (given: V) => Promise<string>, stale: readonly string[]) {
  const { message } = App.useApp();
  const queries = useQueryClient();
  const notice = useFaultNotice();
  return useMutation({
    mutationFn: act,
    onSuccess: (said) => {
      if (said) void message.success(said);
    },
    onError: (error) => notice(asFault(error)),
    onSettled: () => Promise.all(stale.map((key) => queries.invalidateQueries({ queryKey: [key] }))),
  });
}
