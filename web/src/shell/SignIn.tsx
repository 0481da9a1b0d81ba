import { type FormEvent, useState } from "react";
import { signIn } from "@/api/session";
import { Button } from "@/ui/Button";
import { Field, Input } from "@/ui/fields";
import { Mark } from "./Nav";

/** Asks for the token, where the server asks who we are. */
export function SignIn({ why }: { why: string }) {
  const [token, setToken] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (token.trim() !== "") signIn(token.trim());
  };
  return (
    <main className="grid min-h-full place-items-center p-4">
      <form
        onSubmit={submit}
        className="flex w-full max-w-sm flex-col gap-4 rounded-lg border border-line bg-surface p-6"
      >
        <div className="flex items-center gap-2.5">
          <Mark />
          <h1 className="text-lg font-semibold">Sign in to Optio</h1>
        </div>
        <Field
          label="Admin token"
          hint={
            <>
              It is in <code className="font-mono">OPTIO_ADMIN_TOKEN</code> where the server runs.
              It is kept until this tab is closed.
            </>
          }
          error={why.startsWith("That token") ? why : undefined}
        >
          {(control) => (
            <Input
              {...control}
              type="password"
              autoComplete="current-password"
              value={token}
              onChange={(event) => setToken(event.target.value)}
            />
          )}
        </Field>
        <Button type="submit" look="primary" disabled={token.trim() === ""}>
          Sign in
        </Button>
      </form>
    </main>
  );
}
