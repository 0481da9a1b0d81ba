//! Where names lead.

use std::{io, net::IpAddr};

use optio_domain::ports::Eventually;

/// Where names lead.
pub trait Names: Send + Sync {
    /// The addresses of a host, as they are now.
    fn addresses<'a>(&'a self, host: &'a str) -> Eventually<'a, io::Result<Vec<IpAddr>>>;
}

/// The names that this machine knows.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemNames;

impl Names for SystemNames {
    fn addresses<'a>(&'a self, host: &'a str) -> Eventually<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}
