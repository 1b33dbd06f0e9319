// Every word that the widget shows, in one table: `Frontdesk.chat('texts', {…})` replaces some or all.

/** `{}` stands for the name or the number; where that is not enough, a function makes the text. */
export type Text = string | ((value: never) => string);

export interface Texts {
  /** The language of the texts: days and times are written its way, and the panel runs its way. */
  lang: Text;
  launcherOpen: Text;
  launcherClose: Text;
  unread: Text;
  title: Text;
  teamOnline: Text;
  teamAway: Text;
  sound: Text;
  greetingTitle: Text;
  greeting: Text;
  transcript: Text;
  latest: Text;
  message: Text;
  placeholder: Text;
  send: Text;
  tooLong: Text;
  waiting: Text;
  sending: Text;
  sent: Text;
  notSent: Text;
  tryAgain: Text;
  you: Text;
  agent: Text;
  joined: Text;
  typing: Text;
  reconnecting: Text;
  unavailable: Text;
  offline: Text;
  closed: Text;
  ended: Text;
  held: Text;
  startAnew: Text;
  discard: Text;
}

/** Looks a text up, and puts a name or a number into it. */
export type Words = (name: keyof Texts, value?: string | number) => string;

export function wordsFrom(texts: Texts): Words {
  return (name, value = "") => {
    const text = texts[name];
    return typeof text === "function" ? text(value as never) : `${text}`.replace("{}", () => `${value}`);
  };
}

export const ENGLISH: Texts = {
  lang: "en",
  launcherOpen: "Chat with us",
  launcherClose: "Close chat",
  unread: (count: number) => `${count} unread message${plural(count)}`,
  title: "Chat with us",
  teamOnline: "We’re online",
  teamAway: "Away right now",
  sound: "Sound",
  greetingTitle: "How can we help?",
  greeting: "Ask us anything. A person from our team will answer you right here.",
  transcript: "Conversation",
  latest: "Jump to latest",
  message: "Message",
  placeholder: "Write a message…",
  send: "Send",
  tooLong: (over: number) => `${over} character${plural(over)} too long`,
  waiting: "Not sent yet",
  sending: "Sending…",
  sent: "Sent",
  notSent: "Not sent",
  tryAgain: "Try again",
  you: "You",
  agent: "Agent",
  joined: "{} joined",
  typing: "{} is typing…",
  reconnecting: "Reconnecting…",
  unavailable: "The chat isn’t available right now. We keep trying.",
  offline: "Offline — messages will be sent when you are back",
  closed: "This conversation has been closed.",
  ended: "This chat has ended on this device.",
  held: (count: number) => `${count} message${plural(count)} could not be sent. Start a new conversation with ${count === 1 ? "it" : "them"}?`,
  startAnew: "Start a new conversation",
  discard: "Don’t send",
};

function plural(count: number): string {
  return count === 1 ? "" : "s";
}
