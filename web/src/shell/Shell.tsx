import * as Radix from "@radix-ui/react-dialog";
import { Outlet, useRouterState } from "@tanstack/react-router";
import { Menu as MenuIcon, Search } from "lucide-react";
import { Suspense, useCallback, useEffect, useRef, useState } from "react";
import { IconButton } from "@/ui/Button";
import { Waiting } from "@/ui/feedback";
import { Help } from "./Help";
import { useKeys } from "./keys";
import { LiveMark, Mark, Nav } from "./Nav";
import { Palette } from "./Palette";

/** What is around every page. */
export function Shell() {
  const [isFinding, setFinding] = useState(false);
  const [isHelping, setHelping] = useState(false);
  const [isNavOpen, setNavOpen] = useState(false);
  const palette = useCallback(() => setFinding(true), []);
  const help = useCallback(() => setHelping(true), []);
  useKeys({ palette, help });

  const path = useRouterState({ select: (state) => state.location.pathname });
  const main = useRef<HTMLElement>(null);
  useEffect(() => {
    main.current?.scrollTo(0, 0);
  }, [path]);

  const find = () => {
    setNavOpen(false);
    setFinding(true);
  };
  return (
    <div className="grid h-full grid-rows-[auto_1fr] md:grid-cols-[208px_1fr] md:grid-rows-1">
      <a
        href="#main"
        className="sr-only focus:not-sr-only focus:absolute focus:top-2 focus:left-2 focus:z-50 focus:bg-surface focus:px-3 focus:py-1.5"
      >
        Skip to the page
      </a>
      <header className="flex items-center gap-1 border-b border-line px-2 py-1.5 md:hidden">
        <Radix.Root open={isNavOpen} onOpenChange={setNavOpen}>
          <Radix.Trigger asChild>
            <IconButton label="Pages">
              <MenuIcon size={18} aria-hidden />
            </IconButton>
          </Radix.Trigger>
          <Radix.Portal>
            <Radix.Overlay className="fixed inset-0 z-40 bg-[rgb(10_12_30/0.45)]" />
            <Radix.Content
              aria-describedby={undefined}
              className="fixed inset-y-0 left-0 z-50 w-64 border-r border-line bg-bg"
            >
              <Radix.Title className="sr-only">Pages</Radix.Title>
              {/* A link that was followed has done what the drawer was opened for. */}
              {/* eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions */}
              <div
                className="h-full"
                onClick={(event) => (event.target as HTMLElement).closest("a") && setNavOpen(false)}
              >
                <Nav openPalette={find} />
              </div>
            </Radix.Content>
          </Radix.Portal>
        </Radix.Root>
        <Mark />
        <span className="flex-1 font-semibold">Optio</span>
        <LiveMark />
        <IconButton label="Find or do" onClick={find}>
          <Search size={17} aria-hidden />
        </IconButton>
      </header>
      <aside className="hidden min-h-0 border-r border-line md:block">
        <Nav openPalette={find} />
      </aside>
      <main
        id="main"
        ref={main}
        tabIndex={-1}
        className="min-h-0 min-w-0 overflow-x-hidden overflow-y-auto outline-none"
      >
        <Suspense fallback={<Waiting rows={6} />}>
          <Outlet />
        </Suspense>
      </main>
      <Palette open={isFinding} onClose={() => setFinding(false)} />
      <Help open={isHelping} onClose={() => setHelping(false)} />
    </div>
  );
}
