//! The accept loop: one task for each connection until it is upgraded or gone.
//!
//! hyper reads requests with a deadline for their heads and a small buffer; nothing here can be made
//! to wait for one client.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::Gateway;
use crate::arrival::Arrival;
use crate::spare::{Spare, turn_away};

/// hyper's smallest; with what it reads ahead an unfinished head costs at most twice as much.
const HEAD_BYTES_MAX: usize = 8 * 1024;
const HEADERS_MAX: usize = 64;
/// What plain HTTP requests under way may still take once the server stops.
const HTTP_ENDS_WITHIN: Duration = Duration::from_secs(5);

/// Serves connections until `stop`, then no new ones, and returns when plain HTTP requests under way
/// have ended. WebSockets go on: [`Gateway::drain`] ends them.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    gateway: Arc<Gateway>,
    stop: CancellationToken,
) {
    let mut spare = Spare::keep();
    // Every connection holds a sender; when the last is gone, nothing comes out any more.
    let (under_way, mut all_gone) = mpsc::channel::<Infallible>(1);
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, peer)) => {
                match gateway.admission.admit(peer.ip(), gateway.ticker.exact()) {
                    Ok(arrival) => {
                        let served =
                            converse(stream, arrival, router.clone(), &gateway, stop.clone());
                        let under_way = under_way.clone();
                        tokio::spawn(async move {
                            served.await;
                            drop(under_way);
                        });
                    }
                    Err(reason) => turn_away(stream, reason, &gateway),
                }
            }
            Err(error) => spare.turn_one_away(&listener, &error, &gateway).await,
        }
    }
    drop((listener, under_way));
    let _ = tokio::time::timeout(HTTP_ENDS_WITHIN, all_gone.recv()).await;
}

/// One connection, until it is upgraded or gone.
fn converse(
    stream: TcpStream,
    arrival: Arrival,
    router: Router,
    gateway: &Gateway,
    stop: CancellationToken,
) -> impl Future<Output = ()> + use<> {
    let life = gateway.settings.http_life_max;
    let arrival = Arc::new(arrival);
    let app = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(arrival.clone());
        let answered = app.call(request);
        async move { answered.await as Result<Response, Infallible> }
    });
    // Answers are small and must not wait for each other.
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(gateway.settings.hello_within)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    async move {
        let mut connection = pin!(connection);
        let over = async {
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(life) => {}
            }
        };
        // Errors are the client's: it went away, or sent what is no HTTP and has been told.
        tokio::select! {
            _ = connection.as_mut() => {}
            () = over => {
                connection.as_mut().graceful_shutdown();
                let _ = tokio::time::timeout(HTTP_ENDS_WITHIN, connection).await;
            }
        }
    }
}
