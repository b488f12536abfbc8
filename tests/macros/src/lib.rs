//! One attribute, `#[on_every_backend]`: a test of the contract becomes four.
//!
//! Owns the combinations' names, as they stand behind a test's own; refuses to know what they are made of.

use proc_macro::{TokenStream, TokenTree};

/// The name of each combination's test, and its constant in `packshot_tests::Backends`.
const COMBINATIONS: [(&str, &str); 4] = [
    ("on_sqlite_and_disk", "SQLITE_AND_DISK"),
    ("on_sqlite_and_s3", "SQLITE_AND_S3"),
    ("on_postgres_and_disk", "POSTGRES_AND_DISK"),
    ("on_postgres_and_s3", "POSTGRES_AND_S3"),
];

/// Makes four tests of `fn claim(backends: Backends)`: `claim::on_sqlite_and_disk`, `claim::on_sqlite_and_s3`,
/// `claim::on_postgres_and_disk` and `claim::on_postgres_and_s3`.
#[proc_macro_attribute]
pub fn on_every_backend(_: TokenStream, function: TokenStream) -> TokenStream {
    let name = name_of(function.clone());
    let tests: String = COMBINATIONS
        .iter()
        .map(|(test, backends)| {
            format!("#[test] fn {test}() {{ super::{name}(::packshot_tests::Backends::{backends}) }}")
        })
        .collect();
    // A module may have a function's name. What is no function is told by the compiler, which sees it unchanged.
    let tests = format!("mod {name} {{ {tests} }}").parse::<TokenStream>().unwrap_or_default();
    function.into_iter().chain(tests).collect()
}

/// What stands behind the first `fn`.
fn name_of(function: TokenStream) -> String {
    let mut tokens = function.into_iter().skip_while(|token| !is_fn(token)).skip(1);
    tokens.next().map_or_else(String::new, |name| name.to_string())
}

fn is_fn(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Ident(word) if word.to_string() == "fn")
}
