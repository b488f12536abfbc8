//! `cargo xtask bench sweep [FILES]`: a sweep with nothing to do, beside a million stored files unless told otherwise.
//!
//! Owns the files and what is printed: how long `packshot sweep` takes as a whole process, what of that is the start
//! (`packshot sweep --help`), and, where the machine has `strace`, which of its calls named a stored file. The files
//! go with the folder.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench that cannot go on has failed")]

use packshot_tests::command::{command, command_within, finish};
use std::fs;
use std::path::Path;
use std::time::Instant;

const RUNS: usize = 20;
const FILES_OF_A_PRODUCT: u32 = 100;

fn main() {
    let files: u32 = std::env::args().nth(1).map_or(1_000_000, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| finish(command(folder.path(), []).args(args)).ok();
    let _ = run(&["migrate"]);
    let _ = run(&["sweep"]);
    print_times("nothing stored", &run);
    let start = Instant::now();
    store(&folder.path().join("data/images"), files);
    println!("{files} files of {} products, made in {:.0?}", files.div_ceil(FILES_OF_A_PRODUCT), start.elapsed());
    print_times(&format!("{files} files stored"), &run);
    print_calls(folder.path());
}

fn store(images: &Path, files: u32) {
    for product in 0..files.div_ceil(FILES_OF_A_PRODUCT) {
        let folder = images.join(format!("p{product}"));
        fs::create_dir(&folder).unwrap();
        for file in 0..FILES_OF_A_PRODUCT.min(files - product * FILES_OF_A_PRODUCT) {
            fs::write(folder.join(format!("p{product}_{file:012x}.jpg")), "x").unwrap();
        }
    }
}

fn print_times(what: &str, run: &dyn Fn(&[&str]) -> String) {
    for args in [&["sweep", "--help"][..], &["sweep"]] {
        let time = |_| {
            let start = Instant::now();
            let _ = run(args);
            start.elapsed()
        };
        let mut times: Vec<_> = (0..RUNS).map(time).collect();
        times.sort();
        let line = format!("packshot {}", args.join(" "));
        println!("{what:<24}{line:<24}middle {:>8.1?}  slowest {:>8.1?}", times[RUNS / 2], times[RUNS - 1]);
    }
}

/// Which calls of the system named a file, and which of these a stored one.
fn print_calls(folder: &Path) {
    let trace = folder.join("trace");
    let words = ["strace", "-f", "-e", "trace=%file,getdents64", "-o", trace.to_str().unwrap()];
    let mut traced = command_within(&words.map(str::to_owned), folder, []);
    match traced.arg("sweep").output() {
        Ok(done) => assert!(done.status.success(), "{done:?}"),
        Err(error) => return println!("no calls counted: strace: {error}"),
    }
    let calls = fs::read_to_string(&trace).unwrap();
    let in_images: Vec<&str> = calls.lines().filter(|line| line.contains("data/images")).collect();
    let of_objects = in_images.iter().filter(|line| line.contains("data/images/p")).count();
    println!(
        "calls that name a file: {}, one in the folder of images: {}, a stored one: {of_objects}",
        calls.lines().count(),
        in_images.len()
    );
    for line in in_images {
        println!("    {line}");
    }
}
