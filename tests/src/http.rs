//! HTTP by hand: what a handshake gets when it is not one.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An answer, as far as a test looks at it.
#[derive(Clone, Debug, Default)]
pub struct Response {
    /// 0: the server closed without one.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// What came with the head; all of it where the server closes after the answer.
    pub body: Vec<u8>,
}

impl Response {
    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|header| header.0 == name);
        found.map(|header| header.1.as_str())
    }

    fn parse(head: &str, body: Vec<u8>) -> Self {
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let header = |line: &str| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim().to_owned()))
        };
        Self {
            status: status.and_then(|status| status.parse().ok()).unwrap_or_default(),
            headers: lines.filter_map(header).collect(),
            body,
        }
    }
}

/// Reads one response head and whatever came with it.
pub async fn read_head(stream: &mut TcpStream) -> Response {
    let mut read = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(end) = read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            let body = read.split_off(end + 4);
            return Response::parse(&String::from_utf8_lossy(&read[..end]), body);
        }
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return Response { body: read, ..Response::default() },
            Ok(n) => read.extend(&buffer[..n]),
        }
    }
}

/// Sends a request as it stands and reads the answer: by its length, or to the end of the connection.
pub async fn exchange(address: &str, request: &str) -> Response {
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    // It may answer and close before it has read all.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut response = read_head(&mut stream).await;
    let length = response.header("content-length").and_then(|length| length.parse().ok());
    let due = if response.status == 101 { 0 } else { length.unwrap_or(u64::MAX) };
    let missing = due.saturating_sub(response.body.len() as u64);
    // A reset after the answer does not take the answer back.
    let _ = stream.take(missing).read_to_end(&mut response.body).await;
    response
}

/// A request with a body and `Connection: close`.
pub async fn post_json(address: &str, path: &str, headers: &str, body: &str) -> Response {
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}"
    );
    exchange(address, &request).await
}

/// A GET with `Connection: close`.
pub async fn get(address: &str, path: &str) -> Response {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    exchange(address, &request).await
}

/// The same of a server that may be gone: no answer then.
pub async fn try_get(address: &str, path: &str) -> Option<Response> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut response = read_head(&mut stream).await;
    stream.read_to_end(&mut response.body).await.ok()?;
    (response.status != 0).then_some(response)
}
