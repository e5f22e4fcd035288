//! A reader that checks a file's bytes piece by piece before the row parser gets them. A file that is not UTF-8, breaks
//! RFC 4180 or has a row without an end is reported with the place, before more of it is read.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, Read},
    path::Path,
};

use super::quoting::{Broken, Quoting};

/// The largest row, in bytes. No record could hold more.
pub const MOST_ROW: usize = 2 << 20;
const AT_ONCE: usize = 64 << 10;

/// An error in the text itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    pub line: u64,
    pub column: Option<u64>,
    pub message: String,
}

pub struct Text {
    file: File,
    /// Bytes that were read; those from `done` on are not checked yet.
    raw: Vec<u8>,
    /// `raw[given..done]` is checked and not given to the parser yet.
    given: usize,
    done: usize,
    ended: bool,
    began: bool,
    /// None for JSON lines, where each line is a row.
    quoting: Option<Quoting>,
    line: u64,
    column: u64,
    /// Bytes of the row so far, and the line that it begins on.
    row: usize,
    row_line: u64,
    /// The first lines of rows that the parser has not taken yet.
    starts: VecDeque<u64>,
    wrong: Option<Wrong>,
}

impl Text {
    /// `delimiter`: that of CSV; None for JSON lines.
    pub fn open(path: &Path, delimiter: Option<char>) -> io::Result<Self> {
        Ok(Self {
            file: File::open(path)?,
            raw: Vec::with_capacity(AT_ONCE),
            given: 0,
            done: 0,
            ended: false,
            began: false,
            quoting: delimiter.map(Quoting::new),
            line: 1,
            column: 0,
            row: 0,
            row_line: 1,
            starts: VecDeque::new(),
            wrong: None,
        })
    }

    /// The line that the next row begins on.
    pub fn next_start(&mut self) -> Option<u64> {
        self.starts.pop_front()
    }

    /// The error in the text, after reading failed.
    pub fn take_wrong(&mut self) -> Option<Wrong> {
        self.wrong.take()
    }

    fn fill(&mut self) -> Result<(), Wrong> {
        self.raw.drain(..self.done);
        (self.given, self.done) = (0, 0);
        let before = self.raw.len();
        self.raw.resize(AT_ONCE, 0);
        let read = loop {
            match self.file.read(&mut self.raw[before..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    return Err(self.here(None, format!("it cannot be read: {error}")));
                }
                Ok(read) => break read,
            }
        };
        self.raw.truncate(before + read);
        self.ended = read == 0;
        if !self.began {
            if self.raw.len() < 3 && !self.ended {
                return Ok(());
            }
            self.began = true;
            if self.raw.starts_with(&[0xff, 0xfe]) || self.raw.starts_with(&[0xfe, 0xff]) {
                return Err(self.here(Some(1), "it is UTF-16; save it as UTF-8".into()));
            }
            if self.raw.starts_with("\u{feff}".as_bytes()) {
                self.raw.drain(..3);
            }
        }
        let raw = std::mem::take(&mut self.raw);
        let looked = self.look(&raw);
        self.raw = raw;
        self.done = looked?;
        if self.ended
            && let Some(quoting) = &self.quoting
        {
            quoting.end().map_err(told)?;
        }
        Ok(())
    }

    /// Checks whole characters; returns their number of bytes.
    fn look(&mut self, raw: &[u8]) -> Result<usize, Wrong> {
        let (text, broken) = match std::str::from_utf8(raw) {
            Ok(text) => (text, false),
            Err(error) => {
                let whole = std::str::from_utf8(&raw[..error.valid_up_to()]).unwrap_or_default();
                (whole, error.error_len().is_some() || self.ended)
            }
        };
        for c in text.chars() {
            self.next(c)?;
        }
        if broken {
            let message =
                "this is not UTF-8; if the file is Latin-1, convert it: iconv -f latin1 -t utf-8";
            return Err(self.here(Some(self.column + 1), message.into()));
        }
        Ok(text.len())
    }

    fn next(&mut self, c: char) -> Result<(), Wrong> {
        self.column += 1;
        if c == '\0' {
            return Err(self.here(
                None,
                "it holds a NUL character, which is not allowed".into(),
            ));
        }
        if let Some(quoting) = &mut self.quoting {
            quoting.next(c, self.line, self.column).map_err(told)?;
        }
        let open = self.quoting.as_ref().is_some_and(Quoting::is_open);
        let ends = !open && (c == '\n' || c == '\r' && self.quoting.is_some());
        if ends {
            self.row = 0;
        } else {
            if self.row == 0 {
                self.row_line = self.line;
                if self.quoting.is_some() {
                    self.starts.push_back(self.line);
                }
            }
            self.row += c.len_utf8();
            if self.row > MOST_ROW {
                return Err(Wrong {
                    line: self.row_line,
                    column: None,
                    message: format!(
                        "this row has more than {MOST_ROW} bytes, the longest row that is allowed"
                    ),
                });
            }
        }
        if c == '\n' {
            (self.line, self.column) = (self.line + 1, 0);
        }
        Ok(())
    }

    fn here(&self, column: Option<u64>, message: String) -> Wrong {
        Wrong {
            line: self.line,
            column,
            message,
        }
    }
}

fn told(broken: Broken) -> Wrong {
    Wrong {
        line: broken.line,
        column: Some(broken.column),
        message: broken.message.to_owned(),
    }
}

impl Read for Text {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.given == self.done {
            if self.ended {
                return Ok(0);
            }
            if let Err(wrong) = self.fill() {
                self.ended = true;
                (self.given, self.done) = (0, 0);
                self.wrong = Some(wrong);
                return Err(io::Error::other("the text is broken"));
            }
        }
        let most = into.len().min(self.done - self.given);
        into[..most].copy_from_slice(&self.raw[self.given..self.given + most]);
        self.given += most;
        Ok(most)
    }
}
