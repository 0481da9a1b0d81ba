import * as Radix from "@radix-ui/react-dropdown-menu";
import clsx from "clsx";
import { Ellipsis } from "lucide-react";
import type { ReactNode } from "react";
import { IconButton } from "./Button";

export type MenuItem = {
  label: string;
  icon?: ReactNode;
  act: () => void;
  danger?: boolean;
  disabled?: boolean;
};

/** What else can be done with something. */
export function Menu({
  label,
  items,
  trigger,
}: {
  label: string;
  items: (MenuItem | null)[];
  trigger?: ReactNode;
}) {
  return (
    <Radix.Root>
      <Radix.Trigger asChild>
        {trigger ?? (
          <IconButton label={label}>
            <Ellipsis size={16} aria-hidden />
          </IconButton>
        )}
      </Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          align="end"
          sideOffset={4}
          className="z-50 min-w-44 rounded-md border border-line bg-surface p-1 shadow-pop"
        >
          {items.map(
            (item) =>
              item && (
                <Radix.Item
                  key={item.label}
                  disabled={item.disabled ?? false}
                  onSelect={item.act}
                  className={clsx(
                    "flex cursor-pointer items-center gap-2 rounded-sm px-2 py-1.5 text-sm outline-none data-disabled:opacity-50 data-highlighted:bg-raised",
                    item.danger && "text-bad",
                  )}
                >
                  {item.icon}
                  {item.label}
                </Radix.Item>
              ),
          )}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
