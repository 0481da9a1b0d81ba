import clsx from "clsx";
import { type ComponentProps, type ReactNode, useId } from "react";

export const inputClass =
  "w-full rounded-md border border-line-strong/60 bg-surface px-2.5 text-sm text-ink hover:border-line-strong disabled:opacity-60 aria-invalid:border-bad";

type FieldProps = {
  label: string;
  hint?: ReactNode | undefined;
  error?: string | undefined;
  required?: boolean | undefined;
  children: (control: {
    id: string;
    "aria-describedby": string | undefined;
    "aria-invalid": boolean | undefined;
  }) => ReactNode;
};

/** A control with its name, what it means, and what is wrong with it. */
export function Field({ label, hint, error, required, children }: FieldProps) {
  const id = useId();
  const about = error || hint ? `${id}-about` : undefined;
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <label htmlFor={id} className="text-xs font-medium">
        {label}
        {required && <span className="text-muted"> · required</span>}
      </label>
      {children({ id, "aria-describedby": about, "aria-invalid": error ? true : undefined })}
      {about && (
        <p id={about} className={clsx("text-xs", error ? "text-bad" : "text-muted")}>
          {error ?? hint}
        </p>
      )}
    </div>
  );
}

export function Input({ className, ...rest }: ComponentProps<"input">) {
  return <input className={clsx(inputClass, "h-8", className)} {...rest} />;
}

export function Area({ className, ...rest }: ComponentProps<"textarea">) {
  return <textarea className={clsx(inputClass, "py-1.5 leading-5", className)} {...rest} />;
}

export function Select({
  className,
  options,
  ...rest
}: ComponentProps<"select"> & { options: readonly (readonly [value: string, label: string])[] }) {
  return (
    <select className={clsx(inputClass, "h-8 pr-7", className)} {...rest}>
      {options.map(([value, label]) => (
        <option key={value} value={value}>
          {label}
        </option>
      ))}
    </select>
  );
}

export function Toggle({
  label,
  hint,
  ...rest
}: Omit<ComponentProps<"input">, "type"> & { label: string; hint?: ReactNode | undefined }) {
  return (
    <label className="flex items-start gap-2.5 text-sm">
      <input type="checkbox" className="mt-0.5 size-4 shrink-0 accent-(--accent)" {...rest} />
      <span>
        {label}
        {hint && <span className="block text-xs text-muted">{hint}</span>}
      </span>
    </label>
  );
}
