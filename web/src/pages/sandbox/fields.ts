import type { SandboxSettings } from "@/api/types";
import type { FieldSpec } from "@/ui/formSpec";

type Spec = FieldSpec<SandboxSettings>;

const PRESETS = ["base", "node", "python", "go", "rust", "full"];

const FIELDS: readonly Spec[] = [
  {
    name: "imagePreset",
    label: "Kind of image",
    kind: "select",
    half: true,
    options: [["", "the default"], ...PRESETS.map((name) => [name, name] as const)],
  },
  {
    name: "image",
    label: "Image of its own",
    half: true,
    hint: "Any with git and a shell, instead of a kind.",
  },
  { name: "cpuRequest", label: "Processors it is sure of", half: true, placeholder: "500m" },
  { name: "cpuLimit", label: "Processors at most", half: true, placeholder: "2" },
  { name: "memoryRequest", label: "Memory it is sure of", half: true, placeholder: "512Mi" },
  {
    name: "memoryLimit",
    label: "Memory at most",
    half: true,
    placeholder: "4Gi",
    hint: "What takes more is ended.",
  },
  {
    name: "networkPolicy",
    label: "Network",
    kind: "select",
    half: true,
    options: [
      ["", "the default"],
      ["unrestricted", "unrestricted: ssh, http and https"],
      ["restricted", "restricted: https alone"],
      ["closed", "closed: nothing"],
    ],
  },
  {
    name: "runtimeClass",
    label: "Runtime class",
    half: true,
    hint: "Such as that of gVisor or Kata.",
  },
  {
    name: "egress",
    label: "Networks it reaches besides",
    kind: "list",
    rows: 3,
    hint: "One a line: 10.1.0.0/16, 10.2.0.7/32:8443, [fd00::/8]:443",
  },
  {
    name: "nodeSelector",
    label: "Labels of its node",
    kind: "json",
    rows: 3,
    hint: '{"kubernetes.io/arch": "arm64"}',
  },
];

const CACHES: Spec = {
  name: "caches",
  label: "Shared folders",
  kind: "list",
  rows: 3,
  hint: "Below ~ or /workspace, such as ~/.cargo/registry: all its sandboxes share them.",
};

/** What can be decided; folders can be shared only where there is more than one sandbox. */
export function sandboxFields(shares: boolean): readonly Spec[] {
  return shares ? [...FIELDS, CACHES] : FIELDS;
}

/** The whole that is saved: what was decided with what a person changed, without what was emptied. */
export function decided(
  before: SandboxSettings,
  changed: Partial<SandboxSettings>,
): SandboxSettings {
  const whole = Object.entries({ ...before, ...changed }).filter(
    ([, value]) => value !== null && !(Array.isArray(value) && value.length === 0),
  );
  return Object.fromEntries(whole);
}
