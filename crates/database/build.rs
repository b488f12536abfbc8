//! Builds the crate anew when a migration is added: the macro that embeds them does not tell Cargo.

#![expect(clippy::print_stdout, reason = "that is how a build script speaks to Cargo")]

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
