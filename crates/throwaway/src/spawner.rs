//! Starts children that the kernel ends when this process ends, however it ends.
//!
//! Linux sends a "parent death signal" when the *thread* that started a child is gone, so all children
//! are started by one thread that lives as long as the process. `setpriv` (util-linux) asks for the
//! signal and then becomes the program, which keeps this crate free of unsafe code. Where there is no
//! `setpriv`, children are ended on drop only.

use std::io;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::mpsc::{Sender, channel};
use std::sync::{LazyLock, Mutex};

type Order = (Command, Sender<io::Result<Child>>);

static SPAWNER: LazyLock<Mutex<Sender<Order>>> = LazyLock::new(|| {
    let (orders, inbox) = channel::<Order>();
    std::thread::Builder::new()
        .name("throwaway-spawner".into())
        .spawn(move || {
            for (mut command, answer) in inbox {
                // Whoever asked waits for the answer.
                let _ = answer.send(command.spawn());
            }
        })
        .expect("a thread that starts children");
    Mutex::new(orders)
});

/// Starts the program; `command` should come from [`mortal`].
pub(crate) fn spawn(command: Command) -> io::Result<Child> {
    let (answer, outcome) = channel();
    let order = (command, answer);
    SPAWNER.lock().expect("the spawner never panics").send(order).expect("the spawner never ends");
    outcome.recv().expect("the spawner answers every order")
}

/// A command for `program` that gets `last_signal` (KILL, QUIT …) when this process is gone, and runs
/// as `user` if one is named.
pub(crate) fn mortal(program: &Path, last_signal: &str, user: Option<&str>) -> Command {
    let Some(setpriv) = find("setpriv") else {
        assert!(user.is_none(), "running a server as another user needs setpriv (util-linux)");
        return Command::new(program);
    };
    let mut command = Command::new(setpriv);
    if let Some(user) = user {
        command.args(["--reuid", user, "--regid", user, "--init-groups"]);
    }
    command.args(["--pdeathsig", last_signal, "--"]).arg(program);
    command
}

/// Where `program` is on the PATH.
pub(crate) fn find(program: &str) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}
