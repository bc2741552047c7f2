//! Serves connections until told to stop, then lets open requests finish.

use crate::routes::router;
use crate::state::AppState;
use axum::serve::ListenerExt;
use std::future::{Future, IntoFuture, pending};
use std::io;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Serves until `shutdown` resolves; then no connection is accepted any more and open requests are answered, for as
/// long as the settings allow.
pub async fn serve(
    state: AppState,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let drain_limit = state.settings.drain_limit;
    let listener = listener.tap_io(|connection| {
        // Small answers would otherwise wait for the caller's acknowledgement of the previous one.
        if let Err(error) = connection.set_nodelay(true) {
            tracing::warn!(%error, "a connection keeps its delay");
        }
    });
    let (stopping, mut stopped) = watch::channel(false);
    let signal = async move {
        shutdown.await;
        stopping.send_replace(true);
    };
    let server = axum::serve(listener, router(state)).with_graceful_shutdown(signal).into_future();
    let limit = async move {
        if stopped.wait_for(|stopped| *stopped).await.is_err() {
            pending::<()>().await;
        }
        tokio::time::sleep(drain_limit).await;
    };
    tokio::select! {
        served = server => served,
        () = limit => {
            tracing::warn!("some requests were still open when the server stopped");
            Ok(())
        }
    }
}
