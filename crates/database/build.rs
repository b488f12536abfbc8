//! Builds the crate anew when a migration is added: the macro that embeds them does not tell Cargo.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
