//! Paths as bytes, and the way in which `sha256sum` writes them.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// A SHA-256 checksum.
pub type Sum = [u8; 32];

/// By this name `sha256sum` knows the standard input. A file of this name is `./-`.
pub fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// The bytes of a path, which need not be valid UTF-8.
#[cfg(unix)]
pub fn bytes(path: &Path) -> Cow<'_, [u8]> {
    use std::os::unix::ffi::OsStrExt;
    Cow::Borrowed(path.as_os_str().as_bytes())
}

/// The path of these bytes.
#[cfg(unix)]
pub fn path(bytes: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    std::ffi::OsString::from_vec(bytes).into()
}

/// Where paths are not made of bytes, a list of checksums is in UTF-8.
#[cfg(not(unix))]
pub fn bytes(path: &Path) -> Cow<'_, [u8]> {
    match path.to_string_lossy() {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

/// The path of these bytes.
#[cfg(not(unix))]
pub fn path(bytes: Vec<u8>) -> PathBuf {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

/// A line of a checksum list, without its end. A backslash in front tells that the name is escaped.
pub fn listed(path: &Path, sum: &Sum) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let name = bytes(path);
    let mut line = Vec::with_capacity(2 * sum.len() + 4 + name.len());
    let name = escaped(&name);
    if matches!(name, Cow::Owned(_)) {
        line.push(b'\\');
    }
    for byte in sum {
        line.extend([byte >> 4, byte & 15].map(|digit| DIGITS[usize::from(digit)]));
    }
    line.extend(b"  ");
    line.extend(&*name);
    line
}

/// A name of a list, in the way in which the result of its check names it: there, names are
/// escaped only if they would not fit on a line.
pub fn checked(path: &Path) -> Vec<u8> {
    let name = bytes(path);
    if name.contains(&b'\n') { [b"\\", &*escaped(&name)].concat() } else { name.into_owned() }
}

/// The name with its backslashes and ends of lines escaped, if it has any.
fn escaped(name: &[u8]) -> Cow<'_, [u8]> {
    if !name.iter().any(|byte| matches!(byte, b'\\' | b'\n' | b'\r')) {
        return Cow::Borrowed(name);
    }
    let mut escaped = Vec::with_capacity(name.len() + 8);
    for &byte in name {
        match byte {
            b'\\' => escaped.extend(br"\\"),
            b'\n' => escaped.extend(br"\n"),
            b'\r' => escaped.extend(br"\r"),
            byte => escaped.push(byte),
        }
    }
    Cow::Owned(escaped)
}

/// The name that was escaped, if it was properly escaped.
pub fn unescaped(name: &[u8]) -> Option<Vec<u8>> {
    let mut unescaped = Vec::with_capacity(name.len());
    let mut bytes = name.iter();
    while let Some(&byte) = bytes.next() {
        unescaped.push(match byte {
            b'\\' => match bytes.next()? {
                b'\\' => b'\\',
                b'n' => b'\n',
                b'r' => b'\r',
                _ => return None,
            },
            byte => byte,
        });
    }
    Some(unescaped)
}

/// The path for a message: as it is if it is plain text, and else in quotes and escaped, so that
/// no name can play tricks on a terminal.
pub fn shown(path: &Path) -> String {
    match path.to_str() {
        Some(text) if !text.is_empty() && !text.contains(char::is_control) => text.to_owned(),
        _ => format!("{path:?}"),
    }
}
