/**
 * Money comes as decimal strings and is added without floats: a sum of many small costs has to be exactly
 * what the single ones are.
 */

const PLACES = 9;
const UNIT = 10n ** BigInt(PLACES);

/** A decimal string as a whole number of billionths. What is no decimal counts nothing. */
export function parseMoney(text: string | null | undefined): bigint {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text?.trim() ?? "");
  if (!match) return 0n;
  const [, sign, whole = "0", fraction = ""] = match;
  const digits = fraction.slice(0, PLACES).padEnd(PLACES, "0");
  const value = BigInt(whole) * UNIT + BigInt(digits);
  return sign === "-" ? -value : value;
}

/** Dollars for people: two places, four where the amount would otherwise look like nothing. */
export function money(value: bigint | string | null | undefined): string {
  const amount = typeof value === "bigint" ? value : parseMoney(value);
  const sign = amount < 0n ? "-" : "";
  const size = amount < 0n ? -amount : amount;
  const places = size !== 0n && size < UNIT / 100n ? 4 : 2;
  const step = 10n ** BigInt(PLACES - places);
  const rounded = (size + step / 2n) / step;
  if (size !== 0n && rounded === 0n) return `${sign}<$0.0001`;
  const scale = 10n ** BigInt(places);
  const whole = (rounded / scale).toLocaleString("en-US");
  const fraction = (rounded % scale).toString().padStart(places, "0");
  return `${sign}$${whole}.${fraction}`;
}

/** An amount as a number, for heights in a chart and for nothing else. */
export function approximately(value: bigint): number {
  return Number(value) / Number(UNIT);
}

/** A count in few characters: 950, 12.3k, 4.1M. */
export function compact(count: number): string {
  return new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 }).format(
    count,
  );
}
