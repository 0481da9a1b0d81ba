//! The one place that writes to the terminal: results on the output, words to a person on the
//! error stream, colours only where a person looks.

use std::io::{IsTerminal, Result, Write};

use serde_json::Value;

use crate::failure::{Exit, Failure};

/// How a piece of text is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it is.
    Plain,
    /// Of less interest.
    Dim,
    /// A heading.
    Strong,
    /// All is well.
    Good,
    /// Look here.
    Warning,
    /// It is broken.
    Bad,
}

/// Where a command writes.
pub struct Console {
    out: Box<dyn Write + Send>,
    err: Box<dyn Write + Send>,
    colour: bool,
    json: bool,
}

impl Console {
    /// The process's own streams.
    #[must_use]
    pub fn terminal(json: bool, no_color: bool) -> Self {
        Self {
            out: Box::new(std::io::stdout()),
            err: Box::new(std::io::stderr()),
            colour: !json && !no_color && std::io::stdout().is_terminal(),
            json,
        }
    }

    /// Any two streams, without colours.
    #[must_use]
    pub fn new(out: Box<dyn Write + Send>, err: Box<dyn Write + Send>, json: bool) -> Self {
        Self {
            out,
            err,
            colour: false,
            json,
        }
    }

    /// Whether the output is for a program.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Writes one line of the result.
    ///
    /// # Errors
    /// When nobody reads the output.
    pub fn line(&mut self, text: &str) -> Result<()> {
        writeln!(self.out, "{text}")?;
        self.out.flush()
    }

    /// Writes text as it is.
    ///
    /// # Errors
    /// When nobody reads the output.
    pub fn text(&mut self, text: &str) -> Result<()> {
        write!(self.out, "{text}")?;
        self.out.flush()
    }

    /// Writes a value over several lines.
    ///
    /// # Errors
    /// When nobody reads the output.
    pub fn json(&mut self, value: &Value) -> Result<()> {
        self.line(&format!("{value:#}"))
    }

    /// Tells a person something that is not the result.
    pub fn note(&mut self, text: &str) {
        // A closed error stream leaves nobody to tell.
        drop(writeln!(self.err, "{text}"));
    }

    /// Says why a command failed.
    pub fn failure(&mut self, failure: &Failure) {
        if matches!(failure.exit, Exit::PipeClosed | Exit::Interrupted) {
            return;
        }
        if self.json {
            return self.note(&failure.to_json().to_string());
        }
        self.note(&format!("optio: {}", failure.message));
        for detail in &failure.details {
            self.note(&format!("  {detail}"));
        }
    }

    /// The text in a colour, where there are colours.
    #[must_use]
    pub fn paint(&self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Plain => return text.to_owned(),
            Tone::Dim => "2",
            Tone::Strong => "1",
            Tone::Good => "32",
            Tone::Warning => "33",
            Tone::Bad => "31",
        };
        if self.colour {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    /// Writes rows under a heading, each column as wide as its widest cell. The tone is the row's.
    ///
    /// # Errors
    /// When nobody reads the output.
    pub fn table(&mut self, head: &[&str], rows: &[(Tone, Vec<String>)]) -> Result<()> {
        let mut widths: Vec<usize> = head.iter().map(|cell| cell.chars().count()).collect();
        for (_, row) in rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        let line = |cells: &mut dyn Iterator<Item = &str>| {
            let padded: Vec<_> = cells
                .zip(&widths)
                .map(|(cell, width)| format!("{cell:<width$}"))
                .collect();
            padded.join("  ").trim_end().to_owned()
        };
        let heading = self.paint(Tone::Dim, &line(&mut head.iter().copied()));
        self.line(&heading)?;
        for (tone, row) in rows {
            let painted = self.paint(*tone, &line(&mut row.iter().map(String::as_str)));
            self.line(&painted)?;
        }
        Ok(())
    }
}
