import { type QueryKey, useMutation, useQueryClient } from "@tanstack/react-query";
import { complained, said } from "@/ui/toast";

type Options<A> = {
  /** What is said once it is done. */
  done?: string | ((input: A) => string);
  /** What is read again then: the beginnings of keys. */
  changes?: QueryKey[];
  then?: (input: A) => void;
};

/** Something a person does: it says that it is done, or why not. */
export function useAct<A = void>(act: (input: A) => Promise<unknown>, options: Options<A> = {}) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSuccess: async (_, input) => {
      const { done, changes, then } = options;
      if (done) said(typeof done === "string" ? done : done(input));
      then?.(input);
      await Promise.all((changes ?? []).map((queryKey) => queries.invalidateQueries({ queryKey })));
    },
    onError: complained,
  });
}
