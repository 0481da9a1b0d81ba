import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode, useEffect, useSyncExternalStore } from "react";
import { asProblem } from "@/api/problem";
import { getSession, onSession } from "@/api/session";
import { startLive } from "@/live/live";
import { SignIn } from "@/shell/SignIn";
import { Toasts } from "@/ui/toast";
import { router } from "./router";

const RETRIES = 4;

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // The stream says what has changed; what it does not cover is read again when somebody looks.
      staleTime: 15_000,
      retry: (failures, error) => failures < RETRIES && asProblem(error).isPassing,
      retryDelay: (attempt) => Math.min(500 * 2 ** attempt, 5_000),
    },
  },
});

export function App() {
  const session = useSyncExternalStore(onSession, getSession);
  return (
    <StrictMode>
      <QueryClientProvider client={queries}>
        {session.asked === null ? <Signed key={session.token} /> : <SignIn why={session.asked} />}
        <Toasts />
      </QueryClientProvider>
    </StrictMode>
  );
}

function Signed() {
  useEffect(() => {
    const stop = startLive(queries);
    return () => {
      stop();
      // What one person has read is not the next one's.
      queries.clear();
    };
  }, []);
  return <RouterProvider router={router} />;
}
