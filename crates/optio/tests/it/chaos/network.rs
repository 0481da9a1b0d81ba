//! The ways to the control planes, from sandboxes and from each other: proxies that can refuse, stall,
//! and cut in the middle.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    time::timeout,
};

/// How long a control plane that does not answer keeps a new connection from trying another.
const DIAL_MAX: Duration = Duration::from_millis(500);

/// What becomes of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weather {
    Fair,
    /// Connections end, new ones are refused.
    Cut,
    /// Nothing moves.
    Stall,
    /// The next piece comes through by half, and then the connection ends.
    Half,
}

/// Proxies under one sky.
#[derive(Debug)]
pub(super) struct Network {
    weather: watch::Sender<Weather>,
}

impl Network {
    pub(super) fn new() -> Self {
        let (weather, _) = watch::channel(Weather::Fair);
        Self { weather }
    }

    /// The address of a proxy to these addresses, by turns.
    pub(super) async fn way_to(&self, to: &[SocketAddr]) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(accept(listener, to.into(), self.weather.subscribe()));
        address
    }

    pub(super) fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }
}

async fn accept(listener: TcpListener, to: Arc<[SocketAddr]>, weather: watch::Receiver<Weather>) {
    let turn = Arc::new(AtomicUsize::new(0));
    loop {
        let Ok((client, _)) = listener.accept().await else {
            continue;
        };
        let (to, turn, weather) = (Arc::clone(&to), Arc::clone(&turn), weather.clone());
        tokio::spawn(async move {
            if *weather.borrow() == Weather::Cut {
                return;
            }
            let first = turn.fetch_add(1, Ordering::Relaxed);
            for next in 0..to.len() {
                let address = to[(first + next) % to.len()];
                if let Ok(Ok(server)) = timeout(DIAL_MAX, TcpStream::connect(address)).await {
                    return join(client, server, weather).await;
                }
            }
        });
    }
}

async fn join(client: TcpStream, server: TcpStream, weather: watch::Receiver<Weather>) {
    let ((from_client, to_client), (from_server, to_server)) =
        (client.into_split(), server.into_split());
    tokio::select! {
        () = pump(from_client, to_server, weather.clone()) => {}
        () = pump(from_server, to_client, weather) => {}
    }
}

/// Carries bytes one way until an end, or until the weather ends it.
async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut weather: watch::Receiver<Weather>,
) {
    let mut bytes = vec![0; 16 << 10];
    loop {
        let read = tokio::select! {
            read = from.read(&mut bytes) => read.unwrap_or(0),
            cut = weather.wait_for(|weather| *weather == Weather::Cut) => {
                drop(cut);
                return;
            }
        };
        if read == 0 {
            return;
        }
        let moving = weather.wait_for(|weather| *weather != Weather::Stall).await;
        let now = moving.map_or(Weather::Cut, |weather| *weather);
        let part = match now {
            Weather::Fair => &bytes[..read],
            Weather::Half => &bytes[..read / 2],
            Weather::Cut | Weather::Stall => return,
        };
        if to.write_all(part).await.is_err() || now == Weather::Half {
            return;
        }
    }
}
