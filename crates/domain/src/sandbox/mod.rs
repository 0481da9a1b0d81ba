//! What people decide about the place an agent runs in: its image, what it may use of a machine, which machine,
//! and what it may reach. Pure: names and rules, the same for repositories, jobs and agents.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::agent::spec::Invalid;

/// Characters of the name of an image.
const IMAGE_CHARS_MAX: usize = 255;
/// Labels of nodes that may be asked for.
const LABELS_MAX: usize = 20;
/// Destinations that may be named.
const DESTINATIONS_MAX: usize = 50;
/// Folders that may be shared.
const CACHES_MAX: usize = 10;
/// Bytes of the path of one.
const CACHE_BYTES_MAX: usize = 200;
/// The home of agents, which a path that begins with `~` means, too.
pub const HOME: &str = "/home/agent";
/// Where agents work.
pub const WORKSPACE: &str = "/workspace";

/// Images that are made for a kind of work: the basic one with what that needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImagePreset {
    /// git, curl, jq and the agent programs.
    Base,
    /// With Node.js.
    Node,
    /// With Python.
    Python,
    /// With Go.
    Go,
    /// With Rust.
    Rust,
    /// With all of these.
    Full,
}

impl ImagePreset {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Base,
        Self::Node,
        Self::Python,
        Self::Go,
        Self::Rust,
        Self::Full,
    ];

    /// Its name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Node => "node",
            Self::Python => "python",
            Self::Go => "go",
            Self::Rust => "rust",
            Self::Full => "full",
        }
    }
}

/// What a sandbox may reach besides DNS, the control plane and what is named for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NetworkPolicy {
    /// The public internet: git over ssh, http and https.
    #[default]
    Unrestricted,
    /// The public internet by https alone.
    Restricted,
    /// Nothing.
    Closed,
}

impl NetworkPolicy {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Unrestricted, Self::Restricted, Self::Closed];

    /// Its name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unrestricted => "unrestricted",
            Self::Restricted => "restricted",
            Self::Closed => "closed",
        }
    }
}

/// What is decided; what is left out is as the installation has it. [`SandboxSpec::check`] knows the rules.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct SandboxSpec {
    /// One of our images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_preset: Option<ImagePreset>,
    /// Any image with git and a shell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Processors it is sure to have, such as `500m` or `2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_request: Option<String>,
    /// Processors it may use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_limit: Option<String>,
    /// Memory it is sure to have, such as `512Mi`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_request: Option<String>,
    /// Memory it may use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_limit: Option<String>,
    /// What it may reach.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_policy: Option<NetworkPolicy>,
    /// What it may reach besides: `10.1.0.0/16`, `10.2.0.7/32:8443`, `[fd00::/8]:443`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub egress: Vec<String>,
    /// The runtime class, such as gVisor's or Kata's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime_class: Option<String>,
    /// Labels that its node has.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub node_selector: BTreeMap<String, String>,
    /// Folders that all sandboxes of the same repository or job share, such as `~/.cargo/registry`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub caches: Vec<String>,
}

impl SandboxSpec {
    /// Reads what a person has written; nothing is everything as the installation has it.
    ///
    /// # Errors
    /// The rules that are broken.
    pub fn read(value: Option<&Value>) -> Result<Self, Vec<Invalid>> {
        let Some(value) = value.filter(|value| !value.is_null()) else {
            return Ok(Self::default());
        };
        if !value.is_object() {
            return Err(vec![Invalid::new("sandbox", "must be an object")]);
        }
        let spec: Self = serde_path_to_error::deserialize(value).map_err(|error| {
            let place = error.path().to_string();
            let rule = match place.as_str() {
                "." => error.inner().to_string(),
                place => format!("{place}: {}", error.inner()),
            };
            vec![Invalid::new("sandbox", rule)]
        })?;
        spec.check()?;
        Ok(spec)
    }

    /// Whether everything is as the installation has it.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The names of what is decided otherwise than every installation has it, as the API has them.
    #[must_use]
    pub fn decided(&self) -> Vec<&'static str> {
        let Self {
            image_preset,
            image,
            cpu_request,
            cpu_limit,
            memory_request,
            memory_limit,
            network_policy,
            egress,
            runtime_class,
            node_selector,
            caches,
        } = self;
        [
            ("imagePreset", image_preset.is_some()),
            ("image", image.is_some()),
            ("cpuRequest", cpu_request.is_some()),
            ("cpuLimit", cpu_limit.is_some()),
            ("memoryRequest", memory_request.is_some()),
            ("memoryLimit", memory_limit.is_some()),
            (
                "networkPolicy",
                network_policy.unwrap_or_default() != NetworkPolicy::default(),
            ),
            ("egress", !egress.is_empty()),
            ("runtimeClass", runtime_class.is_some()),
            ("nodeSelector", !node_selector.is_empty()),
            ("caches", !caches.is_empty()),
        ]
        .into_iter()
        .filter_map(|(name, decided)| decided.then_some(name))
        .collect()
    }

    /// Checks every rule and returns all that are broken.
    ///
    /// # Errors
    /// The broken rules, in the order of the members.
    pub fn check(&self) -> Result<(), Vec<Invalid>> {
        let mut broken = Vec::new();
        let mut rule = |result: Result<(), Invalid>| broken.extend(result.err());
        rule(self.check_image());
        let cpu = [&self.cpu_request, &self.cpu_limit];
        rule(amounts(
            ["cpuRequest", "cpuLimit"],
            cpu,
            cpu_of,
            "500m or 2",
        ));
        let memory = [&self.memory_request, &self.memory_limit];
        let names = ["memoryRequest", "memoryLimit"];
        rule(amounts(names, memory, memory_of, "512Mi or 4Gi"));
        rule(self.check_egress());
        rule(match &self.runtime_class {
            Some(name) if !is_dns_name(name) => Err(Invalid::new(
                "runtimeClass",
                "must be the name of a RuntimeClass: lower-case letters, digits, - and .",
            )),
            Some(_) | None => Ok(()),
        });
        rule(self.check_labels());
        rule(self.check_caches());
        if broken.is_empty() {
            Ok(())
        } else {
            Err(broken)
        }
    }

    fn check_image(&self) -> Result<(), Invalid> {
        let Some(image) = &self.image else {
            return Ok(());
        };
        if self.image_preset.is_some() {
            return Err(Invalid::new("image", "needs imagePreset to be null"));
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-/:@".contains(c);
        let begins = image.starts_with(|c: char| c.is_ascii_alphanumeric());
        if begins && image.len() <= IMAGE_CHARS_MAX && image.chars().all(plain) {
            return Ok(());
        }
        Err(Invalid::new("image", "must be the name of an image"))
    }

    fn check_egress(&self) -> Result<(), Invalid> {
        if DESTINATIONS_MAX < self.egress.len() {
            let rule = format!("may have {DESTINATIONS_MAX} destinations");
            return Err(Invalid::new("egress", rule));
        }
        for entry in &self.egress {
            Destination::parse(entry).map_err(|rule| Invalid::new("egress", rule))?;
        }
        Ok(())
    }

    fn check_labels(&self) -> Result<(), Invalid> {
        let wrong = |rule: String| Err(Invalid::new("nodeSelector", rule));
        if LABELS_MAX < self.node_selector.len() {
            return wrong(format!("may have {LABELS_MAX} labels"));
        }
        for (key, value) in &self.node_selector {
            let name = match key.split_once('/') {
                Some((prefix, _)) if !is_dns_name(prefix) => "",
                Some((_, name)) => name,
                None => key,
            };
            if name.is_empty() || !is_label(name) || !is_label(value) {
                return wrong(format!("has `{key}: {value}`, which is no label"));
            }
        }
        Ok(())
    }

    fn check_caches(&self) -> Result<(), Invalid> {
        let wrong = |rule: String| Err(Invalid::new("caches", rule));
        if CACHES_MAX < self.caches.len() {
            return wrong(format!("may have {CACHES_MAX} folders"));
        }
        let mut seen: BTreeSet<String> = BTreeSet::new();
        for path in &self.caches {
            let folder = match Cache::parse(path) {
                Ok(cache) => format!("{}/", cache.path),
                Err(rule) => return wrong(rule),
            };
            let within = |other: &String| other.starts_with(&folder) || folder.starts_with(other);
            if seen.iter().any(within) {
                return wrong(format!("`{path}` is within another of them"));
            }
            seen.insert(folder);
        }
        Ok(())
    }

    /// Its destinations. What [`SandboxSpec::check`] would refuse is left out.
    #[must_use]
    pub fn destinations(&self) -> Vec<Destination> {
        let read = |entry: &String| Destination::parse(entry).ok();
        self.egress.iter().filter_map(read).collect()
    }

    /// Its shared folders. What [`SandboxSpec::check`] would refuse is left out.
    #[must_use]
    pub fn shared(&self) -> Vec<Cache> {
        let read = |path: &String| Cache::parse(path).ok();
        self.caches.iter().filter_map(read).collect()
    }
}

/// Addresses that may be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// As `10.0.0.0/8`.
    pub cidr: String,
    /// The TCP port; `None` is every port.
    pub port: Option<u16>,
}

impl Destination {
    /// Reads `10.1.0.0/16`, `10.2.0.7/32:8443`, `fd00::/8` or `[fd00::/8]:443`.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn parse(entry: &str) -> Result<Self, String> {
        let wrong = || format!("`{entry}` is neither ADDRESS/BITS nor ADDRESS/BITS:PORT");
        let (cidr, port) = match entry.strip_prefix('[') {
            Some(rest) => {
                let (cidr, port) = rest.split_once("]:").ok_or_else(wrong)?;
                (cidr, Some(port))
            }
            None if entry.matches(':').count() == 1 => {
                let (cidr, port) = entry.split_once(':').ok_or_else(wrong)?;
                (cidr, Some(port))
            }
            None => (entry, None),
        };
        let (address, bits) = cidr.split_once('/').ok_or_else(wrong)?;
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let bits: u8 = bits.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let port = port.map(str::parse).transpose().map_err(|_| wrong())?;
        if most < bits || port == Some(0) {
            return Err(wrong());
        }
        Ok(Self {
            cidr: cidr.to_owned(),
            port,
        })
    }
}

/// A folder that is shared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cache {
    /// Where agents find it.
    pub path: String,
}

impl Cache {
    /// Reads `~/.npm`, `/home/agent/.npm` or `/workspace/cache`.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn parse(path: &str) -> Result<Self, String> {
        let whole = match path.strip_prefix("~/") {
            Some(rest) => format!("{HOME}/{rest}"),
            None => path.to_owned(),
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
        let inside = [HOME, WORKSPACE].into_iter().find_map(|root| {
            let rest = whole.strip_prefix(root)?.strip_prefix('/')?;
            (!rest.is_empty()).then_some(rest)
        });
        let part = |it: &str| !matches!(it, "" | "." | "..");
        match inside {
            Some(rest)
                if whole.len() <= CACHE_BYTES_MAX
                    && rest.chars().all(plain)
                    && rest.split('/').all(part) =>
            {
                Ok(Self { path: whole })
            }
            Some(_) | None => Err(format!(
                "`{path}` must be a folder below ~ or {WORKSPACE}, of letters, digits and ._-/ , such as ~/.cargo/registry"
            )),
        }
    }
}

/// Two amounts, of which the first may not be the greater one.
fn amounts(
    names: [&'static str; 2],
    texts: [&Option<String>; 2],
    read: impl Fn(&str) -> Option<u128>,
    such_as: &str,
) -> Result<(), Invalid> {
    let mut read_all = [None; 2];
    for ((name, text), slot) in names.into_iter().zip(texts).zip(&mut read_all) {
        let Some(text) = text else {
            continue;
        };
        *slot = read(text).filter(|amount| 0 < *amount);
        if slot.is_none() {
            let rule = format!("must be an amount such as {such_as}, not `{text}`");
            return Err(Invalid::new(name, rule));
        }
    }
    match read_all {
        [Some(request), Some(limit)] if limit < request => {
            let rule = format!("must not be more than {}", names[1]);
            Err(Invalid::new(names[0], rule))
        }
        _ => Ok(()),
    }
}

/// Thousandths of a processor, as Kubernetes writes them: <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>.
#[must_use]
pub fn cpu_of(text: &str) -> Option<u128> {
    match text.strip_suffix('m') {
        Some(whole) => digits(whole),
        None => thousandths(text),
    }
}

/// Bytes, times a thousand, as Kubernetes writes them.
#[must_use]
pub fn memory_of(text: &str) -> Option<u128> {
    const UNITS: [(&str, u128); 10] = [
        ("Ki", 1 << 10),
        ("Mi", 1 << 20),
        ("Gi", 1 << 30),
        ("Ti", 1 << 40),
        ("Pi", 1 << 50),
        ("k", 1_000),
        ("M", 1_000_000),
        ("G", 1_000_000_000),
        ("T", 1_000_000_000_000),
        ("P", 1_000_000_000_000_000),
    ];
    let unit = UNITS.iter().find(|(unit, _)| text.ends_with(unit));
    let (number, times) = match unit {
        Some((unit, times)) => (text.strip_suffix(unit)?, *times),
        None => (text, 1),
    };
    thousandths(number).map(|it| it * times)
}

/// Fewer digits than would not fit, whatever it is multiplied by.
fn digits(text: &str) -> Option<u128> {
    let fits = !text.is_empty() && text.len() <= 15;
    (fits && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

/// A number with at most three digits after its point, in thousandths.
fn thousandths(text: &str) -> Option<u128> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, "0"));
    if 3 < rest.len() {
        return None;
    }
    let padded = format!("{rest:0<3}");
    Some(digits(whole)? * 1_000 + digits(rest).and(digits(&padded))?)
}

fn is_dns_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    text.len() <= 253
        && text.chars().all(plain)
        && ends(text.chars().next())
        && ends(text.chars().last())
}

/// The name or the value of a label; a value may be empty.
fn is_label(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let ends = |c: Option<char>| c.is_none_or(|c| c.is_ascii_alphanumeric());
    text.len() <= 63
        && text.chars().all(plain)
        && ends(text.chars().next())
        && ends(text.chars().last())
}

#[cfg(test)]
mod tests;
