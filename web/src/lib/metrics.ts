/** One sample of the text format that Prometheus reads. */
export type Sample = { name: string; labels: Record<string, string>; value: number };

export type Metric = { name: string; help: string; kind: string; samples: Sample[] };

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

export function parseMetrics(text: string): Metric[] {
  const metrics = new Map<string, Metric>();
  const get = (name: string): Metric => {
    const found = metrics.get(name) ?? { name, help: "", kind: "untyped", samples: [] };
    metrics.set(name, found);
    return found;
  };
  for (const line of text.split("\n")) {
    const about = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line);
    if (about) {
      const metric = get(about[2] ?? "");
      if (about[1] === "HELP") metric.help = about[3] ?? "";
      else metric.kind = about[3] ?? "";
      continue;
    }
    const sample = SAMPLE.exec(line);
    if (!sample || line.startsWith("#")) continue;
    const labels: Record<string, string> = {};
    for (const label of (sample[2] ?? "").matchAll(LABEL)) labels[label[1] ?? ""] = label[2] ?? "";
    const name = sample[1] ?? "";
    get(name).samples.push({ name, labels, value: Number(sample[3]) });
  }
  return [...metrics.values()].filter((metric) => metric.samples.length !== 0);
}

/** The value of a metric, of all its samples together where it has several. */
export function metricValue(
  metrics: readonly Metric[],
  name: string,
  label?: [string, string],
): number {
  const samples = metrics.find((metric) => metric.name === name)?.samples ?? [];
  const meant = label ? samples.filter((sample) => sample.labels[label[0]] === label[1]) : samples;
  return meant.reduce((sum, sample) => sum + sample.value, 0);
}
