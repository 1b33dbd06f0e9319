// The console: Live Chat Inbox and conversation view. Start with `app.tsx`.

import "./theme.css";
import "./base.css";
import "./signin.css";
import "./frame.css";
import "./inbox/inbox.css";
import "./conversation/conversation.css";
import "./conversation/transcript.css";
import "./composer/composer.css";
import { render } from "preact";
import { App } from "./app";
import { Session } from "./session";

const root = document.getElementById("console");
if (root === null) throw new Error("console.html has no #console");
const session = new Session();
render(<App session={session} />, root);
void session.start();
