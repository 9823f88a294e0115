//! What the test reads: one line of JSON for each check.

use std::fmt::{Debug, Display, Write};

/// Everything here ends with the first thing that is not as it should be, in words.
pub type Outcome<T> = Result<T, String>;

/// Prints a check that held.
pub fn passed(check: &str, detail: impl Display) {
    line(check, true, &detail.to_string());
}

/// Prints whether `holds`; an error ends the run where it does not.
pub fn require(check: &str, holds: bool, detail: impl Display) -> Outcome<()> {
    let detail = detail.to_string();
    line(check, holds, &detail);
    if holds {
        Ok(())
    } else {
        Err(format!("{check}: {detail}"))
    }
}

/// Requires that both are the same, and shows them.
pub fn equal<T: PartialEq + Debug>(check: &str, actual: T, expected: T) -> Outcome<()> {
    let detail = if actual == expected {
        format!("{actual:?}")
    } else {
        format!("{actual:?} instead of {expected:?}")
    };
    require(check, actual == expected, detail)
}

/// Puts errors of the reference implementation into words.
pub trait InWords<T> {
    fn in_words(self, context: &str) -> Outcome<T>;
}

impl<T, E: Debug> InWords<T> for Result<T, E> {
    fn in_words(self, context: &str) -> Outcome<T> {
        self.map_err(|error| format!("{context}: {error:?}"))
    }
}

/// Lower-case hex, byte by byte.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes everything");
        text
    })
}

fn line(check: &str, ok: bool, detail: &str) {
    println!("{{\"check\":{},\"ok\":{ok},\"detail\":{}}}", quoted(check), quoted(detail));
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            control if control < ' ' => {
                write!(quoted, "\\u{:04x}", control as u32).expect("a string takes everything")
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
