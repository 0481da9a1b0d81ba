//! TLS to receivers: with the certificate authorities that this machine trusts, and no others.

use std::sync::Arc;

use optio_domain::notice::post::Unsent;
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};
use url::Host;

use super::words;

/// How TLS is spoken.
pub(super) struct Tls {
    /// None where this machine trusts nobody.
    connector: Option<TlsConnector>,
}

impl Tls {
    /// As this machine does.
    pub(super) fn of_this_machine() -> Self {
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            tracing::debug!(%error, "a certificate authority of this machine cannot be read");
        }
        Self::trusting(found.certs)
    }

    /// With these authorities.
    pub(super) fn trusting(authorities: Vec<CertificateDer<'static>>) -> Self {
        let mut roots = RootCertStore::empty();
        let (read, _unreadable) = roots.add_parsable_certificates(authorities);
        let provider = Arc::new(ring::default_provider());
        let config =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let connector = config.ok().filter(|_| 0 < read).map(|config| {
            let config = config.with_root_certificates(roots).with_no_client_auth();
            TlsConnector::from(Arc::new(config))
        });
        Self { connector }
    }

    /// Speaks it over a connection, with whoever can prove to be this host.
    pub(super) async fn over(
        &self,
        stream: TcpStream,
        host: &Host<&str>,
    ) -> Result<TlsStream<TcpStream>, Unsent> {
        let Some(connector) = &self.connector else {
            let words = "this machine knows no certificate authorities; install ca-certificates";
            return Err(Unsent::Broken(words.to_owned()));
        };
        let name = match host {
            Host::Domain(name) => ServerName::try_from((*name).to_owned())
                .map_err(|_bad| Unsent::Refused(format!("{name} is no name for TLS")))?,
            Host::Ipv4(address) => ServerName::from(std::net::IpAddr::from(*address)),
            Host::Ipv6(address) => ServerName::from(std::net::IpAddr::from(*address)),
        };
        let spoken = connector.connect(name, stream).await;
        spoken.map_err(|error| Unsent::Broken(format!("TLS: {}", words(&error))))
    }
}
