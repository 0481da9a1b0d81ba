//! Vendors' agent programs behind `AgentCli`.

pub mod claude_code;
mod text;
