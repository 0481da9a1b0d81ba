//! The search for inputs that break a promise: libFuzzer over one target, which `OPTIO_FUZZ_TARGET`
//! names. Started by `scripts/fuzz`.
#![no_main]

use std::sync::LazyLock;

use optio_fuzz::{TARGETS, Target};

static CHOSEN: LazyLock<&Target> = LazyLock::new(|| {
    let name = std::env::var_os("OPTIO_FUZZ_TARGET").unwrap_or_default();
    TARGETS
        .iter()
        .find(|target| *target.name == *name)
        .unwrap_or_else(|| panic!("OPTIO_FUZZ_TARGET names no target"))
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| (CHOSEN.play)(data));
