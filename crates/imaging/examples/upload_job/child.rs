//! The job by packshot's own processor, as a contestant.
//!
//! Owns calling the port as the server does; refuses to know the other side of the lines.

use anyhow::{Context as _, Result};
use bytes::Bytes;
use packshot_domain::ports::image_processor::{ImageProcessor as _, ProcessedImage};
use packshot_domain::variant::VariantSpecs;
use packshot_imaging::{CodecImageProcessor, ImagingSettings, Profile};
use rustix::time::{ClockId, clock_gettime};
use std::io::BufRead as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

/// Does what the lines on stdin say until they end.
pub(crate) fn serve(fast: bool) -> Result<()> {
    let profile = if fast { Profile::Fast } else { Profile::Quality };
    let processor = Arc::new(CodecImageProcessor::new(ImagingSettings { profile, ..ImagingSettings::default() })?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split('\t').collect();
        match words.as_slice() {
            ["one", picture, folder] => one(&processor, &runtime, picture, folder)?,
            ["all", at_once, pictures @ ..] => all(&processor, &runtime, at_once.parse()?, pictures)?,
            _ => anyhow::bail!("no such command: {line}"),
        }
    }
    Ok(())
}

async fn job(processor: &CodecImageProcessor, picture: &str) -> Result<ProcessedImage> {
    let upload = Bytes::from(std::fs::read(picture)?);
    Ok(processor.process(upload, &VariantSpecs::default()).await?)
}

/// Cleaning the original is a part of the processor's work: both figures are of all five files.
fn one(processor: &CodecImageProcessor, runtime: &Runtime, picture: &str, folder: &str) -> Result<()> {
    let begin = cpu_ms();
    let made = runtime.block_on(job(processor, picture))?;
    let cpu = cpu_ms() - begin;
    println!("{cpu}\t{cpu}");
    if folder != "-" {
        let folder = Path::new(folder);
        std::fs::write(folder.join("original"), &made.original)?;
        for variant in &made.variants {
            std::fs::write(folder.join(variant.name.as_str()), &variant.bytes)?;
        }
    }
    Ok(())
}

fn all(processor: &Arc<CodecImageProcessor>, runtime: &Runtime, at_once: usize, pictures: &[&str]) -> Result<()> {
    let pictures: Arc<[String]> = pictures.iter().map(|&path| path.to_owned()).collect();
    let next = Arc::new(AtomicUsize::new(0));
    runtime.block_on(async {
        let mut workers = JoinSet::new();
        for _ in 0..at_once {
            let (processor, pictures, next) = (Arc::clone(processor), Arc::clone(&pictures), Arc::clone(&next));
            workers.spawn(async move {
                while let Some(picture) = pictures.get(next.fetch_add(1, Ordering::Relaxed)) {
                    job(&processor, picture).await?;
                }
                anyhow::Ok(())
            });
        }
        while let Some(ended) = workers.join_next().await {
            ended.context("a job panicked")??;
        }
        anyhow::Ok(())
    })?;
    println!("done");
    Ok(())
}

/// Processor time of this process so far.
fn cpu_ms() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}
