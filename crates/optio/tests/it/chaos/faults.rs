//! The faults of a schedule, carried out.

use std::{sync::Arc, time::Duration};

use rustix::process::Signal;
use tokio::{
    sync::Mutex,
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};

use super::{
    machine::Machine,
    network::Weather,
    replica::Replica,
    schedule::{Fault, Planned},
    site::{Parts, Site},
};
use crate::world::{alive, kill9, signal};

/// Carries out a schedule. Faults that hit the same part wait for each other.
pub(super) async fn strike(site: &Site, schedule: &[Planned]) {
    let begin = Instant::now();
    let mut under_way = JoinSet::new();
    for planned in schedule.iter().copied() {
        sleep_until(begin + planned.at).await;
        under_way.spawn(carry_out(Arc::clone(&site.parts), planned));
    }
    while let Some(done) = under_way.join_next().await {
        done.unwrap();
    }
}

async fn carry_out(parts: Arc<Parts>, planned: Planned) {
    let Planned { pick, hold, .. } = planned;
    match planned.fault {
        Fault::KillReplica => {
            let mut replica = replica(&parts, pick).lock().await;
            replica.kill().await;
            sleep(hold).await;
            replica.start();
        }
        Fault::RestartReplica => {
            let mut replica = replica(&parts, pick).lock().await;
            if let Some(status) = replica.stop().await.filter(|status| !status.success()) {
                let fall = format!("a stop that was asked for ended with {status}");
                replica.falls.push(fall);
            }
            sleep(hold).await;
            replica.start();
        }
        Fault::FreezeReplica => {
            let replica = replica(&parts, pick).lock().await;
            replica.signal(Signal::STOP);
            sleep(hold).await;
            replica.signal(Signal::CONT);
        }
        Fault::KillPostgres => postgres_away(&parts, Signal::KILL, hold).await,
        Fault::RestartPostgres => postgres_away(&parts, Signal::INT, hold).await,
        Fault::SlowDisk => {
            parts.database.flush(planned.flush());
            sleep(hold).await;
            parts.database.flush(Duration::ZERO);
        }
        Fault::SetReplicaClock => {
            let machine = &parts.machines[pick % parts.machines.len()];
            clock(machine, planned.clock_ms(), hold).await;
        }
        Fault::SetDatabaseClock => clock(&parts.database, planned.clock_ms(), hold).await,
        Fault::KillRunner => kill_one(&parts.runners(), pick),
        Fault::KillAgent => kill_one(&parts.programs(), pick),
        Fault::FreezeRunner => freeze_one(&parts.runners(), pick, hold).await,
        Fault::CutNetwork => weather(&parts, Weather::Cut, hold).await,
        Fault::StallNetwork => weather(&parts, Weather::Stall, hold).await,
        Fault::HalfNetwork => weather(&parts, Weather::Half, hold).await,
        Fault::Flood => parts.flood(pick).await,
    }
    parts.struck(planned.fault);
}

fn replica(parts: &Parts, pick: usize) -> &Mutex<Replica> {
    &parts.replicas[pick % parts.replicas.len()]
}

async fn postgres_away(parts: &Parts, how: Signal, hold: Duration) {
    let mut postgres = parts.postgres.lock().await;
    postgres.end(how).await;
    sleep(hold).await;
    postgres.again().await;
}

async fn clock(machine: &Machine, ahead_ms: i64, hold: Duration) {
    machine.clock(ahead_ms);
    sleep(hold).await;
    machine.clock(0);
}

async fn weather(parts: &Parts, weather: Weather, hold: Duration) {
    parts.network.set(weather);
    sleep(hold).await;
    parts.network.set(Weather::Fair);
}

fn kill_one(victims: &[i32], pick: usize) {
    if !victims.is_empty() {
        kill9(victims[pick % victims.len()]);
    }
}

async fn freeze_one(victims: &[i32], pick: usize, hold: Duration) {
    if victims.is_empty() {
        return;
    }
    let victim = victims[pick % victims.len()];
    signal(victim, Signal::STOP);
    sleep(hold).await;
    if alive(victim) {
        signal(victim, Signal::CONT);
    }
}
