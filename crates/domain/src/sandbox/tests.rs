use serde_json::json;

use super::*;

fn broken(value: Value) -> Vec<String> {
    let broken = SandboxSpec::read(Some(&value)).unwrap_err();
    broken.iter().map(ToString::to_string).collect()
}

#[test]
fn what_is_written_is_read_and_written_again_as_it_was() {
    let value = json!({
        "imagePreset": "rust", "cpuRequest": "500m", "cpuLimit": "2", "memoryRequest": "512Mi",
        "memoryLimit": "4Gi", "networkPolicy": "closed", "egress": ["10.1.0.0/16:443"],
        "runtimeClass": "gvisor", "nodeSelector": { "example.org/disk": "fast" },
        "caches": ["~/.cargo/registry"],
    });
    let spec = SandboxSpec::read(Some(&value)).unwrap();
    assert_eq!(serde_json::to_value(&spec).unwrap(), value);
    assert_eq!(spec.decided().len(), value.as_object().unwrap().len());
    assert!(SandboxSpec::read(None).unwrap().is_default());
    assert_eq!(
        serde_json::to_value(SandboxSpec::default()).unwrap(),
        json!({})
    );
}

#[test]
fn the_names_of_presets_and_policies_are_those_of_the_api() {
    for preset in ImagePreset::ALL {
        assert_eq!(serde_json::to_value(preset).unwrap(), preset.name());
    }
    for policy in NetworkPolicy::ALL {
        assert_eq!(serde_json::to_value(policy).unwrap(), policy.name());
    }
}

#[test]
fn every_rule_that_is_broken_is_told_with_its_place() {
    for (value, words) in [
        (
            json!({ "imagePreset": "cobol" }),
            "sandbox: imagePreset: unknown variant",
        ),
        (json!({ "cpus": 1 }), "sandbox: cpus: unknown field"),
        (json!([]), "sandbox: must be an object"),
        (
            json!({ "image": "a b" }),
            "image: must be the name of an image",
        ),
        (
            json!({ "image": "a", "imagePreset": "go" }),
            "image: needs imagePreset to be null",
        ),
        (
            json!({ "cpuLimit": "lots" }),
            "cpuLimit: must be an amount such as 500m or 2",
        ),
        (json!({ "cpuLimit": "0" }), "cpuLimit: must be"),
        (
            json!({ "cpuRequest": "1.5", "cpuLimit": "1499m" }),
            "cpuRequest: must not be more than cpuLimit",
        ),
        (
            json!({ "memoryRequest": "1Gi", "memoryLimit": "1G" }),
            "memoryRequest: must not be more than memoryLimit",
        ),
        (json!({ "memoryLimit": "1Gb" }), "memoryLimit: must be"),
        (
            json!({ "egress": ["example.org"] }),
            "egress: `example.org` is neither",
        ),
        (
            json!({ "runtimeClass": "gVisor" }),
            "runtimeClass: must be the name",
        ),
        (
            json!({ "nodeSelector": { "a b": "c" } }),
            "nodeSelector: has `a b: c`",
        ),
        (
            json!({ "nodeSelector": { "/b": "c" } }),
            "nodeSelector: has `/b: c`",
        ),
        (
            json!({ "caches": ["/etc"] }),
            "caches: `/etc` must be a folder below",
        ),
        (json!({ "caches": ["~/../x"] }), "caches: `~/../x` must be"),
        (
            json!({ "caches": ["~/.npm", "/home/agent/.npm/x"] }),
            "caches: `/home/agent/.npm/x` is within another",
        ),
    ] {
        let broken = broken(value.clone());
        assert!(broken[0].starts_with(words), "{value}: {broken:?}");
    }
    let two = broken(json!({ "cpuLimit": "x", "memoryLimit": "y" }));
    assert_eq!(two.len(), 2, "{two:?}");
}

#[test]
fn amounts_are_read_as_kubernetes_reads_them() {
    assert_eq!(cpu_of("250m"), cpu_of("0.25"));
    assert_eq!(cpu_of("2"), Some(2_000));
    assert_eq!(memory_of("1Ki"), memory_of("1024"));
    assert_eq!(memory_of("0.5Gi"), memory_of("512Mi"));
    assert_eq!(memory_of("1k"), memory_of("1000"));
    for wrong in [
        "",
        "m",
        "-1",
        "1e3",
        "1.2345",
        ".5",
        "1.",
        "9999999999999999",
    ] {
        assert_eq!(cpu_of(wrong), None, "{wrong}");
        assert_eq!(memory_of(wrong), None, "{wrong}");
    }
}

#[test]
fn destinations_are_networks_with_or_without_a_port() {
    let at = |cidr: &str, port| {
        Ok(Destination {
            cidr: cidr.to_owned(),
            port,
        })
    };
    assert_eq!(Destination::parse("10.1.0.0/16"), at("10.1.0.0/16", None));
    assert_eq!(
        Destination::parse("10.2.0.7/32:8443"),
        at("10.2.0.7/32", Some(8443))
    );
    assert_eq!(Destination::parse("fd00::/8"), at("fd00::/8", None));
    assert_eq!(
        Destination::parse("[fd00::/8]:443"),
        at("fd00::/8", Some(443))
    );
    for wrong in [
        "10.1.0.0",
        "10.1.0.0/33",
        "example.com/32",
        "10.1.0.0/8:x",
        "10.0.0.0/8:0",
        "[fd00::/8]443",
    ] {
        assert!(Destination::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_folder_of_the_home_is_written_in_two_ways() {
    let path = |path: &str| Cache::parse(path).unwrap().path;
    assert_eq!(path("~/.npm"), path("/home/agent/.npm"));
    assert_eq!(path("/workspace/cache"), "/workspace/cache");
}
