//! `cargo xtask bench imaging`: the upload job by packshot, sharp and oximg, side by side in one run.
//!
//! Owns the run: every contestant takes every picture in turn, round after round, so that a noisy moment hits
//! them alike. Refuses to install the peers, which `cargo xtask` does, and to judge: it prints what it saw.

#![expect(clippy::print_stdout, reason = "a bench speaks on stdout")]

mod child;
mod contestant;
mod photos;
mod score;
mod tables;

use anyhow::{Context as _, Result, bail};
use contestant::Contestant;
use photos::Photo;
use std::fs;
use std::path::{Path, PathBuf};
use tables::{Made, Measured, Peaks, VARIANTS};

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1).peekable();
    if args.next_if_eq("child").is_some() {
        return child::serve(args.next().as_deref() == Some("fast"));
    }
    let run = Run::parse(args)?;
    let photos = run.photos()?;
    let contestants = run.contestants()?;
    let mut measured: Vec<Measured> =
        contestants.iter().map(|contestant| Measured::new(&contestant.name, photos.len())).collect();
    run.time(&photos, &contestants, &mut measured)?;
    run.score(&photos, &mut measured)?;
    tables::print_pictures(&photos, &measured);
    tables::print_sums(&measured);
    if !run.smoke {
        tables::print_throughput(&run.throughput(&photos, &contestants)?);
        tables::print_memory(&run.memory(&photos, &contestants)?);
    }
    Ok(())
}

/// What the command line asked for.
struct Run {
    /// A single round over a small picture, to see that everything works.
    smoke: bool,
    rounds: usize,
    /// Where the pictures are and what is made of them goes.
    work: PathBuf,
    /// A folder of pictures to use in place of our own.
    photos: Option<PathBuf>,
    /// The folder of sharp's job, with sharp in it.
    sharp: Option<PathBuf>,
    /// The program that does oximg's job.
    oximg: Option<PathBuf>,
}

impl Run {
    fn parse(mut args: impl Iterator<Item = String>) -> Result<Self> {
        let work = std::env::temp_dir().join("packshot-bench-imaging");
        let mut run = Self { smoke: false, rounds: 5, work, photos: None, sharp: None, oximg: None };
        while let Some(option) = args.next() {
            if option == "--smoke" {
                (run.smoke, run.rounds) = (true, 1);
                continue;
            }
            let value = args.next().with_context(|| format!("{option} needs a value"))?;
            match option.as_str() {
                "--rounds" => run.rounds = value.parse().context("--rounds is no number")?,
                "--work" => run.work = value.into(),
                "--photos" => run.photos = Some(value.into()),
                "--sharp" => run.sharp = Some(value.into()),
                "--oximg" => run.oximg = Some(value.into()),
                _ => bail!("no option {option}; there is --smoke, --rounds N, --photos DIR"),
            }
        }
        if run.rounds == 0 {
            bail!("--rounds must be at least 1");
        }
        fs::create_dir_all(&run.work)?;
        Ok(run)
    }

    fn photos(&self) -> Result<Vec<Photo>> {
        match &self.photos {
            _ if self.smoke => photos::small(),
            Some(folder) => photos::of_folder(folder),
            None => photos::own(&self.work),
        }
    }

    fn contestants(&self) -> Result<Vec<Contestant>> {
        let me = std::env::current_exe()?;
        let mut all = vec![
            Contestant::new("packshot", &me, &["child", "quality"]),
            Contestant::new("packshot fast", &me, &["child", "fast"]),
        ];
        match &self.sharp {
            Some(folder) => {
                let script = folder.join("job.mjs");
                let script = script.to_str().context("a path that is no text")?;
                all.push(Contestant::new("sharp", Path::new("node"), &[script, "written"]));
                all.push(Contestant::new("sharp tuned", Path::new("node"), &[script, "tuned"]));
            }
            None => println!("sharp is not here: without it."),
        }
        match &self.oximg {
            Some(program) => all.push(Contestant::new("oximg", program, &[])),
            None => println!("oximg is not here: without it."),
        }
        Ok(all)
    }

    /// Every contestant does every picture once unmeasured, which leaves its variants, then in rounds.
    fn time(&self, photos: &[Photo], contestants: &[Contestant], all: &mut [Measured]) -> Result<()> {
        let mut running = contestants.iter().map(Contestant::start).collect::<Result<Vec<_>>>()?;
        for photo in photos {
            for (child, measured) in running.iter_mut().zip(&*all) {
                let folder = self.made_in(&measured.name, photo)?;
                child.one(&photo.path, Some(&folder))?;
            }
        }
        for round in 0..self.rounds {
            eprintln!("round {} of {}", round + 1, self.rounds);
            for (at, photo) in photos.iter().enumerate() {
                for (child, measured) in running.iter_mut().zip(&mut *all) {
                    measured.times[at].push(child.one(&photo.path, None)?);
                }
            }
        }
        Ok(())
    }

    fn score(&self, photos: &[Photo], all: &mut [Measured]) -> Result<()> {
        for (at, photo) in photos.iter().enumerate() {
            eprintln!("scores of {}", photo.name);
            let reference = score::Reference::new(&photo.path)?;
            for measured in &mut *all {
                let folder = self.made_in(&measured.name, photo)?;
                for name in VARIANTS {
                    let coded = fs::read(folder.join(name)).with_context(|| format!("{name} of {}", photo.name))?;
                    measured.made[at].push(Made { bytes: coded.len(), score: reference.score(&coded)? });
                }
            }
        }
        Ok(())
    }

    /// Pictures a second with as many at once as there are cores; the better of two runs each, in turns.
    fn throughput(&self, photos: &[Photo], contestants: &[Contestant]) -> Result<Vec<(String, f64)>> {
        let paths: Vec<&Path> = photos.iter().chain(photos).chain(photos).map(|photo| photo.path.as_path()).collect();
        let mut best: Vec<(String, f64)> = contestants.iter().map(|one| (one.name.clone(), 0.0)).collect();
        for _ in 0..2 {
            for (contestant, (_, best)) in contestants.iter().zip(&mut best) {
                let mut child = contestant.start()?;
                child.all(cores(), &paths)?;
                let took = child.all(cores(), &paths)?;
                *best = best.max(paths.len() as f64 / took.as_secs_f64());
            }
        }
        Ok(best)
    }

    /// The most memory of a fresh process that has a large picture twice at once.
    fn memory(&self, photos: &[Photo], contestants: &[Contestant]) -> Result<Vec<Peaks>> {
        let large = photos::large(photos, &self.work, self.photos.is_none())?;
        let row = |photo: &Photo| {
            let peak = |contestant: &Contestant| {
                let mut child = contestant.start()?;
                child.all(2, &[photo.path.as_path(); 6])?;
                Ok((contestant.name.clone(), child.peak_mb()?))
            };
            Ok(Peaks { picture: photo.name.clone(), mb: contestants.iter().map(peak).collect::<Result<_>>()? })
        };
        large.iter().map(row).collect()
    }

    fn made_in(&self, contestant: &str, photo: &Photo) -> Result<PathBuf> {
        let folder = self.work.join("made").join(contestant.replace(' ', "-")).join(&photo.name);
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
