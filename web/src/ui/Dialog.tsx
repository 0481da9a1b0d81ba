import * as Radix from "@radix-ui/react-dialog";
import clsx from "clsx";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { Button, IconButton } from "./Button";

type Props = {
  open: boolean;
  onClose: () => void;
  title: string;
  lead?: ReactNode;
  children: ReactNode;
  wide?: boolean;
};

export function Dialog({ open, onClose, title, lead, children, wide }: Props) {
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-[rgb(10_12_30/0.45)]" />
        <Radix.Content
          {...(lead ? {} : { "aria-describedby": undefined })}
          className={clsx(
            "fixed top-[6vh] left-1/2 z-50 flex max-h-[88vh] w-[calc(100vw-1.5rem)] -translate-x-1/2 flex-col rounded-lg border border-line bg-surface shadow-pop",
            wide ? "max-w-3xl" : "max-w-xl",
          )}
        >
          <div className="flex items-start justify-between gap-3 border-b border-line px-5 py-3">
            <div>
              <Radix.Title className="text-lg font-semibold">{title}</Radix.Title>
              {lead && <Radix.Description className="text-sm text-muted">{lead}</Radix.Description>}
            </div>
            <IconButton label="Close" onClick={onClose} className="-mr-2">
              <X size={16} aria-hidden />
            </IconButton>
          </div>
          <div className="min-h-0 overflow-y-auto px-5 py-4">{children}</div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

type ConfirmProps = {
  open: boolean;
  onClose: () => void;
  title: string;
  children: ReactNode;
  verb: string;
  onConfirm: () => void;
  busy?: boolean;
};

/** Asks before what cannot be taken back. */
export function Confirm({ open, onClose, title, children, verb, onConfirm, busy }: ConfirmProps) {
  return (
    <Dialog open={open} onClose={onClose} title={title}>
      <div className="text-sm text-muted">{children}</div>
      <div className="mt-4 flex justify-end gap-2">
        <Button onClick={onClose}>Keep it</Button>
        <Button look="danger" busy={busy ?? false} onClick={onConfirm}>
          {verb}
        </Button>
      </div>
    </Dialog>
  );
}
