import type { SandboxSettings } from "@/api/types";
import { Form } from "@/ui/Form";
import { Panel } from "@/ui/Page";
import { decided, sandboxFields } from "./fields";

type Props = {
  sandbox: SandboxSettings;
  /** When it was last changed: a form begins anew with what is there then. */
  version: string;
  /** Whether there are several that can share folders. */
  shares: boolean;
  save: (sandbox: SandboxSettings) => Promise<unknown>;
};

/** What is decided about the sandboxes of something; what is left empty is as the installation has it. */
export function SandboxPanel({ sandbox, version, shares, save }: Props) {
  return (
    <Panel title="Sandbox" aside="empty: as the installation has it" pad className="max-w-3xl">
      <Form
        key={version}
        fields={sandboxFields(shares)}
        from={sandbox}
        verb="Save sandbox"
        submit={(changed) => save(decided(sandbox, changed))}
      />
    </Panel>
  );
}
