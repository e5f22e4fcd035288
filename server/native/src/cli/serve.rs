//! `crm serve`.

use std::{io, path::PathBuf, sync::Arc};

use crm_core::{
    Core,
    core::Config,
    http::cors::Origins,
    ports::{Limiter, limiter::Quota},
};
use tokio::net::TcpListener;
use tracing::{instrument::WithSubscriber, subscriber::NoSubscriber};

use super::{Error, Rate, Serve, signals::Signals};
use crate::{compute::Threads, demo, files, host::Host, limiter::Unlimited, serve, upkeep::Upkeep};

pub async fn run(arguments: Serve) -> Result<(), Error> {
    let address = arguments.addr;
    if arguments.demo && !address.ip().is_loopback() {
        return Err(Error::DemoBeyondLoopback(address));
    }
    // Bind first: if that fails, no data folder has been made.
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => Error::PortInUse(address),
            _ => Error::Listen(address, error),
        })?;
    let address = listener.local_addr().unwrap_or(address);
    let signals = Signals::listen().map_err(Error::Runtime)?;

    // Dropping it deletes the folder and its contents.
    let temporary = if arguments.demo && arguments.data.is_none() {
        let folder = tempfile::Builder::new().prefix("crm-demo-").tempdir();
        Some(folder.map_err(Error::DemoFolder)?)
    } else {
        None
    };
    let data = match &temporary {
        Some(folder) => folder.path().to_path_buf(),
        None => arguments
            .data
            .clone()
            .unwrap_or_else(|| PathBuf::from("crm-data")),
    };
    let mut host = Host::open(&data)?;
    if arguments.rate_limit == Rate::Off {
        let unlimited: Arc<dyn Limiter> = Arc::new(Unlimited);
        host.ports.limiter = unlimited;
    }
    let core = Core::start(host.ports.clone(), config(&arguments)).await?;
    if arguments.demo {
        // Without log lines for each record: the user wants to read the greeting.
        let demo = demo::make(&host, &core, &data)
            .with_subscriber(NoSubscriber::new())
            .await?;
        print!("{}", demo.greeting(address, temporary.is_some()));
    }
    tracing::info!(%address, data = %data.display(), "listening");
    let upkeep = Upkeep::begin(core.clone());
    let router = crm_core::http::router(core);
    let settings = settings(&arguments);
    let served = serve::serve(listener, router, settings, signals.told_to_stop()).await;
    upkeep.end().await;
    served.map_err(Error::Serve)?;
    tracing::info!("stopped");
    let closed = tokio::task::spawn_blocking(move || host.store.close()).await;
    if let Err(error) = closed {
        tracing::warn!(%error, "databases were not closed");
    }
    Ok(())
}

fn settings(arguments: &Serve) -> serve::Settings {
    let defaults = serve::Settings::default();
    let limit = files::raise_limit();
    if let Some(error) = limit.refused {
        tracing::warn!(%error, "the limit of open files was not raised");
    }
    let connections = files::connections(defaults.connections, limit.files);
    if connections < defaults.connections {
        tracing::warn!(
            connections,
            open_files = limit.files,
            "fewer connections are accepted at one time: the system allows too few open files (ulimit -n)"
        );
    }
    serve::Settings {
        connections,
        connections_of_one: arguments.connections_per_address.into(),
        trusted_proxies: arguments.trust_proxy.clone(),
        origins: Origins::new(&arguments.allow_origin),
        ..defaults
    }
}

fn config(arguments: &Serve) -> Config {
    let defaults = Config::default();
    let caller_quota = match arguments.rate_limit {
        Rate::PerMinute(requests) => Quota {
            requests,
            window_s: 60,
            ..defaults.caller_quota
        },
        Rate::Off => defaults.caller_quota,
    };
    Config {
        issuer: arguments.issuer.clone(),
        cors_origins: arguments.allow_origin.clone(),
        cors_headers: arguments.allow_header.clone(),
        trusted_proxies: arguments.trust_proxy.clone(),
        caller_quota,
        compute: Arc::new(Threads::default()),
        ..defaults
    }
}
