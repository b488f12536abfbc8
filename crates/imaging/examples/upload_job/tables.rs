//! What was measured, as tables.
//!
//! Owns the arithmetic of sums, means and ratios; refuses to measure.

use crate::contestant::Times;
use crate::photos::Photo;

/// The variants of the job, in the order that the tables show them.
pub(crate) const VARIANTS: [&str; 4] = ["large", "medium", "thumbnail", "webp"];

/// A variant that was made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Made {
    pub(crate) bytes: usize,
    /// SSIMULACRA2.
    pub(crate) score: f64,
}

/// All that is known of a contestant; vectors have an element a picture.
pub(crate) struct Measured {
    pub(crate) name: String,
    pub(crate) times: Vec<Vec<Times>>,
    /// In the order of [`VARIANTS`].
    pub(crate) made: Vec<Vec<Made>>,
}

impl Measured {
    pub(crate) fn new(name: &str, photos: usize) -> Self {
        Self { name: name.to_owned(), times: vec![Vec::new(); photos], made: vec![Vec::new(); photos] }
    }

    /// The median over the rounds of picture `at`.
    fn median(&self, at: usize, figure: impl Fn(&Times) -> f64) -> f64 {
        let mut figures: Vec<f64> = self.times[at].iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        figures[figures.len() / 2]
    }

    /// The sum over the pictures of the medians.
    fn sum(&self, figure: impl Fn(&Times) -> f64 + Copy) -> f64 {
        (0..self.times.len()).map(|at| self.median(at, figure)).sum()
    }

    fn mean_score(&self, variant: usize) -> f64 {
        self.made.iter().map(|made| made[variant].score).sum::<f64>() / self.made.len() as f64
    }

    fn kilobytes(&self, variants: std::ops::Range<usize>) -> f64 {
        self.made.iter().flat_map(|made| &made[variants.clone()]).map(|made| made.bytes as f64).sum::<f64>() / 1e3
    }
}

/// A line a picture and contestant.
pub(crate) fn print_pictures(photos: &[Photo], all: &[Measured]) {
    println!("\nCPU and wall: ms, median; each variant: SSIMULACRA2 / kB. `+original`: CPU with the cleaned original.");
    let header = ["picture", "contestant", "CPU", "+original", "wall", "large", "medium", "thumbnail", "webp"];
    println!("| {} |\n|{}", header.join(" | "), " --- |".repeat(header.len()));
    for (at, photo) in photos.iter().enumerate() {
        for one in all {
            print!("| {} | {} | {:.0} ", photo.name, one.name, one.median(at, |times| times.cpu));
            print!("| {:.0} ", one.median(at, |times| times.cpu_with_original));
            print!("| {:.0} |", one.median(at, |times| times.wall));
            for made in &one.made[at] {
                print!(" {:.1} / {:.1} |", made.score, made.bytes as f64 / 1e3);
            }
            println!();
        }
    }
}

/// A line a contestant, and where packshot is below sharp.
pub(crate) fn print_sums(all: &[Measured]) {
    println!("\nAll pictures. `ratio`: CPU to that of sharp as people write it; scores are means.");
    let header = [
        "contestant",
        "CPU",
        "ratio",
        "+original",
        "ratio",
        "wall",
        "large",
        "medium",
        "thumbnail",
        "those three",
        "their kB",
        "webp",
        "its kB",
    ];
    println!("| {} |\n|{}", header.join(" | "), " --- |".repeat(header.len()));
    let sharp = all.iter().find(|one| one.name == "sharp");
    let ratio = |one: &Measured, figure: fn(&Times) -> f64| {
        sharp.map_or("-".to_owned(), |sharp| format!("{:.3}", one.sum(figure) / sharp.sum(figure)))
    };
    for one in all {
        let cpu: fn(&Times) -> f64 = |times| times.cpu;
        let with_original: fn(&Times) -> f64 = |times| times.cpu_with_original;
        let scores: Vec<f64> = (0..VARIANTS.len()).map(|variant| one.mean_score(variant)).collect();
        let cells = [
            one.name.clone(),
            format!("{:.0}", one.sum(cpu)),
            ratio(one, cpu),
            format!("{:.0}", one.sum(with_original)),
            ratio(one, with_original),
            format!("{:.0}", one.sum(|times| times.wall)),
            format!("{:.2}", scores[0]),
            format!("{:.2}", scores[1]),
            format!("{:.2}", scores[2]),
            format!("{:.2}", (scores[0] + scores[1] + scores[2]) / 3.0),
            format!("{:.0}", one.kilobytes(0..3)),
            format!("{:.2}", scores[3]),
            format!("{:.0}", one.kilobytes(3..4)),
        ];
        println!("| {} |", cells.join(" | "));
    }
    let Some(sharp) = sharp else { return };
    for one in all.iter().filter(|one| one.name.starts_with("packshot")) {
        for (at, (ours, theirs)) in one.made.iter().zip(&sharp.made).enumerate() {
            for (variant, (ours, theirs)) in VARIANTS.iter().zip(ours.iter().zip(theirs)) {
                if ours.score < theirs.score {
                    println!("{} is below sharp: picture {}, {variant}", one.name, at + 1);
                }
            }
        }
    }
}

/// Pictures a second.
pub(crate) fn print_throughput(all: &[(String, f64)]) {
    println!("\nPictures a second, every core busy: the whole job, with the cleaned original.");
    println!("| contestant | pictures/s | to sharp |\n| --- | --- | --- |");
    let sharp = all.iter().find(|(name, _)| name == "sharp").map(|&(_, rate)| rate);
    for (name, rate) in all {
        println!("| {name} | {rate:.2} | {} |", sharp.map_or("-".into(), |sharp| format!("{:.2}", rate / sharp)));
    }
}

/// The peaks of memory with one picture.
pub(crate) struct Peaks {
    pub(crate) picture: String,
    /// Of each contestant, by name.
    pub(crate) mb: Vec<(String, f64)>,
}

/// A line a picture.
pub(crate) fn print_memory(all: &[Peaks]) {
    println!("\nPeak of the process with two of the picture in work, MB.");
    let Some(Peaks { mb: first, .. }) = all.first() else { return };
    let names: Vec<&str> = first.iter().map(|(name, _)| name.as_str()).collect();
    println!("| picture | {} |\n| --- |{}", names.join(" | "), " --- |".repeat(names.len()));
    for Peaks { picture, mb } in all {
        let cells: Vec<String> = mb.iter().map(|(_, peak)| format!("{peak:.0}")).collect();
        println!("| {picture} | {} |", cells.join(" | "));
    }
}
