//! Reads the event stream format: bytes in, whole events out.

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    /// Its id, where it has one.
    pub(super) id: Option<String>,
    /// Its data.
    pub(super) data: String,
}

/// Bytes of one event; a stream that sends more is not understood.
const EVENT_BYTES_MAX: usize = 8 << 20;

/// An event became longer than any may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server sent an event of more than {EVENT_BYTES_MAX} bytes")]
pub(super) struct TooLong;

/// What has come of the next event so far.
#[derive(Debug, Default)]
pub(super) struct Parser {
    line: Vec<u8>,
    after_return: bool,
    id: Option<String>,
    data: Option<String>,
    /// Milliseconds to wait before the next connection, where the server said so.
    pub(super) retry_ms: Option<u64>,
}

impl Parser {
    /// Takes bytes as they come and returns the events that are complete.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Vec<Event>, TooLong> {
        let mut events = Vec::new();
        for byte in bytes {
            let follows_return = std::mem::replace(&mut self.after_return, *byte == b'\r');
            match byte {
                b'\n' if follows_return => {}
                b'\n' | b'\r' => events.extend(self.end_line()),
                _ => self.line.push(*byte),
            }
            let held = self.line.len() + self.data.as_ref().map_or(0, String::len);
            if EVENT_BYTES_MAX < held {
                return Err(TooLong);
            }
        }
        Ok(events)
    }

    fn end_line(&mut self) -> Option<Event> {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            let id = self.id.take();
            let data = self.data.take()?;
            return Some(Event { id, data });
        }
        let line = String::from_utf8_lossy(&line);
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            "id" if !value.contains('\0') => self.id = Some(value.to_owned()),
            "retry" => self.retry_ms = value.parse().ok().or(self.retry_ms),
            // Comments keep the line alive; the type of an event is in its data.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &[u8] =
        b": hello\nretry: 250\n\nid: 7\nevent: x\ndata: {\"a\":\r\ndata: 1}\r\n\r\n\
        data:bare\n\nid: 8\n\ndata: cut";

    fn expected() -> Vec<Event> {
        let event = |id: Option<&str>, data: &str| Event {
            id: id.map(str::to_owned),
            data: data.to_owned(),
        };
        vec![event(Some("7"), "{\"a\":\n1}"), event(None, "bare")]
    }

    #[test]
    fn events_come_out_however_the_bytes_are_cut() {
        for size in 1..STREAM.len() {
            let mut parser = Parser::default();
            let events: Vec<_> = STREAM
                .chunks(size)
                .flat_map(|bytes| parser.push(bytes).unwrap())
                .collect();
            assert_eq!(events, expected(), "in pieces of {size}");
            assert_eq!(parser.retry_ms, Some(250));
        }
    }

    #[test]
    fn an_endless_event_is_refused() {
        let mut parser = Parser::default();
        assert_eq!(parser.push(&vec![b'x'; EVENT_BYTES_MAX + 1]), Err(TooLong));
    }
}
