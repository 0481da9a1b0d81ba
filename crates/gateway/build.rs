//! The files of the UI are compiled in, so that another UI is another program. `scripts/web` touches this file when it
//! has built the first one: a folder that is missing cannot be watched without building everything again each time.

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let dist = "../../web/dist";
    if Path::new(dist).exists() {
        println!("cargo::rerun-if-changed={dist}");
    }
}
