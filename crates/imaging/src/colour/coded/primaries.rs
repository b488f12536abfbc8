//! What red, green and blue are.
//!
//! Owns chromaticities and the matrices between them; refuses transfers.
//! The surprising rule: white stays white. Where two whites differ, colours are adapted by Bradford's matrix (as
//! ICC.1:2022, annex E), which is what browsers do.

/// Of linear light.
pub(super) type Matrix = [[f32; 3]; 3];

type Exact = [[f64; 3]; 3];

/// Chromaticities, x and y each (CIE 1931).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Primaries {
    red: [f64; 2],
    green: [f64; 2],
    blue: [f64; 2],
    white: [f64; 2],
}

/// CIE illuminant D65, as the standards of television round it.
const D65: [f64; 2] = [0.3127, 0.3290];

/// CIE illuminant C.
const C: [f64; 2] = [0.310, 0.316];

/// From XYZ to cones.
const BRADFORD: Exact = [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]];

impl Primaries {
    /// ITU-R BT.709, IEC 61966-2-1.
    pub(crate) const SRGB: Self = Self::new([0.640, 0.330], [0.300, 0.600], [0.150, 0.060], D65);

    /// ITU-R BT.2020, BT.2100.
    pub(crate) const BT2020: Self = Self::new([0.708, 0.292], [0.170, 0.797], [0.131, 0.046], D65);

    /// These.
    pub(crate) const fn new(red: [f64; 2], green: [f64; 2], blue: [f64; 2], white: [f64; 2]) -> Self {
        Self { red, green, blue, white }
    }

    /// Of this code (H.273, table 2); `None` for codes that mean nothing.
    pub(crate) fn of_code(code: u8) -> Option<Self> {
        Some(match code {
            1 => Self::SRGB,
            4 => Self::new([0.67, 0.33], [0.21, 0.71], [0.14, 0.08], C),
            5 => Self::new([0.64, 0.33], [0.29, 0.60], [0.15, 0.06], D65),
            6 | 7 => Self::new([0.630, 0.340], [0.310, 0.595], [0.155, 0.070], D65),
            8 => Self::new([0.681, 0.319], [0.243, 0.692], [0.145, 0.049], C),
            9 => Self::BT2020,
            10 => Self::new([1.0, 0.0], [0.0, 1.0], [0.0, 0.0], [1.0 / 3.0, 1.0 / 3.0]),
            11 => Self::new([0.680, 0.320], [0.265, 0.690], [0.150, 0.060], [0.314, 0.351]),
            12 => Self::new([0.680, 0.320], [0.265, 0.690], [0.150, 0.060], D65),
            22 => Self::new([0.630, 0.340], [0.295, 0.605], [0.155, 0.077], D65),
            _ => return None,
        })
    }

    /// From light of these to light of `other`; `None` where one of them spans no plane or has no white.
    #[expect(clippy::cast_possible_truncation, reason = "a float of half the size is exact enough for 16 bits")]
    pub(super) fn to(&self, other: &Self) -> Option<Matrix> {
        let matrix = product(&inverse(&other.to_xyz()?)?, &self.to_xyz()?);
        let all = matrix.iter().flatten();
        all.clone().all(|part| part.abs() < 1e4).then(|| matrix.map(|row| row.map(|part| part as f32)))
    }

    /// To XYZ as it is under [`D65`].
    fn to_xyz(&self) -> Option<Exact> {
        let [red, green, blue, white] = [self.red, self.green, self.blue, self.white].map(xyz);
        let columns = transposed(&[red?, green?, blue?]);
        let white = white.filter(|_| self.white[1] > 0.0)?;
        let parts = applied(&inverse(&columns)?, white);
        if parts.iter().any(|part| *part <= 0.0) {
            return None;
        }
        let scaled = columns.map(|row| std::array::from_fn(|at| row[at] * parts[at]));
        let (from, to) = (applied(&BRADFORD, white), applied(&BRADFORD, xyz(D65)?));
        if from.iter().any(|cone| *cone <= 0.0) {
            return None;
        }
        let adapted: Exact = std::array::from_fn(|at| BRADFORD[at].map(|part| part * to[at] / from[at]));
        Some(product(&product(&inverse(&BRADFORD)?, &adapted), &scaled))
    }
}

/// Of light whose Y is 1; where y is zero, in proportion only.
fn xyz([x, y]: [f64; 2]) -> Option<[f64; 3]> {
    let whole = if y == 0.0 { 1.0 } else { y };
    let xyz = [x / whole, y / whole, (1.0 - x - y) / whole];
    xyz.iter().all(|part| part.is_finite()).then_some(xyz)
}

/// `matrix` times a column.
fn applied(matrix: &Exact, column: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| row.iter().zip(column).map(|(a, b)| a * b).sum())
}

/// `matrix` times light.
#[inline]
pub(super) fn times(matrix: &Matrix, [red, green, blue]: [f32; 3]) -> [f32; 3] {
    matrix.map(|[of_red, of_green, of_blue]| of_red * red + of_green * green + of_blue * blue)
}

fn transposed(matrix: &Exact) -> Exact {
    std::array::from_fn(|row| std::array::from_fn(|column| matrix[column][row]))
}

fn product(a: &Exact, b: &Exact) -> Exact {
    transposed(&transposed(b).map(|column| applied(a, column)))
}

/// By cofactors; `None` where there is none.
fn inverse(m: &Exact) -> Option<Exact> {
    let minor = |row: usize, column: usize| {
        let (r1, r2, c1, c2) = ((row + 1) % 3, (row + 2) % 3, (column + 1) % 3, (column + 2) % 3);
        m[r1][c1] * m[r2][c2] - m[r1][c2] * m[r2][c1]
    };
    let determinant: f64 = (0..3).map(|column| m[0][column] * minor(0, column)).sum();
    (determinant.abs() > 1e-9)
        .then(|| std::array::from_fn(|row| std::array::from_fn(|column| minor(column, row) / determinant)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_stays_white_and_there_and_back_is_the_same() {
        for from in (0..=255).filter_map(Primaries::of_code) {
            let there = from.to(&Primaries::SRGB).unwrap();
            let white = times(&there, [1.0; 3]);
            assert!(white.iter().all(|part| (part - 1.0).abs() < 1e-5), "{from:?}: {white:?}");
            let back = Primaries::SRGB.to(&from).unwrap();
            let again = times(&back, times(&there, [0.2, 0.5, 0.8]));
            for (part, expected) in again.iter().zip([0.2, 0.5, 0.8]) {
                assert!((part - expected).abs() < 1e-4, "{from:?}: {again:?}");
            }
        }
    }

    /// ITU-R BT.2087-0, 2.2, the other way round: BT.709 to BT.2020.
    #[test]
    fn the_matrix_is_the_standards() {
        let matrix = Primaries::SRGB.to(&Primaries::BT2020).unwrap();
        let expected = [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]];
        for (made, expected) in matrix.iter().flatten().zip(expected.iter().flatten()) {
            assert!((made - expected).abs() < 1e-4, "{matrix:?}");
        }
    }

    #[test]
    fn chromaticities_that_are_none_have_no_matrix() {
        let point = [0.3127, 0.3290];
        for bad in [
            Primaries::new([0.0; 2], [0.0; 2], [0.0; 2], [0.0; 2]),
            Primaries::new(point, point, point, point),
            Primaries::new([0.64, 0.33], [0.30, 0.60], [0.15, 0.06], [0.9, 0.0]),
        ] {
            assert!(bad.to(&Primaries::SRGB).is_none(), "{bad:?}");
        }
    }
}
