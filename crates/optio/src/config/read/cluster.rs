//! The settings of a cluster: where sandboxes are pods.

use optio_adapters::sandboxes::kubernetes::{self, Presets, Settings, Volume};
use optio_domain::sandbox::Destination;
use serde_json::Value;

use super::Reader;
use crate::config::Runtime;

/// What is used where nobody says otherwise.
const NAMESPACE: &str = "optio-sandboxes";
const INSTANCE: &str = "optio";
const SERVICE_ACCOUNT: &str = "optio-sandbox";
const VOLUME_SIZE: &str = "10Gi";
const CACHE_SIZE: &str = "20Gi";
const ACCESS_MODE: &str = "ReadWriteOnce";
/// How images may be pulled.
const PULL_POLICIES: [&str; 3] = ["Always", "IfNotPresent", "Never"];
/// How long a runner without work lives without a control plane.
const ORPHAN_MS_MAX: u64 = 10 * 60 * 1_000;

impl Reader<'_> {
    /// Where sandboxes are.
    pub(super) fn runtime(&mut self, api_url: &str) -> Runtime {
        match self.text("runtime") {
            None | Some("process") => Runtime::Process,
            Some("kubernetes") => Runtime::Kubernetes(Box::new(self.cluster(api_url))),
            Some(_) => {
                self.wrong(
                    "runtime",
                    "must be process (this machine) or kubernetes (pods of a cluster)",
                );
                Runtime::Process
            }
        }
    }

    fn cluster(&mut self, api_url: &str) -> Settings {
        if !api_url.starts_with("http://") {
            self.wrong(
                "api_internal_url",
                "must be set, and start with http://: it is where pods reach this control plane",
            );
        }
        let list = |text: &str| -> Vec<String> {
            let names = text.split(',').map(str::trim);
            names
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect()
        };
        let read = kubernetes::labels;
        Settings {
            namespace: self.named("kubernetes_namespace", NAMESPACE),
            instance: self.named("kubernetes_instance", INSTANCE),
            service_account: self.named("kubernetes_service_account", SERVICE_ACCOUNT),
            api_url: api_url.to_owned(),
            agent_image: self.image("kubernetes_agent_image"),
            presets: self.presets(),
            runner_image: self.image("kubernetes_runner_image"),
            pull_policy: self.pull_policy(),
            pull_secrets: self
                .text("kubernetes_pull_secrets")
                .map(list)
                .unwrap_or_default(),
            node_selector: self
                .parsed("kubernetes_node_selector", read)
                .unwrap_or_default(),
            tolerations: self
                .parsed("kubernetes_tolerations", kubernetes::tolerations)
                .unwrap_or_else(|| Value::Array(Vec::new())),
            resources: self
                .parsed("kubernetes_resources", kubernetes::resources)
                .or_else(|| kubernetes::resources(kubernetes::RESOURCES).ok())
                .unwrap_or_default(),
            runtime_class: self.text("kubernetes_runtime_class").map(str::to_owned),
            volume: Volume {
                size: self.named("kubernetes_volume_size", VOLUME_SIZE),
                class: self.text("kubernetes_volume_class").map(str::to_owned),
                access_mode: self.named("kubernetes_volume_access_mode", ACCESS_MODE),
            },
            cache: Volume {
                size: self.named("kubernetes_cache_size", CACHE_SIZE),
                class: self.text("kubernetes_cache_class").map(str::to_owned),
                access_mode: self.named("kubernetes_cache_access_mode", ACCESS_MODE),
            },
            egress: self.egress(),
            control_plane: self.parsed("kubernetes_control_plane", kubernetes::control_plane),
            orphan_ms_max: ORPHAN_MS_MAX,
        }
    }

    fn named(&self, key: &str, default: &str) -> String {
        let given = self.text(key).filter(|text| !text.is_empty());
        given.unwrap_or(default).to_owned()
    }

    fn image(&mut self, key: &str) -> String {
        let image = self.named(key, "");
        if image.is_empty() || image.contains(char::is_whitespace) {
            self.wrong(key, "must name an image, as in optio-agent:0.1.0");
        }
        image
    }

    /// As they are said to be named, else as our own are named beside the agent image.
    fn presets(&self) -> Option<Presets> {
        let beside = Presets::beside(self.text("kubernetes_agent_image")?);
        let prefix = self.text("kubernetes_agent_image_prefix");
        let tag = self.text("kubernetes_agent_image_tag");
        let (beside_prefix, beside_tag) = beside.map(|it| (it.prefix, it.tag)).unzip();
        Some(Presets {
            prefix: prefix.map(str::to_owned).or(beside_prefix)?,
            tag: tag.map(str::to_owned).or(beside_tag)?,
        })
    }

    fn pull_policy(&mut self) -> Option<String> {
        let policy = self.text("kubernetes_pull_policy")?.to_owned();
        if !PULL_POLICIES.contains(&policy.as_str()) {
            let rule = format!("must be one of {}", PULL_POLICIES.join(", "));
            self.wrong("kubernetes_pull_policy", &rule);
        }
        Some(policy)
    }

    fn egress(&mut self) -> Vec<Destination> {
        self.parsed("kubernetes_egress_cidrs", kubernetes::destinations)
            .unwrap_or_default()
    }

    fn parsed<T>(&mut self, key: &str, read: fn(&str) -> Result<T, String>) -> Option<T> {
        match read(self.text(key)?) {
            Ok(value) => Some(value),
            Err(words) => {
                self.wrong(key, &words);
                None
            }
        }
    }
}
