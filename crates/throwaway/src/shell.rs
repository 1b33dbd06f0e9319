//! Commands as somebody would paste them.

use std::process::Command;

use crate::process::{Process, Signal, Stream};
use crate::spawner;

/// A bash with a script to run. Dropped: killed.
pub struct Shell {
    process: Process,
}

impl Shell {
    /// Begins to run `script`. Nothing called FRONTDESK_* is inherited; `env` is there as well.
    pub fn run(script: &str, env: &[(&str, &str)]) -> Self {
        let bash = spawner::find("bash").expect("bash is installed and on the PATH");
        let mut command: Command = spawner::mortal(&bash, "KILL", None);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("FRONTDESK_") {
                command.env_remove(name);
            }
        }
        command.args(["-c", script]).envs(env.iter().copied());
        Self { process: Process::start("bash", command, Signal::KILL) }
    }

    /// Waits for a line on standard output.
    ///
    /// # Panics
    /// With the last words of all that runs in it, if it ends before.
    pub async fn says(&self, wanted: impl Fn(&str) -> bool) -> String {
        let line = self.process.line(Stream::Stdout, wanted).await;
        line.unwrap_or_else(|words| panic!("{words}"))
    }

    /// The same on standard error.
    pub async fn tells_people(&self, wanted: impl Fn(&str) -> bool) -> String {
        let line = self.process.line(Stream::Stderr, wanted).await;
        line.unwrap_or_else(|words| panic!("{words}"))
    }
}
