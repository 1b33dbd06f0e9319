// The way in: e-mail and password, and the site when the e-mail is known on several.

import { useEffect, useRef, useState } from "preact/hooks";
import { signIn, type SignInAnswer } from "./http";
import { Icon } from "./ui/icon";
import { Mark } from "./ui/mark";

interface Props {
  /** Why the form is shown at all, when it is not the first visit. */
  notice: string | undefined;
  onSignedIn: () => void;
}

export function SignIn({ notice, onSignedIn }: Props) {
  const [asksSite, setAsksSite] = useState(false);
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const siteField = useRef<HTMLInputElement>(null);

  useEffect(() => {
    document.title = "Sign in · Frontdesk";
  }, []);
  useEffect(() => {
    if (asksSite) siteField.current?.focus();
  }, [asksSite]);

  const onAnswer = (answer: SignInAnswer) => {
    if (answer.kind === "in") return onSignedIn();
    if (answer.kind === "refused") return setProblem(explain(answer));
    setAsksSite(true);
    setProblem("This email is used on several sites. Enter the site you want to open.");
  };
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const field = (name: string) => String(form.get(name) ?? "").trim();
    const site = field("site");
    setBusy(true);
    setProblem(undefined);
    try {
      onAnswer(await signIn({ email: field("email"), password: String(form.get("password") ?? ""), ...(site && { site }) }));
    } catch {
      setProblem("The server cannot be reached. Check your connection and try again.");
    } finally {
      setBusy(false);
    }
  };

  return (
    <main class="signin">
      <div class="signin-card">
        <div class="signin-brand">
          <Mark />
          <span>Frontdesk</span>
        </div>
        <h1>Sign in to your inbox</h1>
        {notice !== undefined && (
          <p class="signin-notice" role="status">
            <Icon name="info" />
            {notice}
          </p>
        )}
        <form onSubmit={submit}>
          <label class="field">
            Email
            <input class="input" name="email" type="email" autocomplete="username" required autofocus />
          </label>
          <label class="field">
            Password
            <input class="input" name="password" type="password" autocomplete="current-password" required />
          </label>
          {asksSite && (
            <label class="field">
              Site
              <input class="input" name="site" ref={siteField} autocomplete="organization" required />
            </label>
          )}
          {problem !== undefined && (
            <p class="signin-problem" role="alert">
              <Icon name="warning" />
              {problem}
            </p>
          )}
          <button type="submit" class="button button-primary signin-button" disabled={busy}>
            Sign in
          </button>
        </form>
      </div>
    </main>
  );
}

function explain({ status, message }: { status: number; message: string }): string {
  if (status === 401) return "The email or the password is not right.";
  if (status === 429) return "Too many attempts. Wait a moment and try again.";
  return message || `Signing in failed (${status}).`;
}
