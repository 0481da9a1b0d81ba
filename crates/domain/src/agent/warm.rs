//! Warm processes: which one may serve the next turn. The process holds a conversation, a setting
//! and a token; a turn gets it only where all of that is what the turn would be started with.

use serde::{Deserialize, Serialize};

use crate::{
    id::RunId,
    transcript::Facts,
    wire::runner::{EndCause, Ended},
};

/// What a process was started or set to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// A fingerprint of everything but the model: program, arguments, environment, secrets, files
    /// and the agent's own words.
    pub print: String,
    /// The model; the program's default where none is given.
    pub model: Option<String>,
}

/// A process that waits for the next turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarmProcess {
    /// The run that started it.
    pub process: RunId,
    /// What it is set to.
    pub setting: Setting,
    /// The vendor's session it holds.
    pub session: String,
}

/// Who serves a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// A new process.
    New,
    /// The one that waits, as it is.
    Warm(RunId),
    /// The one that waits, once it is set to the turn's model.
    WarmWithModel(RunId),
}

impl Server {
    /// The process that waits, where it is one.
    #[must_use]
    pub fn process(self) -> Option<RunId> {
        match self {
            Self::New => None,
            Self::Warm(process) | Self::WarmWithModel(process) => Some(process),
        }
    }
}

/// Who serves a run, and what its process is set to where that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Who.
    pub server: Server,
    /// What the process is set to; `None` is a process for this run alone.
    pub setting: Option<Setting>,
}

impl Service {
    /// The process that serves this run, as far as it is known before the start.
    #[must_use]
    pub fn process(&self, run: RunId) -> RunId {
        self.server.process().unwrap_or(run)
    }
}

/// Decides who serves a turn that wants this setting and goes on with this session.
#[must_use]
pub fn server(
    warm: Option<&WarmProcess>,
    wanted: &Setting,
    session: Option<&str>,
    sets_model: bool,
) -> Server {
    let Some(warm) = warm else { return Server::New };
    // Without a session the turn begins afresh, and a warm process cannot forget.
    if session != Some(warm.session.as_str()) || warm.setting.print != wanted.print {
        return Server::New;
    }
    match (warm.setting.model == wanted.model, sets_model) {
        (true, _) => Server::Warm(warm.process),
        (false, true) => Server::WarmWithModel(warm.process),
        (false, false) => Server::New,
    }
}

/// The process that a run has left waiting. One whose work failed is not trusted with more.
#[must_use]
pub fn left_waiting(
    ended: Option<&Ended>,
    facts: &Facts,
    process: RunId,
    setting: Option<&Setting>,
) -> Option<WarmProcess> {
    let finished = ended.is_some_and(|ended| ended.cause == EndCause::Finished);
    let well = facts.end.as_ref().is_some_and(|end| end.success);
    if !finished || !well {
        return None;
    }
    Some(WarmProcess {
        process,
        setting: setting?.clone(),
        session: facts.session.clone()?,
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::transcript::{End, Fact};

    const PROCESS: RunId = RunId(Uuid::from_u128(1));

    fn setting(print: &str, model: Option<&str>) -> Setting {
        Setting {
            print: print.to_owned(),
            model: model.map(str::to_owned),
        }
    }

    fn warm() -> WarmProcess {
        WarmProcess {
            process: PROCESS,
            setting: setting("p", Some("opus")),
            session: "s".to_owned(),
        }
    }

    #[test]
    fn only_the_same_setting_and_session_are_served_by_a_warm_process() {
        let serve = |print, model, session, sets_model| {
            server(Some(&warm()), &setting(print, model), session, sets_model)
        };
        assert_eq!(
            serve("p", Some("opus"), Some("s"), false),
            Server::Warm(PROCESS)
        );
        assert_eq!(serve("q", Some("opus"), Some("s"), true), Server::New);
        assert_eq!(serve("p", Some("opus"), Some("t"), true), Server::New);
        assert_eq!(serve("p", Some("opus"), None, true), Server::New);
        assert_eq!(
            serve("p", None, Some("s"), true),
            Server::WarmWithModel(PROCESS)
        );
        assert_eq!(serve("p", None, Some("s"), false), Server::New);
        let wanted = setting("p", Some("opus"));
        assert_eq!(server(None, &wanted, Some("s"), true), Server::New);
    }

    #[test]
    fn a_process_waits_only_after_work_that_went_well() {
        let ended = |cause| Ended {
            cause,
            code: None,
            signal: None,
            detail: None,
        };
        let facts = |success| {
            let mut facts = Facts::default();
            facts.learn(Fact::Session("s".to_owned()));
            facts.learn(Fact::End(End {
                success,
                summary: String::new(),
                cost_usd: None,
                input_tokens: None,
                output_tokens: None,
                class: None,
            }));
            facts
        };
        let setting = warm().setting;
        let left = |cause, success, setting| {
            left_waiting(Some(&ended(cause)), &facts(success), PROCESS, setting)
        };
        assert_eq!(left(EndCause::Finished, true, Some(&setting)), Some(warm()));
        assert_eq!(left(EndCause::Finished, false, Some(&setting)), None);
        assert_eq!(left(EndCause::Exited, true, Some(&setting)), None);
        assert_eq!(left(EndCause::Finished, true, None), None);
        let nothing = left_waiting(None, &facts(true), PROCESS, Some(&setting));
        assert_eq!(nothing, None);
    }
}
