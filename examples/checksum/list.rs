//! Reading lists of checksums, as `sha256sum --check` does.

use std::path::PathBuf;

use pool_examples::names::{self, Sum};

/// The hexadecimal digits of a checksum.
const DIGITS: usize = 2 * size_of::<Sum>();

/// What a line says.
#[derive(Debug)]
pub(crate) enum Line {
    /// Nothing: it is empty or a comment.
    Blank,
    /// This file should have this checksum.
    Entry(PathBuf, Sum),
    /// Nobody knows.
    Malformed,
}

/// Reads the lines of one list.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    /// Whether this is a list with a single blank before the names, which therefore may themselves
    /// begin with a blank or a `*`. The first line that has a name decides, because whoever could
    /// mix both kinds could make one name pass for another.
    single_blank: Option<bool>,
}

impl Reader {
    /// Reads a line, with or without its end.
    pub(crate) fn read(&mut self, line: &[u8]) -> Line {
        let body = line.strip_suffix(b"\n").unwrap_or(line);
        let body = body.strip_suffix(b"\r").unwrap_or(body);
        if line.starts_with(b"#") || body.is_empty() {
            return Line::Blank;
        }
        match self.entry(body) {
            Some((name, sum)) => Line::Entry(names::path(name), sum),
            None => Line::Malformed,
        }
    }

    fn entry(&mut self, line: &[u8]) -> Option<(Vec<u8>, Sum)> {
        let line = without_blanks(line);
        let (line, escaped) = match line.strip_prefix(b"\\") {
            Some(line) => (line, true),
            None => (line, false),
        };
        let (name, sum) = match line.strip_prefix(b"SHA256") {
            Some(rest) => tagged(rest)?,
            None => self.untagged(line)?,
        };
        let name = if escaped { names::unescaped(name)? } else { name.to_vec() };
        Some((name, sum))
    }

    /// Digits, a blank, a blank or a `*`, the name; or, throughout the list, digits, a blank, the
    /// name.
    fn untagged<'a>(&mut self, line: &'a [u8]) -> Option<(&'a [u8], Sum)> {
        let (digits, rest) = line.split_at_checked(DIGITS)?;
        let sum = parse(digits)?;
        let name = rest.strip_prefix(b" ").or_else(|| rest.strip_prefix(b"\t"))?;
        match name {
            [] => None,
            [b' ' | b'*', name @ ..] if !name.is_empty() && self.single_blank != Some(true) => {
                self.single_blank = Some(false);
                Some((name, sum))
            }
            [b' ' | b'*', _, ..] => Some((name, sum)),
            _ if self.single_blank == Some(false) => None,
            _ => {
                self.single_blank = Some(true);
                Some((name, sum))
            }
        }
    }
}

/// What follows `SHA256` in a line that `sha256sum --tag` has printed: `(name) = digits`.
fn tagged(rest: &[u8]) -> Option<(&[u8], Sum)> {
    let rest = rest.strip_prefix(b" ").unwrap_or(rest).strip_prefix(b"(")?;
    let end = rest.iter().rposition(|&byte| byte == b')')?;
    let sum = without_blanks(&rest[end + 1..]).strip_prefix(b"=")?;
    Some((&rest[..end], parse(without_blanks(sum))?))
}

fn without_blanks(line: &[u8]) -> &[u8] {
    let blanks = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    &line[blanks..]
}

/// The checksum of these digits, which are all there must be.
fn parse(digits: &[u8]) -> Option<Sum> {
    let mut sum = Sum::default();
    if digits.len() != DIGITS {
        return None;
    }
    for (byte, pair) in sum.iter_mut().zip(digits.chunks_exact(2)) {
        for &digit in pair {
            *byte = *byte << 4 | char::from(digit).to_digit(16)? as u8;
        }
    }
    Some(sum)
}
