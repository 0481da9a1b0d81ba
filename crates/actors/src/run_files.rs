//! What runners say of files, as it is stored and as a transcript shows it.

use optio_domain::{
    run::files::FileNews,
    transcript::{Entry, EntryKind},
    wire::{
        outputs::ALL,
        runner::{Happening, RunEvent},
    },
};
use optio_store::run_files::FilesIntake;

/// Takes what an event says of a file, where it says anything; the line of the transcript.
pub(crate) fn hear(files: &mut FilesIntake, event: &RunEvent) -> Option<Entry> {
    let what = event.what.clone();
    let (news, words) = if let Happening::FilePiece { path, offset, data } = what {
        (FileNews::Piece { path, offset, data }, None)
    } else if let Happening::File {
        path,
        bytes,
        sha256,
        mode,
    } = what
    {
        let words = format!("Kept the file {path}: {bytes} bytes");
        let news = FileNews::Whole {
            path,
            bytes,
            sha256,
            mode,
        };
        (news, Some(words))
    } else if let Happening::FileLeft { path, reason } = what {
        let words = match path.as_str() {
            ALL => format!("Not all outputs were kept: {reason}"),
            path => format!("Did not keep the file {path}: {reason}"),
        };
        (FileNews::Left { path, reason }, Some(words))
    } else {
        return None;
    };
    files.news.push((news, event.at));
    words.map(|content| Entry {
        kind: EntryKind::System,
        content,
        metadata: None,
    })
}
