import { type QueryKey, useQueryClient } from "@tanstack/react-query";
import { said } from "./toast";

/** Saves what a form collected, says so, and reads again what it changed. The form shows what goes wrong. */
export function useEdit(changes: QueryKey[]) {
  const queries = useQueryClient();
  return async <T>(done: string, save: Promise<T>): Promise<T> => {
    const saved = await save;
    said(done);
    await Promise.all(changes.map((queryKey) => queries.invalidateQueries({ queryKey })));
    return saved;
  };
}
