//! A peer, or packshot itself, in a process of its own that is driven over its stdin.
//!
//! Owns the lines and reading the kernel's figure of memory; refuses to know what the job is. The lines, with
//! tabs between the words:
//!
//! - `one PICTURE FOLDER`: does the job, leaves `large`, `medium`, `thumbnail`, `webp` and `original` in the folder
//!   (`-` for nowhere) and answers the milliseconds of processor time of the four variants, and of all five files.
//! - `all AT_ONCE PICTURE…`: does that many jobs at a time and answers `done`.

use anyhow::{Context as _, Result};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// How to start it.
pub(crate) struct Contestant {
    pub(crate) name: String,
    program: PathBuf,
    args: Vec<String>,
}

/// What one job cost, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    /// Processor time of the four variants.
    pub(crate) cpu: f64,
    /// The same with the cleaned original.
    pub(crate) cpu_with_original: f64,
    /// Of the whole job, on the clock.
    pub(crate) wall: f64,
}

impl Contestant {
    pub(crate) fn new(name: &str, program: &Path, args: &[&str]) -> Self {
        let args = args.iter().map(|&arg| arg.to_owned()).collect();
        Self { name: name.to_owned(), program: program.to_owned(), args }
    }

    pub(crate) fn start(&self) -> Result<Running> {
        let mut child = Command::new(&self.program)
            .args(&self.args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", self.name))?;
        let commands = child.stdin.take().context("no stdin")?;
        let answers = BufReader::new(child.stdout.take().context("no stdout")?);
        Ok(Running { name: self.name.clone(), child, commands, answers })
    }
}

/// A process at work.
pub(crate) struct Running {
    name: String,
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Running {
    /// Does one job.
    pub(crate) fn one(&mut self, picture: &Path, folder: Option<&Path>) -> Result<Times> {
        let begin = Instant::now();
        let folder = folder.map_or("-".into(), |folder| folder.display().to_string());
        let answer = self.ask(&format!("one\t{}\t{folder}", picture.display()))?;
        let wall = begin.elapsed().as_secs_f64() * 1e3;
        let figures: Vec<f64> = answer.split('\t').map(str::parse).collect::<Result<_, _>>()?;
        let [cpu, cpu_with_original] = figures[..] else { anyhow::bail!("{} answered {answer}", self.name) };
        Ok(Times { cpu, cpu_with_original, wall })
    }

    /// Does a job for each picture, so many at once, and says how long that took.
    pub(crate) fn all(&mut self, at_once: usize, pictures: &[&Path]) -> Result<Duration> {
        let begin = Instant::now();
        let pictures: Vec<String> = pictures.iter().map(|path| path.display().to_string()).collect();
        self.ask(&format!("all\t{at_once}\t{}", pictures.join("\t")))?;
        Ok(begin.elapsed())
    }

    /// The most memory that the process had so far, in MB (`VmHWM`, proc(5)).
    pub(crate) fn peak_mb(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
        let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib * 1024.0 / 1e6)
    }

    fn ask(&mut self, command: &str) -> Result<String> {
        writeln!(self.commands, "{command}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        anyhow::ensure!(!answer.is_empty(), "{} ended at: {command}", self.name);
        Ok(answer.trim().to_owned())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
