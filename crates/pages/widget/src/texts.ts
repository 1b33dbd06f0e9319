// Every word that the widget shows, in one table: replace it to speak another language.

export interface Texts {
  launcherOpen: string;
  launcherClose: string;
  unread(count: number): string;
  title: string;
  teamOnline: string;
  teamAway: string;
  greetingTitle: string;
  greeting: string;
  transcript: string;
  latest: string;
  message: string;
  placeholder: string;
  send: string;
  tooLong(over: number): string;
  sending: string;
  sent: string;
  notSent: string;
  tryAgain: string;
  you: string;
  agent: string;
  joined(name: string): string;
  typing(name: string): string;
  reconnecting: string;
  offline: string;
  closed: string;
  heldBack: string;
  ended: string;
  startAnew: string;
  today: string;
  yesterday: string;
}

export const ENGLISH: Texts = {
  launcherOpen: "Chat with us",
  launcherClose: "Close chat",
  unread: (count) => (count === 1 ? "1 unread message" : `${count} unread messages`),
  title: "Chat with us",
  teamOnline: "We’re online",
  teamAway: "Away right now",
  greetingTitle: "How can we help?",
  greeting: "Ask us anything. A person from our team will answer you right here.",
  transcript: "Conversation",
  latest: "Jump to latest",
  message: "Message",
  placeholder: "Write a message…",
  send: "Send",
  tooLong: (over) => (over === 1 ? "1 character too long" : `${over} characters too long`),
  sending: "Sending…",
  sent: "Sent",
  notSent: "Not sent",
  tryAgain: "Try again",
  you: "You",
  agent: "Agent",
  joined: (name) => `${name} joined`,
  typing: (name) => `${name} is typing…`,
  reconnecting: "Reconnecting…",
  offline: "Offline — messages will be sent when you are back",
  closed: "This conversation has been closed.",
  heldBack: "Your last message was not sent:",
  ended: "This chat has ended on this device.",
  startAnew: "Start a new conversation",
  today: "Today",
  yesterday: "Yesterday",
};
