//! `serve`: the server on a data folder.

use std::net::SocketAddr;
use std::path::Path;

use app::{OpenOptions, Site};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::arguments::Serve;
use crate::say::{self, Done, Failure};

pub(crate) fn serve(data: &Path, given: &Serve) -> Result<Done, Failure> {
    may_listen(given.listen, given.allow_unauthenticated)?;
    let site = Site::open(data, OpenOptions { create: true })?;
    let runtime = Runtime::new()?;
    let listener = listen(&runtime, given.listen)?;
    say::line(format!("listening on http://{}", listener.local_addr()?))?;
    run(&runtime, &site, listener, given.allow_unauthenticated, given.hosts.clone())
}

/// Refuses an address that strangers could reach.
pub(crate) fn may_listen(address: SocketAddr, allow_unauthenticated: bool) -> Result<(), Failure> {
    web::check_listen(address, allow_unauthenticated).map_err(|refused| Failure::misuse(&refused).hint(refused.hint()))
}

pub(crate) fn listen(runtime: &Runtime, address: SocketAddr) -> Result<TcpListener, Failure> {
    runtime.block_on(TcpListener::bind(address)).map_err(|error| {
        let taken = error.kind() == std::io::ErrorKind::AddrInUse;
        let failure = Failure::file("listen on", address, error);
        if taken {
            failure.hint("another program listens there; choose another address with --listen")
        } else {
            failure
        }
    })
}

/// Serves until it is told to stop, then closes the site.
pub(crate) fn run(
    runtime: &Runtime,
    site: &Site,
    listener: TcpListener,
    allow_unauthenticated: bool,
    hosts: Vec<String>,
) -> Result<Done, Failure> {
    let options = web::Options {
        allow_unauthenticated,
        hosts,
        body_bytes_max: site.settings().limits.body_bytes_max,
        shutdown: Box::pin(told_to_stop()),
        ..web::Options::default()
    };
    let served = runtime.block_on(web::serve(site.clone(), listener, options));
    tracing::info!("stopping");
    site.close()?;
    served?;
    Ok(Done::Well)
}

/// Done when a person or the system asks the program to end.
async fn told_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) else {
            interrupt.await.ok();
            return;
        };
        tokio::select! {
            _ = interrupt => {}
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    interrupt.await.ok();
}
