// The few things said outside the socket: signing in and out. The server keeps the session in a
// cookie that scripts cannot read, so no token is ever held here.

export interface Credentials {
  email: string;
  password: string;
  site?: string;
}

export type SignInAnswer =
  | { kind: "in" }
  /** The e-mail is known on several sites: which one is meant? */
  | { kind: "site_required" }
  | { kind: "refused"; status: number; message: string };

export function signIn(credentials: Credentials): Promise<SignInAnswer> {
  return post("/v1/login", credentials);
}

export function signInWithCode(code: string): Promise<SignInAnswer> {
  return post("/v1/login/code", { code });
}

export async function signOut(): Promise<void> {
  const response = await fetch("/v1/logout", { method: "POST", credentials: "same-origin" });
  if (!response.ok) throw new Error(`Signing out failed (${response.status}).`);
}

async function post(path: string, body: object): Promise<SignInAnswer> {
  const response = await fetch(path, {
    method: "POST",
    credentials: "same-origin",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return response.ok ? { kind: "in" } : refusalIn(response.status, await response.json().catch(() => null));
}

interface ErrorBody {
  err?: { code?: unknown; message?: unknown; detail?: { site_required?: unknown } };
}

function refusalIn(status: number, body: ErrorBody | null): SignInAnswer {
  const err = body?.err;
  if (err?.detail?.site_required === true) return { kind: "site_required" };
  return { kind: "refused", status, message: typeof err?.message === "string" ? err.message : "" };
}
