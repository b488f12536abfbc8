//! `cargo xtask`: the project's own commands, from a running server to the whole of CI.
//!
//! Owns the names of the commands, their exit codes (0, 1 for a failure with one line on stderr,
//! 2 for a wrong command line) and nothing else; refuses to know the service's own crates, so that it
//! compiles in seconds on a machine where they do not build yet.

#![expect(clippy::print_stdout, reason = "a command line tool speaks on stdout")]

mod bench;
mod ci;
mod demo;
mod fuzz;
mod layers;
mod machine;
mod process;
mod run;
mod test;
mod tidy;

use std::process::ExitCode;

const USAGE: &str = "\
The project's own commands.

  cargo xtask run [-- ARGS]   build the release binary and start it (with ARGS)
  cargo xtask test [ARGS]     run every test (ARGS as for `cargo test`)
  cargo xtask demo            start a server, upload the sample photographs, print the answers
  cargo xtask bench WHAT      measure: `imaging` beside the peers, `lists` of a million images, `overload`
  cargo xtask fuzz [TARGET] [--runs N]
                              run the fuzz targets; with a number, go on from what was found before
  cargo xtask layers          check that dependencies point inwards
  cargo xtask tidy            check what the compiler does not: headers, sizes, names
  cargo xtask ci              everything above that can fail, with lints, docs and licences";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let command = args.next().unwrap_or_default();
    let mut rest: Vec<String> = args.collect();
    if command == "run" && rest.first().is_some_and(|first| first == "--") {
        rest.remove(0);
    }
    let takes_arguments = matches!(command.as_str(), "run" | "test" | "bench" | "fuzz");
    if !takes_arguments && !rest.is_empty() {
        return wrong_usage(&format!("`{command}` takes no arguments"));
    }
    let done = match command.as_str() {
        "run" => run::run(&rest),
        "test" => test::run(&rest),
        "demo" => demo::run(),
        "bench" => bench::run(&rest),
        "fuzz" => fuzz::run(&rest),
        "layers" => layers::run(),
        "tidy" => tidy::run(),
        "ci" => ci::run(),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        "" => return wrong_usage("a command is missing"),
        unknown => return wrong_usage(&format!("no command `{unknown}`")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask {command}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn wrong_usage(what: &str) -> ExitCode {
    eprintln!("xtask: {what}\n\n{USAGE}");
    ExitCode::from(2)
}
