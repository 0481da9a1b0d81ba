/**
 * The token of whoever looks, kept for as long as the tab is open. It is sent in a header and is in no
 * address.
 */

const KEY = "optio.token";

export type Session = {
  token: string | null;
  /** Why the server asks who we are; null while it does not. */
  asked: string | null;
};

let session: Session = { token: sessionStorage.getItem(KEY), asked: null };
const listeners = new Set<() => void>();

function set(next: Session): void {
  session = next;
  for (const listener of listeners) listener();
}

export function getSession(): Session {
  return session;
}

export function onSession(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function signIn(token: string): void {
  sessionStorage.setItem(KEY, token);
  set({ token, asked: null });
}

export function signOut(): void {
  sessionStorage.removeItem(KEY);
  set({ token: null, asked: "You have signed out." });
}

/** The server has refused the token that was sent with a request, or that there was none. */
export function refused(sent: string | null, why: string): void {
  // An answer to what was asked before somebody signed in says nothing about the token of now.
  if (sent !== session.token) return;
  set({ token: session.token, asked: session.token === null ? why : "That token is not the one." });
}

export function authorization(): Record<string, string> {
  return session.token === null ? {} : { authorization: `Bearer ${session.token}` };
}
