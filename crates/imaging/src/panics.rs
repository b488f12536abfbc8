//! Panics of codecs.
//!
//! Owns keeping them in; refuses to know what panicked. What a codec says while it works on a client's file is about
//! that file: who calls it answers for it with a refusal of the file, never with a failure of the server.
//! The surprising rule: the place of a panic is told by the program's own hook, on the standard error; here is its text.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `work`, which is given up where it panics: then this is the panic's text.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| text(&*payload))
}

fn text(payload: &(dyn Any + Send)) -> String {
    let literal = payload.downcast_ref::<&str>().copied();
    literal.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a text").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_text_and_what_does_not_panic_is_itself() {
        assert_eq!(caught(|| 7), Ok(7));
        assert_eq!(caught(|| -> u8 { panic!("literal") }), Err("literal".to_owned()));
        let number = 7;
        assert_eq!(caught(|| -> u8 { panic!("number {number}") }), Err("number 7".to_owned()));
        assert_eq!(caught(|| -> u8 { std::panic::panic_any(7) }), Err("without a text".to_owned()));
    }
}
