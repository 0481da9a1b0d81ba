/** Times and durations as people read them, in the zone of whoever looks. */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A length of time in at most two units: `42 s`, `3 min 20 s`, `2 h 5 min`, `4 d 3 h`. */
export function duration(ms: number): string {
  const whole = Math.max(0, ms);
  if (whole < SECOND) return `${Math.round(whole)} ms`;
  if (whole < MINUTE) return `${Math.floor(whole / SECOND)} s`;
  if (whole < HOUR) return two(whole, MINUTE, "min", SECOND, "s");
  if (whole < DAY) return two(whole, HOUR, "h", MINUTE, "min");
  return two(whole, DAY, "d", HOUR, "h");
}

function two(ms: number, big: number, bigName: string, small: number, smallName: string): string {
  const rest = Math.floor((ms % big) / small);
  const head = `${Math.floor(ms / big)} ${bigName}`;
  return rest === 0 ? head : `${head} ${rest} ${smallName}`;
}

/** How far away a moment is: `now`, `5 min ago`, `in 2 h`. One unit: it is read at a glance. */
export function relative(at: string, now: number): string {
  const distance = Date.parse(at) - now;
  const away = Math.abs(distance);
  if (away < 5 * SECOND) return "now";
  const text =
    away < MINUTE
      ? `${Math.floor(away / SECOND)} s`
      : away < HOUR
        ? `${Math.floor(away / MINUTE)} min`
        : away < DAY
          ? `${Math.floor(away / HOUR)} h`
          : `${Math.floor(away / DAY)} d`;
  return distance < 0 ? `${text} ago` : `in ${text}`;
}

/** Making a formatter takes a hundred times longer than using it, and a transcript asks for every row. */
function formatter(locale: string | undefined, options: Intl.DateTimeFormatOptions) {
  const made = new Map<string | undefined, Intl.DateTimeFormat>();
  return (at: string | number, zone: string | undefined): string => {
    let format = made.get(zone);
    if (!format) {
      format = new Intl.DateTimeFormat(locale, { ...options, timeZone: zone });
      made.set(zone, format);
    }
    return format.format(new Date(at));
  };
}

const wholeMoment = formatter(undefined, { dateStyle: "medium", timeStyle: "long" });
const timeOfDay = formatter("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const dayInDigits = formatter("en-CA", { year: "numeric", month: "2-digit", day: "2-digit" });

/** The whole moment with its zone, for whoever asks exactly. */
export function exact(at: string, zone?: string): string {
  return wholeMoment(at, zone);
}

/** The time of day alone, to the second. */
export function clock(at: string, zone?: string): string {
  return timeOfDay(at, zone);
}

/** The day of a moment, as `2030-01-31`, in the zone of whoever looks. */
export function dayOf(at: string | number, zone?: string): string {
  return dayInDigits(at, zone);
}
