//! Where a notice may go: to the public internet, and to nothing that only we can reach. Whoever may
//! name an address could otherwise have us call what stands behind our walls.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::Host;

use super::WebhookUrl;

/// The last parts of names that mean this machine or this network.
const INNER_NAMES: [&str; 4] = ["localhost", "local", "internal", "home.arpa"];

/// Addresses of version 4 that nobody on the internet has, or that mean us: the first address of a block,
/// the length of its prefix, and what it is for.
const INNER_V4: [(Ipv4Addr, u32, &str); 16] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8, "this network"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "a private network"),
    (
        Ipv4Addr::new(100, 64, 0, 0),
        10,
        "a carrier's inner network",
    ),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "this machine"),
    // A cloud's own services, which answer to its machines alone.
    (
        Ipv4Addr::new(168, 63, 129, 16),
        32,
        "a cloud's inner service",
    ),
    (
        Ipv4Addr::new(169, 254, 0, 0),
        16,
        "a link-local network, where clouds keep their metadata",
    ),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "a private network"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "protocol assignments"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "documentation"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "relays of 6to4"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "a private network"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "measuring"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "documentation"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "documentation"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "nobody"),
];

/// The only addresses of version 6 that are handed out for the internet.
const PUBLIC_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
/// Of those, the blocks that lead elsewhere.
const INNER_V6: [(Ipv6Addr, u32, &str); 4] = [
    (
        Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0),
        23,
        "protocol assignments and tunnels",
    ),
    (
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0),
        32,
        "documentation",
    ),
    // A tunnel to whatever address of version 4 it holds.
    (
        Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0),
        16,
        "tunnels of 6to4",
    ),
    (
        Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0),
        20,
        "documentation",
    ),
];
/// Addresses that stand for the one of version 4 in their last four bytes: by the machine itself, and by
/// the gateway of a network without version 4.
const STANDING_FOR_V4: [(Ipv6Addr, u32); 2] = [
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96),
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96),
];

/// Why a notice may not go somewhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{what} is not on the public internet ({why}); an installation that wants it reached names its host in webhook_private_hosts"
)]
pub struct Inner {
    /// The host or the address.
    pub what: String,
    /// What it is instead.
    pub why: String,
}

/// The hosts that may be reached wherever they are: an installation has named them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PrivateHosts(Vec<String>);

impl PrivateHosts {
    /// Reads a list of host names and addresses, with commas between them; `*` is every host.
    ///
    /// # Errors
    /// The entry that is no host.
    pub fn parse(text: &str) -> Result<Self, String> {
        let entries = text
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty());
        let host = |entry: &str| {
            let bare = entry.trim_start_matches('[').trim_end_matches(']');
            if entry == "*" {
                return Ok(entry.to_owned());
            }
            match bare.parse::<IpAddr>() {
                Ok(address) => Ok(address.to_string()),
                Err(_) => match Host::parse(entry) {
                    Ok(Host::Domain(name)) => Ok(plain(&name).to_owned()),
                    Ok(Host::Ipv4(_) | Host::Ipv6(_)) | Err(_) => Err(entry.to_owned()),
                },
            }
        };
        entries.map(host).collect::<Result<_, _>>().map(Self)
    }

    /// Whether this host may be reached wherever it is.
    #[must_use]
    pub fn has(&self, host: &Host<&str>) -> bool {
        let name = match host {
            Host::Domain(name) => plain(name).to_owned(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        self.0.iter().any(|known| known == "*" || *known == name)
    }
}

/// Whether an address may be called at all, as far as that can be told without asking where its name
/// leads.
///
/// # Errors
/// [`Inner`] where it certainly may not.
pub fn check_url(url: &WebhookUrl, private: &PrivateHosts) -> Result<(), Inner> {
    let host = url.host();
    if private.has(&host) {
        return Ok(());
    }
    match host {
        Host::Domain(name) => match inner_name(name) {
            Some(why) => Err(Inner {
                what: name.to_owned(),
                why,
            }),
            None => Ok(()),
        },
        Host::Ipv4(address) => check_address(address.into()),
        Host::Ipv6(address) => check_address(address.into()),
    }
}

/// Whether an address that a name led to may be connected to.
///
/// # Errors
/// [`Inner`] where it may not.
pub fn check_address(address: IpAddr) -> Result<(), Inner> {
    match inner(address) {
        None => Ok(()),
        Some(why) => Err(Inner {
            what: address.to_string(),
            why: why.to_owned(),
        }),
    }
}

/// What an address is, where it is not on the public internet.
#[must_use]
pub fn inner(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => inner_v4(address),
        IpAddr::V6(address) => inner_v6(address),
    }
}

fn inner_v4(address: Ipv4Addr) -> Option<&'static str> {
    let within = |(first, prefix, _): &&(Ipv4Addr, u32, &str)| {
        let differing = address.to_bits() ^ first.to_bits();
        *prefix <= differing.leading_zeros()
    };
    INNER_V4.iter().find(within).map(|(.., why)| *why)
}

fn inner_v6(address: Ipv6Addr) -> Option<&'static str> {
    let within = |first: Ipv6Addr, prefix: u32| {
        prefix <= (address.to_bits() ^ first.to_bits()).leading_zeros()
    };
    if STANDING_FOR_V4
        .iter()
        .any(|(first, prefix)| within(*first, *prefix))
    {
        let [.., a, b, c, d] = address.octets();
        return inner_v4(Ipv4Addr::new(a, b, c, d));
    }
    if !within(PUBLIC_V6.0, PUBLIC_V6.1) {
        return Some("an address of this machine or this network");
    }
    let block = INNER_V6
        .iter()
        .find(|(first, prefix, _)| within(*first, *prefix));
    block.map(|(.., why)| *why)
}

fn inner_name(name: &str) -> Option<String> {
    let name = plain(name);
    let ends = |end: &&&str| {
        name.strip_suffix(**end)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    INNER_NAMES
        .iter()
        .find(ends)
        .map(|end| format!("names that end in {end} are inner ones"))
}

/// A name without the dot that may end it.
fn plain(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Everything that is not on the public internet, written down a second time and read by other code:
    /// as texts, from the registries of special addresses.
    const V4: &str = "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 \
                      192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 \
                      198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 168.63.129.16/32";
    const V6: &str = "::/8 100::/8 200::/7 400::/6 800::/5 1000::/4 4000::/2 8000::/1 2001::/23 \
                      2001:db8::/32 2002::/16 3fff::/20";

    fn blocks(text: &str) -> Vec<(Vec<u8>, u32)> {
        let bytes = |address: &str| match address.parse::<IpAddr>().unwrap() {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        text.split_whitespace()
            .map(|block| {
                let (address, prefix) = block.split_once('/').unwrap();
                (bytes(address), prefix.parse().unwrap())
            })
            .collect()
    }

    /// Whether the first bits are the same, bit by bit.
    fn listed(text: &str, address: &[u8]) -> bool {
        let bit = |bytes: &[u8], at: u32| {
            let at = usize::try_from(at).unwrap();
            bytes[at / 8] >> (7 - at % 8) & 1
        };
        blocks(text)
            .iter()
            .any(|(first, prefix)| (0..*prefix).all(|at| bit(first, at) == bit(address, at)))
    }

    /// Addresses of which many lie in or beside a block of the lists.
    fn v4() -> impl Strategy<Value = Ipv4Addr> {
        let listed: Vec<u32> = blocks(V4)
            .iter()
            .map(|(first, _)| u32::from_be_bytes(first.clone().try_into().unwrap()))
            .collect();
        let near = (prop::sample::select(listed), any::<u32>(), 0..33_u32);
        let near = near
            .prop_map(|(first, noise, kept)| first ^ noise.checked_shr(kept).unwrap_or_default());
        prop_oneof![any::<u32>(), near].prop_map(Ipv4Addr::from_bits)
    }

    fn v6() -> impl Strategy<Value = Ipv6Addr> {
        let listed: Vec<u128> = blocks(&format!(
            "{V6} fe80::/10 fc00::/7 ff00::/8 ::ffff:0:0/96 64:ff9b::/96 64:ff9b:1::/48"
        ))
        .iter()
        .map(|(first, _)| u128::from_be_bytes(first.clone().try_into().unwrap()))
        .collect();
        let near = (prop::sample::select(listed), any::<u128>(), 0..129_u32);
        let near = near
            .prop_map(|(first, noise, kept)| first ^ noise.checked_shr(kept).unwrap_or_default());
        prop_oneof![any::<u128>(), near].prop_map(Ipv6Addr::from_bits)
    }

    proptest! {
        #[test]
        fn of_version_4_exactly_the_listed_addresses_are_inner(address in v4()) {
            prop_assert_eq!(inner(address.into()).is_some(), listed(V4, &address.octets()), "{}", address);
        }

        #[test]
        fn an_address_that_stands_for_another_is_what_that_is(address in v4()) {
            let [a, b, c, d] = address.octets();
            let tail = [u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])];
            let mapped = Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, tail[0], tail[1]);
            let translated = Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, tail[0], tail[1]);
            prop_assert_eq!(inner(mapped.into()), inner(address.into()));
            prop_assert_eq!(inner(translated.into()), inner(address.into()));
            let tunnel = Ipv6Addr::new(0x2002, tail[0], tail[1], 0, 0, 0, 0, 1);
            prop_assert!(inner(tunnel.into()).is_some());
            let compatible = Ipv6Addr::new(0, 0, 0, 0, 0, 0, tail[0], tail[1]);
            prop_assert!(inner(compatible.into()).is_some());
        }

        #[test]
        fn of_version_6_exactly_the_listed_addresses_are_inner(address in v6()) {
            let octets = address.octets();
            let stands = octets.starts_with(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff])
                || octets.starts_with(&[0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0]);
            let expected = if stands { listed(V4, &octets[12..]) } else { listed(V6, &octets) };
            prop_assert_eq!(inner(address.into()).is_some(), expected, "{}", address);
        }
    }

    fn checked(url: &str, private: &str) -> Result<(), Inner> {
        let private = PrivateHosts::parse(private).unwrap();
        check_url(&WebhookUrl::parse("url", url).unwrap(), &private)
    }

    #[test]
    fn what_everybody_tries_first_is_refused() {
        for url in [
            "http://localhost",
            "http://LOCALHOST.",
            "http://a.localhost/",
            "http://127.0.0.1:8080/",
            "http://0x7f000001/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:a9fe:a9fe]/",
            "http://[64:ff9b::a9fe:a9fe]/",
            "http://169.254.169.254/latest/meta-data",
            "http://metadata.google.internal/",
            "http://[fd00:ec2::254]/",
            "http://100.100.100.200/",
            "http://192.0.0.192/",
            "http://168.63.129.16/",
            "http://0.0.0.0/",
            "http://[::]/",
            "http://10.1.2.3/",
            "http://printer.local/",
            "http://router.home.arpa/",
            "http://[fe80::1]/",
            "http://255.255.255.255/",
        ] {
            let refused = checked(url, "").unwrap_err().to_string();
            assert!(
                refused.contains("webhook_private_hosts"),
                "{url}: {refused}"
            );
        }
    }

    #[test]
    fn the_public_internet_is_open() {
        for url in [
            "https://example.com/",
            "https://notlocalhost/",
            "https://internal.example.com/",
            "https://8.8.8.8/",
            "https://[2606:4700::1111]/",
            "https://[::ffff:8.8.8.8]/",
            "https://172.15.0.1/",
            "https://172.32.0.1/",
            "https://100.128.0.1/",
        ] {
            assert_eq!(checked(url, ""), Ok(()), "{url}");
        }
    }

    #[test]
    fn an_installation_may_name_hosts_of_its_own() {
        let private = " hooks.internal ,127.0.0.1,[::1]";
        for url in [
            "http://hooks.internal./x",
            "http://127.0.0.1:9/",
            "http://[::1]/",
            "http://0x7f.1/",
        ] {
            assert_eq!(checked(url, private), Ok(()), "{url}");
        }
        for url in [
            "http://other.internal/",
            "http://127.0.0.2/",
            "http://a.hooks.internal/",
        ] {
            assert!(checked(url, private).is_err(), "{url}");
        }
        assert_eq!(checked("http://10.0.0.1/", "*"), Ok(()));
        assert_eq!(PrivateHosts::parse("a, b c").unwrap_err(), "b c");
        assert_eq!(PrivateHosts::parse("http://a").unwrap_err(), "http://a");
    }
}
