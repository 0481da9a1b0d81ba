//! Calls of an API over HTTP with JSON: with a deadline, not while the rate limit is used up, conditional
//! where an answer is kept, and through all pages of a list. What differs from host to host, and from
//! tracker to tracker, is its [`Dialect`]. Of octocrab only the connection is used here: it puts hyper, TLS and time limits
//! together for any base address.

mod cache;
mod token;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ::http::{HeaderMap, HeaderValue, header};
use chrono::{DateTime, Utc};
use octocrab::Octocrab;
use optio_domain::{git_host::GitHostError, ports::Clock};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use self::cache::{Cache, Kept};
pub(super) use self::token::Account;
pub(crate) use self::token::{Bearer, as_bearer, plain_token};

/// How long a connection may take.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// How long a whole call may take.
const CALL_MAX: Duration = Duration::from_secs(20);
/// Pages of one list. With a hundred entries each, a longer list is a mistake.
const PAGES_MAX: u32 = 100;

/// Characters of the host's words that are passed on.
pub(crate) const WORDS_CHARS_MAX: usize = 500;

/// How a host's API speaks.
pub(crate) struct Dialect {
    /// The kind of answer that is asked for.
    pub(crate) accept: &'static str,
    /// What else every call says of itself.
    pub(crate) headers: &'static [(&'static str, &'static str)],
    /// How a token is shown.
    pub(crate) authorization: fn(&str) -> String,
    /// Until when no more calls are to be made, if an answer says so.
    pub(crate) limit_end: fn(&Reply, DateTime<Utc>) -> Option<DateTime<Utc>>,
    /// What the caller can do about a refusal of this path.
    pub(crate) refusal: fn(&Reply, &str, DateTime<Utc>) -> GitHostError,
}

/// Why an API cannot be spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadApi {
    /// The address is none.
    Url,
    /// This machine knows nobody whose certificates could be trusted.
    Certificates,
}

/// The methods that are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
    Put,
    Patch,
}

impl Method {
    fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
        }
    }
}

/// What was answered.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Reply {
    /// The body, understood.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, GitHostError> {
        serde_json::from_str(&self.body).map_err(|error| {
            GitHostError::Busy(format!("the answer is not what was expected: {error}"))
        })
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The number in a header.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.header(name)?.parse().ok()
    }

    /// Hosts that spare themselves the counting of long lists still name the next page.
    fn has_next(&self) -> bool {
        let link = self.header("link");
        link.is_some_and(|link| link.contains("rel=\"next\""))
            || self
                .header("x-next-page")
                .is_some_and(|page| !page.is_empty())
    }
}

/// A page that was read.
struct Page<T> {
    value: T,
    has_next: bool,
    /// The host's name for this version of it.
    etag: Option<String>,
}

/// A host's API at one address.
pub(crate) struct Http {
    crab: Octocrab,
    dialect: Dialect,
    clock: Arc<dyn Clock>,
    cache: Mutex<Cache>,
    /// Until when no call is to be made, by the name of the token.
    limited: Mutex<BTreeMap<String, DateTime<Utc>>>,
}

impl Http {
    pub(crate) fn new(
        api_url: &str,
        dialect: Dialect,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, BadApi> {
        let bad = || BadApi::Url;
        let url = api_url.trim_end_matches('/');
        if !url.starts_with("https://") && !url.starts_with("http://") {
            return Err(bad());
        }
        let crab = Octocrab::builder()
            .base_uri(url)
            .map_err(|_| bad())?
            .set_connect_timeout(Some(CONNECT_MAX))
            .set_read_timeout(Some(CALL_MAX))
            .build()
            // It fails for nothing but these, and for headers of which we set none.
            .map_err(|_| BadApi::Certificates)?;
        Ok(Self {
            crab,
            dialect,
            clock,
            cache: Mutex::default(),
            limited: Mutex::default(),
        })
    }

    /// One call that succeeds or says what the caller can do.
    pub(crate) async fn call(
        &self,
        bearer: &Bearer,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Reply, GitHostError> {
        let reply = self.send(bearer, method, path, body, None).await?;
        self.judged(reply, path)
    }

    pub(crate) fn judged(&self, reply: Reply, path: &str) -> Result<Reply, GitHostError> {
        match reply.status {
            200..300 => Ok(reply),
            _ => Err((self.dialect.refusal)(&reply, path, self.clock.now())),
        }
    }

    /// One call, whatever its status. With an `ETag` it may be 304.
    pub(super) async fn send(
        &self,
        bearer: &Bearer,
        method: Method,
        path: &str,
        body: Option<&Value>,
        etag: Option<&str>,
    ) -> Result<Reply, GitHostError> {
        if let Some(until) = self.limited_until(&bearer.name) {
            return Err(GitHostError::RateLimited { until });
        }
        let sent = tokio::time::timeout(CALL_MAX, self.exchange(bearer, method, path, body, etag));
        let reply = match sent.await {
            Ok(reply) => reply?,
            Err(_) => {
                let words = format!("no answer within {} s", CALL_MAX.as_secs());
                return Err(GitHostError::Busy(words));
            }
        };
        if let Some(until) = (self.dialect.limit_end)(&reply, self.clock.now()) {
            lock(&self.limited).insert(bearer.name.clone(), until);
        }
        Ok(reply)
    }

    async fn exchange(
        &self,
        bearer: &Bearer,
        method: Method,
        path: &str,
        body: Option<&Value>,
        etag: Option<&str>,
    ) -> Result<Reply, GitHostError> {
        let mut request = ::http::Request::builder()
            .method(method.name())
            .uri(path)
            .header(header::ACCEPT, self.dialect.accept)
            .header(header::AUTHORIZATION, self.shown(bearer)?);
        for (name, value) in self.dialect.headers {
            request = request.header(*name, *value);
        }
        if let Some(etag) = etag.and_then(|etag| HeaderValue::from_str(etag).ok()) {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        let request = self.crab.build_request(request, body);
        let request = request.map_err(|error| unsent(&error))?;
        let sent = self.crab.execute(request).await;
        let response = sent.map_err(|error| unsent(&error))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = self.crab.body_to_string(response).await;
        Ok(Reply {
            status,
            headers,
            body: body.map_err(|error| unsent(&error))?,
        })
    }

    fn shown(&self, bearer: &Bearer) -> Result<HeaderValue, GitHostError> {
        let shown = (self.dialect.authorization)(&bearer.token);
        let mut shown = HeaderValue::from_str(&shown).map_err(|_| {
            GitHostError::Refused("the token holds characters that no token has".to_owned())
        })?;
        shown.set_sensitive(true);
        Ok(shown)
    }

    fn limited_until(&self, name: &str) -> Option<DateTime<Utc>> {
        let mut limited = lock(&self.limited);
        let until = limited.get(name).copied()?;
        if self.clock.now() < until {
            return Some(until);
        }
        limited.remove(name);
        None
    }

    /// Reads something, from what is kept if it is unchanged.
    pub(crate) async fn get<T>(&self, bearer: &Bearer, path: &str) -> Result<T, GitHostError>
    where
        T: Serialize + DeserializeOwned,
    {
        Ok(self.page(bearer, path).await?.value)
    }

    /// The same, with the host's name for this version of it.
    pub(super) async fn get_tagged<T>(
        &self,
        bearer: &Bearer,
        path: &str,
    ) -> Result<(T, Option<String>), GitHostError>
    where
        T: Serialize + DeserializeOwned,
    {
        let page = self.page(bearer, path).await?;
        Ok((page.value, page.etag))
    }

    /// Reads one page of a list, and whether there is another.
    pub(super) async fn one_page<T>(
        &self,
        bearer: &Bearer,
        path: &str,
    ) -> Result<(Vec<T>, bool), GitHostError>
    where
        T: Serialize + DeserializeOwned,
    {
        let page: Page<Vec<T>> = self.page(bearer, path).await?;
        Ok((page.value, page.has_next))
    }

    /// Reads all pages of a list.
    pub(super) async fn all<P, T>(
        &self,
        bearer: &Bearer,
        path: &str,
    ) -> Result<Vec<T>, GitHostError>
    where
        P: Serialize + DeserializeOwned + Into<Vec<T>>,
    {
        let mark = if path.contains('?') { '&' } else { '?' };
        let mut all = Vec::new();
        for number in 1..=PAGES_MAX {
            let address = format!("{path}{mark}per_page=100&page={number}");
            let page: Page<P> = self.page(bearer, &address).await?;
            all.extend(page.value.into());
            if !page.has_next {
                return Ok(all);
            }
        }
        let words = format!("{path} has more than {PAGES_MAX} pages");
        Err(GitHostError::Refused(words))
    }

    async fn page<T>(&self, bearer: &Bearer, path: &str) -> Result<Page<T>, GitHostError>
    where
        T: Serialize + DeserializeOwned,
    {
        // What is kept is what was understood, which is for one understanding only.
        let key = format!("{} {} {path}", bearer.name, std::any::type_name::<T>());
        let kept = lock(&self.cache).get(&key);
        let etag = kept.as_ref().map(|kept| kept.etag.as_str());
        let reply = self.send(bearer, Method::Get, path, None, etag).await?;
        if let (304, Some(kept)) = (reply.status, kept)
            && let Ok(value) = serde_json::from_str(&kept.body)
        {
            return Ok(Page {
                value,
                has_next: kept.has_next,
                etag: Some(kept.etag),
            });
        }
        let reply = self.judged(reply, path)?;
        let (value, has_next) = (reply.read::<T>()?, reply.has_next());
        let etag = reply.header("etag").map(str::to_owned);
        if let (Some(etag), Ok(body)) = (etag.clone(), serde_json::to_string(&value)) {
            let kept = Kept {
                etag,
                body,
                has_next,
            };
            lock(&self.cache).put(key, kept);
        }
        Ok(Page {
            value,
            has_next,
            etag,
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A call that got no answer.
fn unsent(error: &octocrab::Error) -> GitHostError {
    // Its own text holds a backtrace; what happened is at the end of the chain.
    let mut source: &dyn std::error::Error = error;
    while let Some(next) = source.source() {
        source = next;
    }
    let words: String = source.to_string().chars().take(WORDS_CHARS_MAX).collect();
    GitHostError::Busy(words)
}

/// A text as part of a query or a path.
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
