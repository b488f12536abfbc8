//! Whether the scans of a JPEG whose end is missing are all there.
//!
//! Owns counting which coefficients they code to the last bit (ITU T.81, B.2.3 and G.1.1); refuses to decode any: that
//! a scan itself ends early is for the decoder to tell. The surprising rule: a file that has its end is never asked,
//! since encoders may leave out what they like; without it, what is not there may have been cut off.

use super::segments::is_frame;

/// Start of frame, progressive.
const PROGRESSIVE: u8 = 0xc2;

/// What the scans so far have coded.
#[derive(Default)]
pub(crate) struct Scans {
    progressive: bool,
    components: Vec<Component>,
}

struct Component {
    id: u8,
    /// Of each coefficient, whether its last bit is there.
    exact: [bool; 64],
}

impl Scans {
    /// Takes note of a segment, if it is one of a frame or a scan.
    pub(crate) fn note(&mut self, marker: u8, payload: &[u8]) {
        if is_frame(marker) {
            self.progressive = marker == PROGRESSIVE;
            let components = payload.get(6..).unwrap_or_default().chunks_exact(3);
            self.components = components.map(|fields| Component { id: fields[0], exact: [false; 64] }).collect();
        } else if marker == super::segments::SOS {
            self.scan(payload);
        }
    }

    /// A count, as many components with their tables, the first and last coefficient, and the bits that are left out.
    fn scan(&mut self, payload: &[u8]) {
        let Some((&count, rest)) = payload.split_first() else { return };
        let Some((components, &[first, last, bits])) = rest.split_at_checked(2 * usize::from(count)) else { return };
        let coded = if self.progressive { usize::from(first)..usize::from(last) + 1 } else { 0..64 };
        let is_exact = !self.progressive || bits & 15 == 0;
        for component in self.components.iter_mut().filter(|known| components.chunks(2).any(|one| one[0] == known.id)) {
            if let Some(coefficients) = component.exact.get_mut(coded.clone()) {
                coefficients.fill(is_exact);
            }
        }
    }

    /// Whether every coefficient of every component has been coded to the last bit.
    pub(crate) fn are_all_there(&self) -> bool {
        !self.components.is_empty() && self.components.iter().all(|component| component.exact.iter().all(|&bit| bit))
    }
}

#[cfg(test)]
mod tests {
    use super::super::segments::SOS;
    use super::*;

    fn frame(marker: u8) -> Scans {
        let mut scans = Scans::default();
        scans.note(marker, &[8, 0, 8, 0, 8, 2, 1, 0x11, 0, 2, 0x11, 0]);
        scans
    }

    #[test]
    fn a_sequential_picture_needs_every_component() {
        let mut scans = frame(0xc0);
        assert!(!scans.are_all_there());
        scans.note(SOS, &[1, 1, 0, 0, 63, 0]);
        assert!(!scans.are_all_there());
        scans.note(SOS, &[1, 2, 0, 0, 63, 0]);
        assert!(scans.are_all_there());
    }

    #[test]
    fn a_progressive_picture_needs_the_last_bit_of_every_coefficient() {
        let mut scans = frame(PROGRESSIVE);
        let script: [&[u8]; 6] = [
            &[2, 1, 0, 2, 0, 0, 0, 1],
            &[1, 1, 0, 1, 63, 2],
            &[1, 2, 0, 1, 63, 0],
            &[1, 1, 0, 1, 63, 0x21],
            &[2, 1, 0, 2, 0, 0, 0, 0x10],
            &[1, 1, 0, 1, 63, 0x10],
        ];
        for scan in script {
            assert!(!scans.are_all_there());
            scans.note(SOS, scan);
        }
        assert!(scans.are_all_there());
    }

    #[test]
    fn headers_that_make_no_sense_complete_nothing() {
        for scan in [&[][..], &[1], &[2, 1, 0, 0, 63, 0], &[1, 1, 0, 64, 255, 0], &[1, 1, 0, 9, 2, 0], &[0, 0, 63, 0]] {
            let mut scans = frame(PROGRESSIVE);
            scans.note(SOS, scan);
            assert!(!scans.are_all_there());
        }
        assert!(!Scans::default().are_all_there());
    }
}
