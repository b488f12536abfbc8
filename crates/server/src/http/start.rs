//! Starts the HTTP server: listens, layers, runs.
//!
//! Owns the order of the layers, outermost first: turns, access log (request id), the rest of chunked bodies,
//! problem bodies, CORS, security headers, the size of heads, the pace of bodies, their coding, routes. CORS stands inside
//! the problem bodies and adds its header fields to error responses too.

use crate::app::App;
use crate::http::access_log::access_log;
use crate::http::coding::decode;
use crate::http::connection::{Connection, in_turn};
use crate::http::cors::cors;
use crate::http::drain::drain;
use crate::http::gone;
use crate::http::head::limit_head;
use crate::http::pace::pace;
use crate::http::render::render;
use crate::http::security_headers::security_headers;
use crate::problem::{Problem, Slug};
use crate::routes;
use crate::routes::static_files::MAX_READING;
use actix_http::error::DispatchError;
use actix_http::{HttpService, ServiceConfig};
use actix_service::{IntoServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::dev::{AppConfig, Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::{Error, web};
use std::future::ready;
use std::net::{SocketAddr, TcpListener};
use tokio::net::TcpStream;

/// Files that may be open besides connections: those of the database and the log, what uploads write, and image
/// files that are being read.
const OTHER_FILES: u64 = 256 + MAX_READING as u64;

/// A server that listens.
pub struct Running {
    /// Where.
    pub address: SocketAddr,
    /// To stop it.
    pub handle: ServerHandle,
    /// To run it.
    pub server: Server,
}

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is no address, in use or not ours.
    #[error("server.bind: cannot listen on {bind}")]
    Bind {
        /// As set.
        bind: String,
        /// What the system said.
        source: std::io::Error,
    },
}

/// The socket of `bind`.
///
/// # Errors
/// [`StartError`].
pub fn listen(bind: &str) -> Result<TcpListener, StartError> {
    TcpListener::bind(bind).map_err(|source| StartError::Bind { bind: bind.to_owned(), source })
}

/// Builds the server that answers on `listener`, which is set as `bind`.
///
/// # Errors
/// [`StartError`].
pub fn start(app: web::Data<App>, listener: TcpListener, bind: &str, workers: usize) -> Result<Running, StartError> {
    let failed = |source| StartError::Bind { bind: bind.to_owned(), source };
    let address = listener.local_addr().map_err(failed)?;
    let limits = app.http.connections;
    let workers = if workers > 0 { workers } else { std::thread::available_parallelism().map_or(1, usize::from) };
    // The end is [`crate::shutdown`]'s, with a time of its own.
    let server = Server::build().disable_signals().shutdown_timeout(u64::from(u32::MAX));
    let server =
        server.workers(workers).max_concurrent_connections(connections(limits.max_connections).div_ceil(workers));
    let shutdown = server.graceful_shutdown_signal();
    let answers = move || {
        let app = app.clone();
        let layers = actix_web::App::new()
            .app_data(app.clone())
            .configure(routes::configure)
            .default_service(web::to(|| async {
                Err::<&str, _>(Problem::new(Slug::NotFound, "There is nothing at this address."))
            }))
            .wrap(from_fn(decode))
            .wrap(from_fn(pace))
            .wrap(from_fn(limit_head))
            .wrap(from_fn(security_headers))
            .wrap(cors(&app.http.cors_origins))
            .wrap(from_fn(render))
            .wrap(from_fn(drain))
            .wrap(from_fn(access_log))
            .wrap(from_fn(in_turn));
        let layers = layers.into_factory().map_err(|error: Error| error.error_response());
        let shutdown = shutdown.clone();
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let shutdown = shutdown.clone();
                async move { shutdown.notified().await }
            })
            .keep_alive(limits.keep_alive)
            .client_request_timeout(limits.head_timeout)
            .client_disconnect_timeout(limits.linger)
            .local_addr(address)
            .on_connect_ext(|connection: &Connection<TcpStream>, data| {
                data.insert(connection.turn());
                gone::remember(connection.socket(), data);
            })
            .h1(map_config(layers, |_| AppConfig::default()));
        let config = ServiceConfig::default();
        let connect = fn_service(move |socket: TcpStream| {
            // A file's head and body are two writes; without this the second waits for the client's delayed ACK
            // (40 ms).
            let _ = socket.set_nodelay(true);
            let peer = socket.peer_addr().ok();
            ready(Ok::<_, DispatchError>((Connection::new(socket, config.clone(), limits.answer_pace), peer)))
        });
        connect.and_then(http)
    };
    let server = server.listen("http", listener, answers).map_err(failed)?.run();
    Ok(Running { address, handle: server.handle(), server })
}

/// As many as wanted, or as the system lets this process have files open.
fn connections(wanted: usize) -> usize {
    let files = rlimit::increase_nofile_limit(u64::MAX).unwrap_or_else(|error| {
        tracing::warn!(%error, "the number of files that may be open is unknown");
        1024
    });
    let possible = usize::try_from(files.saturating_sub(OTHER_FILES).max(OTHER_FILES)).unwrap_or(usize::MAX);
    if possible < wanted {
        tracing::warn!(wanted, possible, "fewer connections than server.max_connections: too few files may be open");
    }
    wanted.min(possible)
}
