import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useAct } from "@/api/act";
import { post } from "@/api/client";
import { healthQuery, slackQuery } from "@/api/queries/admin";
import { getSession, signOut } from "@/api/session";
import { setTheme, type Theme, useTheme } from "@/shell/theme";
import { Button } from "@/ui/Button";
import { Confirm } from "@/ui/Dialog";
import { Command, Waiting } from "@/ui/feedback";
import { Field, Input } from "@/ui/fields";
import { Facts, Page, Panel } from "@/ui/Page";
import { Status } from "@/ui/Status";

const THEMES: readonly (readonly [Theme, string])[] = [
  ["system", "As the system"],
  ["light", "Light"],
  ["dark", "Dark"],
];

export default function SettingsPage() {
  return (
    <Page
      title="Settings"
      lead="Of this browser, and of the installation where the API can change it."
    >
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <Look />
        <Installation />
        <Key />
        <Slack />
      </div>
    </Page>
  );
}

function Look() {
  const theme = useTheme();
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <Panel title="This browser" pad>
      <div className="flex flex-col gap-4">
        <fieldset>
          <legend className="mb-1.5 text-xs font-medium">Theme</legend>
          <div className="flex flex-wrap gap-4">
            {THEMES.map(([value, label]) => (
              <label key={value} className="flex items-center gap-2 text-sm">
                <input
                  type="radio"
                  name="theme"
                  className="size-4 accent-(--accent)"
                  checked={theme === value}
                  onChange={() => setTheme(value)}
                />
                {label}
              </label>
            ))}
          </div>
        </fieldset>
        <Facts
          facts={[
            ["Times", `in your zone, ${zone}`],
            [
              "Signed in",
              getSession().token ? "with a token, until this tab is closed" : "not needed here",
            ],
          ]}
        />
        {getSession().token && (
          <Button className="self-start" onClick={signOut}>
            Sign out
          </Button>
        )}
      </div>
    </Panel>
  );
}

function Installation() {
  const { data } = useQuery(healthQuery);
  return (
    <Panel title="Installation" pad>
      {data ? (
        <div className="flex flex-col gap-3">
          <Facts
            facts={[
              ["Version", data.version],
              ["Isolation", data.isolation],
              ["Turns at once", data.maxConcurrent],
              ["Telemetry", data.otelEnabled ? "sent" : "not sent"],
            ]}
          />
          <p className="text-sm text-muted">
            Everything else is set where the server runs: <Command>optio config</Command> prints
            each setting with its source, <Command>optio doctor</Command> says what is wrong and how
            to mend it.
          </p>
        </div>
      ) : (
        <Waiting rows={3} />
      )}
    </Panel>
  );
}

function Key() {
  const [asks, setAsks] = useState(false);
  const rotate = useAct(() => post("/api/secrets/rotate-key"), {
    done: "Every secret is sealed with another key.",
    then: () => setAsks(false),
  });
  return (
    <Panel title="Key of the secrets" pad>
      <p className="mb-3 text-sm text-muted">
        Seals every secret with another key while all is in use. Where the key comes from the
        environment, the answer says what to change there.
      </p>
      <Button onClick={() => setAsks(true)}>Change the key…</Button>
      {rotate.data !== undefined && <RotationResult result={rotate.data} />}
      <Confirm
        open={asks}
        onClose={() => setAsks(false)}
        title="Change the key?"
        verb="Change it"
        busy={rotate.isPending}
        onConfirm={() => rotate.mutate()}
      >
        Secrets stay readable for what runs. Keep a backup of the new key: without it nobody can
        read them.
      </Confirm>
    </Panel>
  );
}

function RotationResult({ result }: { result: unknown }) {
  return (
    <pre className="mt-3 overflow-x-auto rounded-md bg-raised p-3 font-mono text-xs" tabIndex={0}>
      {JSON.stringify(result, null, 2)}
    </pre>
  );
}

function Slack() {
  const { data } = useQuery(slackQuery);
  const [url, setUrl] = useState("");
  const test = useAct(
    (webhookUrl: string) => post("/api/slack/test", { body: { webhookUrl, channel: null } }),
    { done: "It was said in Slack." },
  );
  return (
    <Panel title="Slack" pad>
      {data ? (
        <div className="flex flex-col gap-4">
          <Facts
            facts={[
              [
                "Address for all",
                <Status
                  key="webhook"
                  state={data.globalWebhookConfigured ? "enabled" : "disabled"}
                  label={data.globalWebhookConfigured ? "set" : "not set"}
                  bare
                />,
              ],
              [
                "Buttons",
                <Status
                  key="signing"
                  state={data.signingSecretConfigured ? "enabled" : "disabled"}
                  label={
                    data.signingSecretConfigured ? "signatures are checked" : "no signing secret"
                  }
                  bare
                />,
              ],
            ]}
          />
          <form
            className="flex flex-wrap items-end gap-2"
            onSubmit={(event) => {
              event.preventDefault();
              test.mutate(url.trim());
            }}
          >
            <div className="min-w-48 flex-1">
              <Field label="Try an address">
                {(control) => (
                  <Input
                    {...control}
                    type="password"
                    autoComplete="off"
                    placeholder="https://hooks.slack.com/…"
                    value={url}
                    onChange={(event) => setUrl(event.target.value)}
                  />
                )}
              </Field>
            </div>
            <Button type="submit" disabled={url.trim() === ""} busy={test.isPending}>
              Send a test
            </Button>
          </form>
        </div>
      ) : (
        <Waiting rows={3} />
      )}
    </Panel>
  );
}
