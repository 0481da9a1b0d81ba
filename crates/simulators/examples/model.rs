//! Starts the simulated model by hand: `cargo run -p optio-simulators --example model -- forge 8900`.
//! The first argument is an embedded scenario or a file.

use std::error::Error;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};

use optio_simulators::{ModelSimulator, Scenario};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let wanted = arguments.next().unwrap_or_else(|| "forge".to_owned());
    let port = arguments.next().map_or(Ok(8900), |port| port.parse())?;
    let scenario = match std::fs::read_to_string(&wanted) {
        Ok(text) => Scenario::parse(&text)?,
        Err(_) => Scenario::builtin(&wanted)?,
    };
    let simulator =
        ModelSimulator::start(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), scenario).await?;
    let mut out = std::io::stdout();
    writeln!(out, "ANTHROPIC_BASE_URL={}", simulator.url())?;
    tokio::signal::ctrl_c().await?;
    for seen in simulator.requests() {
        writeln!(
            out,
            "{} {} {} {} step {} {}",
            seen.number,
            seen.method,
            seen.path,
            seen.status,
            seen.step,
            seen.rules.join(", ")
        )?;
    }
    simulator.stop().await;
    Ok(())
}
