/** Parts of an address that anybody may have typed. */

export function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function oneOf<const T extends string>(value: unknown, known: readonly T[]): T | undefined {
  return known.find((each) => each === value);
}

/** The search of a page: every part of it may be left out. */
export function searched<T extends object>(read: (search: Record<string, unknown>) => T) {
  return (search: Record<string, unknown>): Partial<T> => read(search);
}
