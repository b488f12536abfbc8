//! The binary `packshot`.

use std::process::ExitCode;

fn main() -> ExitCode {
    packshot_server::cli::main()
}
