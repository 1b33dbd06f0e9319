//! The file: a header, a part in each line, an end mark. JSON, so that it can be read in ten years, and a
//! line at a time, so that it may be larger than memory.
//!
//! The end mark has the SHA-256 of all before it: a file that was cut off, damaged or edited is known before
//! anything is done with it. It is no signature: whoever can write the file can write the mark.

use std::io::{BufRead, Read as _, Write};

use protocol::SiteId;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Counts, Part, TransferError, hex};

/// Goes up with every change of what a line may be.
const VERSION: u64 = 1;
/// No line of ours is longer; those of other files need not fit into memory.
const LINE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// How the last line begins, and no part.
const END: &[u8] = b"{\"end\":";

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    frontdesk_site_export: u64,
    pub(super) site: SiteId,
    pub(super) counts: Counts,
}

/// What the first line of every version has.
#[derive(Deserialize)]
struct Version {
    frontdesk_site_export: u64,
}

/// The last line.
#[derive(Serialize, Deserialize)]
struct End {
    end: Mark,
}

#[derive(Serialize, Deserialize)]
struct Mark {
    counts: Counts,
    #[serde(with = "hex")]
    sha256: [u8; 32],
}

impl Header {
    pub(super) fn of(site: SiteId, counts: Counts) -> Self {
        Self { frontdesk_site_export: VERSION, site, counts }
    }

    fn parse(line: &[u8]) -> Result<Self, TransferError> {
        let version: Version = serde_json::from_slice(line).map_err(|_| TransferError::Foreign)?;
        match version.frontdesk_site_export {
            VERSION => serde_json::from_slice(line).map_err(|_| TransferError::Foreign),
            found => Err(TransferError::Newer { found, known: VERSION }),
        }
    }
}

/// A file being written.
pub(super) struct Writing<W> {
    to: W,
    hash: Sha256,
    line: Vec<u8>,
}

impl<W: Write> Writing<W> {
    pub(super) fn begin(to: W, header: &Header) -> Result<Self, TransferError> {
        let mut lines = Self { to, hash: Sha256::new(), line: Vec::new() };
        lines.write(header)?;
        Ok(lines)
    }

    pub(super) fn put(&mut self, part: &Part) -> Result<(), TransferError> {
        self.write(part)
    }

    pub(super) fn end(mut self, counts: Counts) -> Result<(), TransferError> {
        let sha256 = std::mem::take(&mut self.hash).finalize().into();
        self.write(&End { end: Mark { counts, sha256 } })?;
        Ok(self.to.flush()?)
    }

    fn write(&mut self, line: &impl Serialize) -> Result<(), TransferError> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, line).map_err(std::io::Error::from)?;
        self.line.push(b'\n');
        self.hash.update(&self.line);
        Ok(self.to.write_all(&self.line)?)
    }
}

/// A file being read.
pub(super) struct Reading<R> {
    from: R,
    hash: Sha256,
    line: Vec<u8>,
    /// Lines read so far.
    lines: u64,
    pub(super) header: Header,
}

impl<R: BufRead> Reading<R> {
    /// Reads the first line.
    pub(super) fn begin(from: R) -> Result<Self, TransferError> {
        let none = Header::of(SiteId::NOWHERE, Counts::default());
        let (hash, line) = (Sha256::new(), Vec::new());
        let mut lines = Self { from, hash, line, lines: 0, header: none };
        if !lines.advance()? {
            return Err(TransferError::Foreign);
        }
        lines.header = Header::parse(&lines.line)?;
        lines.hash.update(&lines.line);
        Ok(lines)
    }

    /// The next part as it was written; `None` behind a good end mark.
    pub(super) fn next_line(&mut self) -> Result<Option<&[u8]>, TransferError> {
        let before = self.lines;
        if !self.advance()? || !self.line.ends_with(b"\n") {
            return Err(TransferError::CutOff { lines: before });
        }
        if self.line.starts_with(END) {
            return self.end().map(|()| None);
        }
        self.hash.update(&self.line);
        Ok(Some(&self.line))
    }

    /// The same, understood.
    pub(super) fn next_part(&mut self) -> Result<Option<Part>, TransferError> {
        let Some(line) = self.next_line()? else { return Ok(None) };
        let part = serde_json::from_slice(line);
        part.map(Some).map_err(|error: serde_json::Error| self.unusable(&error))
    }

    /// How many lines that is.
    pub(super) fn read_so_far(&self) -> u64 {
        self.lines
    }

    fn unusable(&self, error: &serde_json::Error) -> TransferError {
        TransferError::Line { line: self.lines, why: error.to_string() }
    }

    fn end(&mut self) -> Result<(), TransferError> {
        let line = self.lines;
        let damaged = |why| TransferError::Damaged { line, why };
        let end: End =
            serde_json::from_slice(&self.line).map_err(|_| damaged("it cannot be read"))?;
        if end.end.sha256 != *self.hash.clone().finalize() {
            return Err(damaged("the checksum is another"));
        }
        if end.end.counts != self.header.counts {
            return Err(damaged("the counts are others than in line 1"));
        }
        if self.advance()? {
            return Err(TransferError::AfterTheEnd { line: self.lines });
        }
        Ok(())
    }

    /// Reads a line; `false` if there is none. One that does not end is cut off at the longest that can be.
    fn advance(&mut self) -> Result<bool, TransferError> {
        self.line.clear();
        let read = self.from.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut self.line)?;
        self.lines += u64::from(read > 0);
        Ok(read > 0)
    }
}
