//! A descriptor kept aside. Without one, whoever comes would wait for an answer that nobody can give.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout};

use crate::Gateway;

/// Rest after even that did not help.
const REST: Duration = Duration::from_millis(20);
/// Between two complaints: whoever reads the log knows it by now.
const QUIET: Duration = Duration::from_secs(60);
const NO_ROOM: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n";

/// Given up for as long as it takes to turn one away.
pub(crate) struct Spare {
    file: Option<File>,
    complained: Option<Instant>,
}

impl Spare {
    pub(crate) fn keep() -> Self {
        Self { file: anything(), complained: None }
    }

    /// After the operating system refused a connection for want of descriptors or memory. Those who are
    /// in are served meanwhile.
    pub(crate) async fn turn_one_away(
        &mut self,
        listener: &TcpListener,
        error: &io::Error,
        gateway: &Gateway,
    ) {
        let kind = error.kind();
        if matches!(kind, io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) {
            return;
        }
        self.complain(error);
        drop(self.file.take());
        match timeout(REST, listener.accept()).await {
            Ok(Ok((stream, _))) => turn_away(stream, "accept_error", gateway),
            Ok(Err(_)) => sleep(REST).await,
            Err(_) => {}
        }
        self.file = anything();
    }

    fn complain(&mut self, error: &io::Error) {
        if self.complained.is_none_or(|at| at.elapsed() > QUIET) {
            self.complained = Some(Instant::now());
            tracing::warn!(
                %error,
                "cannot accept connections: raise the limit of open files (ulimit -n, LimitNOFILE=)"
            );
        }
    }
}

fn anything() -> Option<File> {
    File::open("/dev/null").ok()
}

/// Says that there is no room, and hangs up.
pub(crate) fn turn_away(stream: TcpStream, reason: &'static str, gateway: &Gateway) {
    gateway.metrics.refused_handshake(reason);
    tracing::debug!(reason, "turned a connection away");
    let Ok(mut stream) = stream.into_std() else { return };
    // If even this does not fit into a fresh socket, it is closed without a word.
    let _ = stream.write(NO_ROOM);
    // What is left unread would take the word back.
    let mut asked = [0; 4096];
    let _ = stream.read(&mut asked);
}
