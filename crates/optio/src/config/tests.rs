use super::*;

fn found() -> Found {
    Found {
        host: Host {
            root: false,
            cwd: PathBuf::from("/home/ada"),
        },
        env: env(&[("HOME", "/home/ada")]),
        ..Found::default()
    }
}

fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn with(mut found: Found, file: &str, more: &[(&str, &str)]) -> Found {
    found.file = Some((PathBuf::from("/etc/optio.toml"), file.to_owned()));
    found.env.extend(env(more));
    found
}

fn server(found: Found) -> Config {
    Settings::load(found).unwrap().server().unwrap()
}

/// Everything that is refused, whether on the way in or when it is read.
fn problems(found: Found) -> Vec<String> {
    match Settings::load(found) {
        Err(refused) => refused.details,
        Ok(settings) => settings.server().unwrap_err().details,
    }
}

#[test]
fn without_anything_the_defaults_of_the_user_hold() {
    let config = server(found());
    assert_eq!(config.listen.to_string(), "127.0.0.1:30400");
    assert_eq!(config.public_url, "http://127.0.0.1:30400");
    assert_eq!(
        config.data_dir,
        PathBuf::from("/home/ada/.local/share/optio/dev")
    );
    assert_eq!(
        config.tools_dir,
        PathBuf::from("/home/ada/.local/share/optio/tools")
    );
    assert_eq!((config.agent_uid, config.bwrap), (None, Bwrap::InPath));
    assert_eq!(config.limits, Limits::default());
    assert!(config.database_url.is_none() && !config.credentials.are_there());
}

#[test]
fn root_has_its_own_places_and_an_own_user_for_agents() {
    let mut found = found();
    found.host.root = true;
    let config = server(found);
    assert_eq!(config.data_dir, PathBuf::from("/var/lib/optio/dev"));
    assert_eq!(config.tools_dir, PathBuf::from("/var/lib/optio/tools"));
    assert_eq!(config.agent_uid, Some(61000));
}

#[test]
fn flags_beat_the_environment_which_beats_the_file_which_beats_defaults() {
    let file = "listen = '127.0.0.1:1'\nlog = 'warn'\ndata_dir = 'here'\n[limits]\nfan_out_max = 7";
    let mut found = with(
        found(),
        file,
        &[("OPTIO_LISTEN", "127.0.0.1:2"), ("RUST_LOG", "debug")],
    );
    found
        .flags
        .push(("listen", "--listen", "127.0.0.1:3".to_owned()));
    let config = server(found);
    assert_eq!(config.listen.port(), 3);
    assert_eq!(config.log, "debug");
    assert_eq!(config.data_dir, PathBuf::from("/home/ada/here"));
    assert_eq!(config.limits.fan_out_max, 7);
    assert_eq!(config.limits.turns_running_max, 10);
}

#[test]
fn of_two_names_of_the_environment_the_own_one_wins_and_empty_is_not_set() {
    let more = [
        ("OPTIO_LOG", "trace"),
        ("RUST_LOG", "error"),
        ("OPTIO_SERVER", ""),
        ("OPTIO_API_URL", "http://there:1/"),
    ];
    let settings = Settings::load(with(found(), "", &more)).unwrap();
    assert_eq!(settings.server().unwrap().log, "trace");
    assert_eq!(settings.client().unwrap().server, "http://there:1");
}

#[test]
fn where_agents_dial_is_never_the_clients_server_nor_an_address_nobody_has() {
    let more = [
        ("OPTIO_API_URL", "http://elsewhere:1"),
        ("OPTIO_LISTEN", "0.0.0.0:30401"),
    ];
    let config = server(with(found(), "", &more));
    assert_eq!(config.public_url, "http://127.0.0.1:30401");
}

#[test]
fn names_of_older_deployments_set_limits() {
    let more = [
        ("OPTIO_MAX_PERSISTENT_AGENTS_RUNNING", "3"),
        ("OPTIO_PERSISTENT_AGENT_POD_PROVISION_MS", "5000"),
        ("OPTIO_LIMITS_INBOX_MESSAGES_MAX", "9"),
    ];
    let limits = server(with(found(), "", &more)).limits;
    assert_eq!(limits.turns_running_max, 3);
    assert_eq!(limits.provision_ms_max, 5_000);
    assert_eq!(limits.inbox_messages_max, 9);
}

#[test]
fn everything_unknown_is_refused_at_once_with_its_place() {
    let file = "lissten = 'x'\n\n[limits]\nturns_runing_max = 3\nx = [1]\n";
    let more = [
        ("OPTIO_LIMITS_FAN_OUTMAX", "1"),
        ("OPTIO_LIMITS_TURNS_RUNNING_MAX", "1"),
        ("OPTIO_MAX_PERSISTENT_AGENTS_RUNNING", "2"),
    ];
    assert_eq!(
        problems(with(found(), file, &more)),
        [
            "/etc/optio.toml:5: limits.x: no setting takes a value of type array",
            "/etc/optio.toml:1: unknown setting lissten; did you mean listen?",
            "/etc/optio.toml:4: unknown setting limits.turns_runing_max; did you mean \
             limits.turns_running_max?",
            "environment OPTIO_LIMITS_TURNS_RUNNING_MAX and OPTIO_MAX_PERSISTENT_AGENTS_RUNNING set \
             limits.turns_running_max to different values; unset one",
            "environment OPTIO_LIMITS_FAN_OUTMAX: there is no such limit; did you mean \
             limits.fan_out_max?",
        ]
    );
}

#[test]
fn a_file_that_is_not_toml_is_refused_with_its_line() {
    let told = problems(with(found(), "log = 'info'\nlisten = =\n", &[]));
    assert!(
        told[0].starts_with("/etc/optio.toml:2: not TOML: "),
        "{told:?}"
    );
}

#[test]
fn every_wrong_value_is_named_with_place_and_remedy_but_never_printed() {
    let file = "token_key = 'hunter2'\nagent_uid = 0\nbwrap = 'maybe'\n";
    let more = [
        ("OPTIO_LISTEN", "everywhere"),
        ("DATABASE_URL", "mysql://hunter2"),
        ("OPTIO_LOG", "info,=,"),
        ("OPTIO_LIMITS_INBOX_MESSAGES_MAX", "4294967296"),
        ("OPTIO_LIMITS_FAN_OUT_MAX", "0"),
        ("OPTIO_LIMITS_MESSAGE_BYTES_MAX", "2000000"),
        ("ANTHROPIC_BASE_URL", "model.example"),
    ];
    let told = problems(with(found(), file, &more));
    let starts = [
        "environment OPTIO_LISTEN: listen must be",
        "environment OPTIO_LIMITS_FAN_OUT_MAX: limits.fan_out_max must be",
        "environment OPTIO_LIMITS_INBOX_MESSAGES_MAX: limits.inbox_messages_max must be",
        "environment OPTIO_LIMITS_MESSAGE_BYTES_MAX: limits.message_bytes_max must not be above",
        "environment DATABASE_URL: database_url must",
        "environment OPTIO_LOG: log must",
        "environment ANTHROPIC_BASE_URL: anthropic_base_url must",
        "/etc/optio.toml:1: token_key must",
        "/etc/optio.toml:2: agent_uid must",
        "/etc/optio.toml:3: bwrap must",
    ];
    assert_eq!(told.len(), starts.len(), "{told:#?}");
    for (problem, start) in told.iter().zip(starts) {
        assert!(problem.starts_with(start), "{problem}");
        assert!(!problem.contains("hunter2"), "{problem}");
    }
}

#[test]
fn another_user_for_agents_is_refused_where_it_could_not_be_had() {
    let told = problems(with(found(), "agent_uid = 61000", &[]));
    assert!(told[0].contains("needs Optio to run as root"), "{told:?}");
}

#[test]
fn secrets_are_masked_and_every_value_says_where_it_is_from() {
    let key = "ab".repeat(32);
    let more = [
        ("ANTHROPIC_API_KEY", "sk-hunter2"),
        (
            "DATABASE_URL",
            "postgres://ada:hunter2@db/optio?sslkey=hunter2&a=b",
        ),
        ("OPTIO_TOKEN_KEY", key.as_str()),
        ("OPTIO_TOKEN", "hunter2"),
    ];
    let settings = Settings::load(with(found(), "log = 'warn'", &more)).unwrap();
    let shown = settings.shown();
    let line = |key: &str| {
        let it = shown.iter().find(|it| it.key == key).unwrap();
        format!("{} ({})", it.value.as_deref().unwrap_or("-"), it.source)
    };
    assert_eq!(
        line("anthropic_api_key"),
        "*** (environment ANTHROPIC_API_KEY)"
    );
    assert_eq!(
        line("database_url"),
        "postgres://ada:***@db/optio?sslkey=***&a=b (environment DATABASE_URL)"
    );
    assert_eq!(line("token_key"), "*** (environment OPTIO_TOKEN_KEY)");
    assert_eq!(line("log"), "warn (/etc/optio.toml:1)");
    assert_eq!(line("listen"), "127.0.0.1:30400 (default)");
    assert_eq!(line("claude_code_oauth_token"), "- (not set)");
    let config = settings.server().unwrap();
    assert_eq!(config.token_key, Some(TokenKey([0xab; 32])));
    let printed = format!("{config:?}{shown:?}");
    assert!(!printed.contains("hunter2"), "{printed}");
}

#[test]
fn every_limit_of_the_domain_is_a_setting() {
    let shown = Settings::load(found()).unwrap().shown();
    let limits = shown
        .iter()
        .filter(|it| it.key.starts_with("limits."))
        .count();
    let fields = serde_json::to_value(Limits::default()).unwrap();
    assert_eq!(limits, fields.as_object().unwrap().len());
}

#[test]
fn zero_turns_a_warm_process_off_and_is_no_value_of_any_other_limit() {
    let zero = |name: &str| with(found(), "", &[(name, "0")]);
    let limits = server(zero("OPTIO_LIMITS_WARM_IDLE_MS_MAX")).limits;
    assert_eq!(limits.warm_idle_ms_max, 0);
    let refused =
        Settings::load(zero("OPTIO_LIMITS_WARM_RSS_BYTES_MAX")).and_then(|it| it.server());
    assert!(refused.is_err());
}

const KEY: &str = "8f1c5a07d39be2644af0917e2cb8d35566a90ef3127bc48d01fe3a95d7602bc4";

#[test]
fn keys_of_secrets_are_given_or_lie_in_a_file() {
    let other = KEY.replace('8', "9");
    let more = [
        ("OPTIO_ENCRYPTION_KEY", KEY),
        ("OPTIO_ENCRYPTION_KEY_PREVIOUS", other.as_str()),
    ];
    let settings = Settings::load(with(found(), "", &more)).unwrap();
    let config = settings.server().unwrap();
    let Encryption::Given(ring) = &config.encryption else {
        panic!("{config:?}")
    };
    let keys: Vec<String> = ring.keys().map(|key| key.reveal()).collect();
    assert_eq!(keys, [KEY, &other]);
    let printed = format!("{config:?} {:?}", settings.shown());
    assert!(
        !printed.contains(KEY) && !printed.contains(&other),
        "{printed}"
    );
    let file = server(with(found(), "encryption_key_file = 'optio.key'", &[]));
    let path = PathBuf::from("/home/ada/optio.key");
    assert_eq!(file.encryption, Encryption::File(path));
    assert_eq!(server(found()).encryption, Encryption::Unset);
}

#[test]
fn a_bad_key_of_secrets_is_refused_with_its_remedy_and_never_printed() {
    let equal = "ab".repeat(32);
    for (more, words) in [
        (
            &[("OPTIO_ENCRYPTION_KEY", "hunter2")][..],
            "must be 64 hexadecimal digits",
        ),
        (
            &[("OPTIO_ENCRYPTION_KEY", &equal)],
            "all its bytes are equal",
        ),
        (
            &[("OPTIO_ENCRYPTION_KEY_PREVIOUS", KEY)],
            "needs encryption_key",
        ),
        (
            &[
                ("OPTIO_ENCRYPTION_KEY", KEY),
                ("OPTIO_ENCRYPTION_KEY_FILE", "k"),
            ],
            "are both set",
        ),
    ] {
        let told = problems(with(found(), "", more));
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told[0].starts_with("environment OPTIO_ENCRYPTION_KEY"),
            "{told:?}"
        );
        assert!(told[0].contains(words), "{told:?}");
        assert!(
            !told[0].contains("hunter2") && !told[0].contains(&equal),
            "{told:?}"
        );
    }
}

#[test]
fn hosts_that_notices_may_reach_inside_are_named_one_by_one() {
    let config = server(found());
    assert_eq!(config.webhook_private_hosts, PrivateHosts::default());
    let more = [("OPTIO_WEBHOOK_PRIVATE_HOSTS", "hooks.internal, 127.0.0.1")];
    let config = server(with(found(), "", &more));
    let named = PrivateHosts::parse("hooks.internal,127.0.0.1").unwrap();
    assert_eq!(config.webhook_private_hosts, named);
    let more = [("OPTIO_WEBHOOK_PRIVATE_HOSTS", "http://hooks.internal/")];
    let told = problems(with(found(), "", &more));
    assert!(
        told[0].contains("webhook_private_hosts must be host names"),
        "{told:?}"
    );
}
