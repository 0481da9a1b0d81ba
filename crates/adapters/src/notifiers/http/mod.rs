//! Notices as HTTP requests to addresses that others have named.
//!
//! A name is asked for its addresses once for each attempt; all of them are checked, and the connection goes
//! to one of those and to nothing else: what the name leads to a moment later does not matter. No proxy is
//! asked, no redirect followed, no connection kept.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use ::http::{HeaderMap, Method, Request, header};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Response, body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use optio_domain::{
    notice::{
        WebhookUrl,
        guard::{Inner, PrivateHosts, check_address, check_url},
        post::{Answered, Attempt, Post, Unsent},
        retry::RetryAfter,
    },
    ports::{Eventually, Notifier},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use url::Host;

mod names;
#[cfg(test)]
mod tests;
mod tls;

pub use names::{Names, SystemNames};
use tls::Tls;

/// Bytes of an answer that are read and kept.
const EXCERPT_BYTES_MAX: usize = 4 << 10;
/// Bytes that the head of an answer may have.
const HEAD_BYTES_MAX: usize = 64 << 10;
/// Addresses of one name that are tried.
const ADDRESSES_MAX: usize = 3;
/// The part of all the time that a connection to one of them may take.
const CONNECT_SHARE: u32 = 4;
/// Characters of the words of somebody else's error.
const WORDS_CHARS_MAX: usize = 300;

/// How notices are sent.
pub struct HttpNotifier {
    private: PrivateHosts,
    answer_max: Duration,
    names: Arc<dyn Names>,
    tls: Tls,
}

impl HttpNotifier {
    /// With this machine's names and the certificate authorities it trusts. A receiver may take so long
    /// to answer, and such hosts may be reached wherever they are.
    #[must_use]
    pub fn new(private: PrivateHosts, answer_max: Duration) -> Self {
        Self {
            private,
            answer_max,
            names: Arc::new(SystemNames),
            tls: Tls::of_this_machine(),
        }
    }

    async fn attempt(&self, post: &Post, began: Instant) -> Attempt {
        let url = &post.url;
        self.check(url)
            .map_err(|inner| Unsent::Refused(inner.to_string()))?;
        let stream = self.connect(url).await?;
        if url.is_https() {
            let stream = self.tls.over(stream, &url.host()).await?;
            self.exchange(stream, post, began).await
        } else {
            self.exchange(stream, post, began).await
        }
    }

    /// The addresses of a host, all of which may be connected to.
    async fn addresses(&self, url: &WebhookUrl) -> Result<Vec<IpAddr>, Unsent> {
        let host = url.host();
        let addresses = match host {
            Host::Ipv4(address) => return Ok(vec![address.into()]),
            Host::Ipv6(address) => return Ok(vec![address.into()]),
            Host::Domain(name) => self.names.addresses(name).await,
        };
        let addresses = addresses.map_err(|error| Unsent::Unresolved(words(&error)))?;
        if addresses.is_empty() {
            return Err(Unsent::Unresolved("it has no address".to_owned()));
        }
        if !self.private.has(&host) {
            for address in &addresses {
                // A name may lead elsewhere by tomorrow, so that this is no reason to give up.
                check_address(*address)
                    .map_err(|inner| Unsent::Misled(format!("{host} leads elsewhere: {inner}")))?;
            }
        }
        Ok(addresses)
    }

    async fn connect(&self, url: &WebhookUrl) -> Result<TcpStream, Unsent> {
        let addresses = self.addresses(url).await?;
        let mut last = String::new();
        for address in addresses.iter().take(ADDRESSES_MAX) {
            let connecting = TcpStream::connect(SocketAddr::new(*address, url.port()));
            match timeout(self.answer_max / CONNECT_SHARE, connecting).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => last = words(&error),
                Err(_late) => last = format!("{address} does not answer"),
            }
        }
        Err(Unsent::Unreachable(last))
    }

    async fn exchange(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send,
        post: &Post,
        began: Instant,
    ) -> Attempt {
        let broken = |error: hyper::Error| Unsent::Broken(words(&error));
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(HEAD_BYTES_MAX)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(broken)?;
        let talk = async {
            let response = sender.send_request(request(post)?).await.map_err(broken)?;
            Ok(self.read(response, began).await)
        };
        // The connection is driven by whoever talks over it, and ends with that.
        let drive = async {
            drop(connection.await);
            std::future::pending::<()>().await;
        };
        tokio::select! {
            answered = talk => answered,
            () = drive => Err(Unsent::Broken("the connection ended".to_owned())),
        }
    }

    /// An answer is one from its head on, however its body goes.
    async fn read(&self, response: Response<Incoming>, began: Instant) -> Answered {
        let (head, mut body) = response.into_parts();
        let mut excerpt = Vec::new();
        let reading = async {
            while excerpt.len() < EXCERPT_BYTES_MAX {
                let Some(Ok(frame)) = body.frame().await else {
                    return;
                };
                if let Some(data) = frame.data_ref() {
                    let room = EXCERPT_BYTES_MAX - excerpt.len();
                    excerpt.extend(data.iter().take(room));
                }
            }
        };
        let left = self.answer_max.saturating_sub(began.elapsed());
        drop(timeout(left / 2, reading).await);
        Answered {
            status: head.status.as_u16(),
            excerpt: String::from_utf8_lossy(&excerpt).into_owned(),
            retry_after: retry_after(&head.headers),
            took_ms: i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX),
        }
    }
}

impl Notifier for HttpNotifier {
    fn check(&self, url: &WebhookUrl) -> Result<(), Inner> {
        check_url(url, &self.private)
    }

    fn send<'a>(&'a self, post: &'a Post) -> Eventually<'a, Attempt> {
        Box::pin(async move {
            let attempt = self.attempt(post, Instant::now());
            match timeout(self.answer_max, attempt).await {
                Ok(attempt) => attempt,
                Err(_late) => {
                    let ms = u64::try_from(self.answer_max.as_millis()).unwrap_or(u64::MAX);
                    Err(Unsent::TimedOut(ms))
                }
            }
        })
    }
}

fn request(post: &Post) -> Result<Request<Full<Bytes>>, Unsent> {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(post.url.path_and_query())
        .header(header::HOST, post.url.authority())
        .header(header::CONNECTION, "close");
    for (name, value) in &post.headers {
        request = request.header(*name, value);
    }
    request
        .body(Full::new(Bytes::from(post.body.clone())))
        .map_err(|error| Unsent::Refused(format!("it cannot be sent as it is: {error}")))
}

fn retry_after(headers: &HeaderMap) -> Option<RetryAfter> {
    let header = headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    RetryAfter::parse(header)
}

/// What is at the end of a chain of errors, which is what happened.
fn words(error: &(dyn std::error::Error + 'static)) -> String {
    let mut source = error;
    while let Some(next) = source.source() {
        source = next;
    }
    source.to_string().chars().take(WORDS_CHARS_MAX).collect()
}
