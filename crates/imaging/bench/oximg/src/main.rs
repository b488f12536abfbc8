//! The upload job with oximg, driven over stdin, a line a command.
//!
//! Owns the job as oximg's own settings do it, one call a variant; see `examples/upload_job/contestant.rs`
//! of the imaging crate for the lines.

use anyhow::{Context as _, Result};
use oximg::pipeline::{ImageFormat, Params, StripParams, process, strip};
use rustix::time::{ClockId, clock_gettime};
use std::io::BufRead as _;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

fn main() -> Result<()> {
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split('\t').collect();
        match words.as_slice() {
            ["one", picture, folder] => {
                let input = std::fs::read(picture)?;
                let begin = cpu_ms();
                let mut made = variants(&input)?;
                let cpu = cpu_ms() - begin;
                made.push(("original", strip(&input, &StripParams::default())?.bytes));
                println!("{cpu}\t{}", cpu_ms() - begin);
                if *folder != "-" {
                    for (name, bytes) in made {
                        std::fs::write(Path::new(folder).join(name), bytes)?;
                    }
                }
            }
            ["all", at_once, pictures @ ..] => {
                all(at_once.parse()?, pictures)?;
                println!("done");
            }
            _ => anyhow::bail!("no such command: {line}"),
        }
    }
    Ok(())
}

fn variants(input: &[u8]) -> Result<Vec<(&'static str, Vec<u8>)>> {
    let made = |name, width, output, webp_quality| -> Result<_> {
        let params = Params {
            max_width: width,
            quality: 85.0,
            output,
            webp_quality: Some(webp_quality),
            ..Params::default()
        };
        Ok((name, process(input, &params)?.0))
    };
    Ok(vec![
        made("large", 1200, None, 85.0)?,
        made("medium", 800, None, 85.0)?,
        made("thumbnail", 300, None, 85.0)?,
        made("webp", 1200, Some(ImageFormat::Webp), 82.0)?,
    ])
}

fn all(at_once: usize, pictures: &[&str]) -> Result<()> {
    let next = AtomicUsize::new(0);
    let worker = || -> Result<()> {
        while let Some(picture) = pictures.get(next.fetch_add(1, Ordering::Relaxed)) {
            let input = std::fs::read(picture)?;
            variants(&input)?;
            strip(&input, &StripParams::default())?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..at_once).map(|_| scope.spawn(worker)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().ok().context("a worker panicked")?)
    })
}

/// Processor time of this process so far.
fn cpu_ms() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}
