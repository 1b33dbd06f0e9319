//! Writes what is generated from `protocol::catalog`: the schema, the vectors and the TypeScript types.
//! With `check` it writes nothing and names every file that is not current.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use protocol::catalog::{self, EVENTS, LIMITS, OPERATIONS, SIGNALS};
use protocol::{CloseCode, Codec, ErrorCode, Who};
use serde_json::{Map, Value};

/// Writes every generated file, or with `check` fails if one is not what would be written.
pub fn run(check: bool) -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut stale = Vec::new();
    for (path, content) in files()? {
        let full = root.join(&path);
        if std::fs::read_to_string(&full).is_ok_and(|now| now == content) {
            continue;
        }
        if check {
            stale.push(path.display().to_string());
            continue;
        }
        let folder = full.parent().unwrap_or(&root);
        std::fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
        std::fs::write(&full, content).with_context(|| format!("write {}", full.display()))?;
        println!("wrote {}", path.display());
    }
    if !stale.is_empty() {
        bail!("not current: {}\nremedy: cargo xtask codegen", stale.join(", "));
    }
    Ok(())
}

/// Every generated file with its path from the root of the repository.
fn files() -> anyhow::Result<Vec<(PathBuf, String)>> {
    let documents = catalog::documents();
    let mut files = vec![(PathBuf::from("protocol/ts/src/wire.ts"), typescript(&documents)?)];
    for (name, document) in documents {
        files.push((Path::new("protocol/schema").join(name), pretty(&document)?));
    }
    for (name, vectors) in protocol::vectors::files() {
        files.push((Path::new("protocol/vectors").join(name), pretty(&vectors)?));
    }
    Ok(files)
}

fn pretty(value: &Value) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

const HEAD: &str = "\
/**
 * The words of the Frontdesk wire contract, version 1: types, codes and limits; nothing else.
 *
 * Generated from the server's own types by `cargo xtask codegen`. Do not edit.
 */
";

/// What JSON Schema says less well than TypeScript: the envelope.
const ENVELOPE: &str = r#"
export type EventName = keyof EventData;

/**
 * A committed fact, numbered. A newer server may send names that are not in this union: they still
 * count, so a `switch` over `ev` needs a quiet default.
 */
export type EventFrame = {
  [Name in EventName]: {
    ev: Name;
    conversation: string;
    /** 1, 2, 3 … without gaps for this audience. */
    seq: number;
    /** Unix milliseconds; never goes down within a conversation. */
    at: number;
    by: By;
    data: EventData[Name];
  };
}[EventName];

export type SignalName = keyof SignalData;

/** Ephemeral and unnumbered. Names that are not in this union may come and are to be ignored. */
export type SignalFrame = {
  [Name in SignalName]: { sig: Name; conversation?: string; by?: By; data: SignalData[Name] };
}[SignalName];

export interface OkFrame {
  re: number;
  ok: unknown;
}

/** `re` is null when the question could not be read. */
export interface ErrFrame {
  re: number | null;
  err: ErrorBody;
}

export type ServerFrame = OkFrame | ErrFrame | EventFrame | SignalFrame | ByeFrame;

export interface ClientFrame {
  /** Unsigned, 32 bits; echoed as `re`. */
  id: number;
  op: string;
  args?: object;
}
"#;

/// Definitions that [`ENVELOPE`] and the constants already give a better form.
const BY_HAND: [&str; 4] = ["EventFrame", "SignalFrame", "Refused", "ErrorCode"];

/// The limits a client acts on. A widget pays for each of them in bytes, so the others stay out.
const IN_TYPESCRIPT: [&str; 12] = [
    "frame_bytes_max",
    "answer_within_ms",
    "text_chars_max",
    "key_chars_max",
    "preview_chars_max",
    "history_limit_max",
    "inbox_limit_max",
    "bulk_max",
    "hello_watch_max",
    "agent_watches_max",
    "visitor_watches_max",
    "typing_ends_after_ms",
];

fn typescript(documents: &[(&str, Value)]) -> anyhow::Result<String> {
    let definitions = |file: &str| {
        let document =
            documents.iter().find(|(name, _)| *name == file).map(|(_, document)| document);
        document
            .and_then(|document| document["$defs"].as_object())
            .context("a schema without $defs")
    };
    let (server, client) = (definitions("server.json")?, definitions("client.json")?);
    let mut out = String::from(HEAD);
    for (name, schema) in server.iter().filter(|(name, _)| !BY_HAND.contains(&name.as_str())) {
        declare(&mut out, name, schema, &Types { definitions: server, in_place: is_text });
    }
    let arguments = Types { definitions: client, in_place: stands_in_operations };
    for (name, schema) in client.iter().filter(|(name, _)| !server.contains_key(*name)) {
        if !stands_in_operations(name, schema) {
            declare(&mut out, name, schema, &arguments);
        }
    }
    maps(&mut out, &arguments);
    out.push_str(ENVELOPE);
    constants(&mut out);
    Ok(out)
}

/// The definitions that a schema may refer to, and which of them stand in place of their name.
struct Types<'a> {
    definitions: &'a Map<String, Value>,
    in_place: fn(&str, &Value) -> bool,
}

/// Ids, keys and texts are plain strings in TypeScript.
fn is_text(_: &str, schema: &Value) -> bool {
    schema["type"] == "string" && schema.get("enum").is_none()
}

/// Arguments and their words stand in the map of operations; only what callers build has a name.
fn stands_in_operations(name: &str, _: &Value) -> bool {
    !["HelloArgs", "Page", "Profile", "WatchFrom"].contains(&name)
}

impl Types<'_> {
    /// The type of a schema, as it stands inside a line that is indented by `indent`.
    fn of(&self, schema: &Value, indent: usize) -> String {
        if let Some(name) = reference(schema) {
            let target = &self.definitions[name];
            let in_place = (self.in_place)(name, target);
            return if in_place { self.of(target, indent) } else { name.to_owned() };
        }
        if let Some(alternatives) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
            let types: Vec<String> = alternatives.iter().map(|one| self.of(one, indent)).collect();
            return types.join(" | ");
        }
        if let Some(words) = schema["enum"].as_array() {
            return words.iter().map(Value::to_string).collect::<Vec<_>>().join(" | ");
        }
        if let Some(word) = schema.get("const") {
            return word.to_string();
        }
        match schema["type"].as_str() {
            Some("string") => "string".into(),
            Some("integer" | "number") => "number".into(),
            Some("boolean") => "boolean".into(),
            Some("null") => "null".into(),
            Some("array") => array_of(self.of(&schema["items"], indent)),
            Some("object") => self.object(schema, indent),
            _ => "unknown".into(),
        }
    }

    fn object(&self, schema: &Value, indent: usize) -> String {
        let Some(fields) = schema["properties"].as_object().filter(|fields| !fields.is_empty())
        else {
            return "Record<string, never>".into();
        };
        let required = |name: &str| {
            schema["required"].as_array().is_some_and(|required| required.iter().any(|n| n == name))
        };
        let mut out = String::from("{\n");
        for (name, field) in fields {
            let optional = if required(name) { "" } else { "?" };
            describe(&mut out, field, indent + 2);
            let inside = self.of(field, indent + 2);
            _ = writeln!(out, "{:1$}{name}{optional}: {inside};", "", indent + 2);
        }
        _ = write!(out, "{:indent$}}}", "");
        out
    }
}

fn reference(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.strip_prefix("#/$defs/")
}

fn array_of(item: String) -> String {
    if item.contains(['|', '{']) { format!("({item})[]") } else { format!("{item}[]") }
}

fn describe(out: &mut String, schema: &Value, indent: usize) {
    if let Some(text) = schema["description"].as_str() {
        let lines = text.replace("\n\n", "\n").replace('\n', &format!("\n{:indent$} * ", ""));
        _ = if text.contains('\n') {
            writeln!(out, "{:indent$}/**\n{:indent$} * {lines}\n{:indent$} */", "", "", "")
        } else {
            writeln!(out, "{:indent$}/** {text} */", "")
        };
    }
}

fn declare(out: &mut String, name: &str, schema: &Value, types: &Types<'_>) {
    if is_text(name, schema) {
        return;
    }
    out.push('\n');
    describe(out, schema, 0);
    let body = types.of(schema, 0);
    _ = if schema["properties"].is_object() {
        writeln!(out, "export interface {name} {body}")
    } else {
        writeln!(out, "export type {name} = {body};")
    };
}

/// What belongs to each name: an event's data, a signal's data, an operation's arguments and answer.
fn maps(out: &mut String, arguments: &Types<'_>) {
    out.push_str("\nexport interface EventData {\n");
    for row in EVENTS {
        _ = writeln!(out, "  {}: {};", property(row.name), row.data.name());
    }
    out.push_str("}\n\nexport interface SignalData {\n");
    for row in SIGNALS {
        _ = writeln!(out, "  {}: {};", property(row.name), row.data.name());
    }
    out.push_str("}\n\n/** Every operation: what it takes and what it answers. */\n");
    out.push_str("export interface WireOperations {\n");
    for row in OPERATIONS {
        let who = match row.who {
            Who::Everyone => "",
            Who::Visitor => " Visitors only.",
            Who::Agent => " Agents only.",
        };
        let args = serde_json::json!({ "$ref": format!("#/$defs/{}", row.args.name()) });
        let args = arguments.of(&args, 2);
        let meaning = row.meaning.trim_start_matches("Agents: ").trim_start_matches("Visitors: ");
        _ = writeln!(out, "  /** {}{who} */", upper_first(meaning));
        _ = writeln!(out, "  {}: {{ args: {args}; ok: {} }};", property(row.name), row.ok.name());
    }
    out.push_str("}\n");
}

/// Quoted only where TypeScript needs it.
fn property(name: &str) -> String {
    if name.contains('.') { format!("{name:?}") } else { name.to_owned() }
}

fn upper_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn constants(out: &mut String) {
    out.push_str("\n/** Every error code and what a client is to do about it. */\n");
    out.push_str("export const ERROR_CODES = {\n");
    for code in ErrorCode::ALL {
        let remedy = serde_json::json!(code.remedy());
        _ = writeln!(out, "  /** {} */\n  {}: {remedy},", code.meaning(), code.as_str());
    }
    out.push_str("} as const satisfies Record<string, Remedy>;\n\n");
    out.push_str(
        "/** Newer servers may know more codes: `remedy` says what to do about those. */\n",
    );
    out.push_str("export type ErrorCode = keyof typeof ERROR_CODES;\n\n");
    out.push_str("/** Why the server closed the socket. */\nexport const CLOSE_CODES = {\n");
    for code in CloseCode::ALL {
        _ = writeln!(out, "  /** {} */\n  {}: {},", code.meaning(), code.as_str(), code.number());
    }
    out.push_str("} as const;\n\n/** Times are milliseconds. The other limits stand in schema/catalog.json. */\nexport const LIMITS = {\n");
    for (name, max) in LIMITS.iter().filter(|(name, _)| IN_TYPESCRIPT.contains(name)) {
        _ = writeln!(out, "  {name}: {max},");
    }
    out.push_str("} as const;\n\n/** The subprotocols, in the server's order of preference. */\n");
    _ = writeln!(out, "export const SUBPROTOCOLS = {{");
    for (name, codec) in [("json", Codec::Json), ("msgpack", Codec::Msgpack)] {
        _ = writeln!(out, "  {name}: {:?},", codec.subprotocol());
    }
    out.push_str("} as const;\n");
}
