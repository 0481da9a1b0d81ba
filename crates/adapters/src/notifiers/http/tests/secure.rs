//! Receivers that speak TLS.

use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use super::*;

fn certificate(pem: &[u8]) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem).unwrap()
}

/// A receiver that can prove to be `hooks.example` to whoever trusts its authority. Returns its port, and
/// what it was told over TLS in the end.
async fn receiver_with_tls() -> (u16, tokio::task::JoinHandle<Option<String>>) {
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/server.key")).unwrap();
    let config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate(include_bytes!("tls/server.pem"))], key)
            .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let told = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = TlsAcceptor::from(Arc::new(config))
            .accept(stream)
            .await
            .ok()?;
        let mut bytes = vec![0; 16 << 10];
        let read = stream
            .read(&mut bytes)
            .await
            .ok()
            .filter(|read| 0 < *read)?;
        let answer = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
        stream.write_all(answer).await.unwrap();
        bytes.truncate(read);
        Some(String::from_utf8_lossy(&bytes).into_owned())
    });
    (port, told)
}

/// Sends something to such a receiver by this name.
async fn sent(name: &str, trusted: Vec<CertificateDer<'static>>) -> (Attempt, Option<String>) {
    let (port, told) = receiver_with_tls().await;
    let notifier = HttpNotifier {
        tls: Tls::trusting(trusted),
        ..with_names(
            notifier("*", PATIENT),
            &Fickle::leading(&[&[[127, 0, 0, 1]]]),
        )
    };
    let attempt = send(&notifier, &format!("https://{name}:{port}/hook")).await;
    (attempt, told.await.unwrap())
}

#[tokio::test]
async fn a_receiver_that_proves_who_it_is_is_told() {
    let authority = certificate(include_bytes!("tls/ca.pem"));
    let (attempt, told) = sent(NAME, vec![authority]).await;
    assert_eq!(attempt.unwrap().status, 204);
    let told = told.unwrap();
    assert!(told.starts_with("POST /hook HTTP/1.1\r\n"), "{told}");
}

#[tokio::test]
async fn whoever_cannot_prove_it_is_told_nothing() {
    let authority = || certificate(include_bytes!("tls/ca.pem"));
    let other = || certificate(include_bytes!("tls/server.pem"));
    for (name, trusted) in [
        (NAME, vec![other()]),
        ("other.example", vec![authority()]),
        ("127.0.0.1", vec![authority()]),
    ] {
        let (attempt, told) = sent(name, trusted).await;
        let Err(Unsent::Broken(words)) = attempt else {
            panic!("{name}: {attempt:?}");
        };
        assert!(words.starts_with("TLS: "), "{name}: {words}");
        assert_eq!(told, None, "{name}");
    }
}

#[tokio::test]
async fn without_authorities_nothing_goes_out_and_the_remedy_is_named() {
    let (port, _told) = receiver_with_tls().await;
    let attempt = send(
        &notifier("*", PATIENT),
        &format!("https://127.0.0.1:{port}/"),
    )
    .await;
    let Err(Unsent::Broken(words)) = attempt else {
        panic!("{attempt:?}");
    };
    assert!(words.contains("ca-certificates"), "{words}");
}
