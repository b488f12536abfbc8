//! How large the decoded picture must be for the variants asked for.
//!
//! Owns that choice; refuses to know pixels.
//! The surprising rule: a whole picture is kept only when some variant is as large as the upload.

use crate::settings::Profile;
use packshot_domain::image::Dimensions;
use packshot_domain::variant::VariantSpecs;

/// What to keep of the decoded picture, in sizes as displayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Whether some variant needs every pixel.
    pub(crate) whole: bool,
    /// What to shrink every pixel to, the largest first. Either each size that a variant needs, or one of which
    /// every shrunk variant can be made.
    pub(crate) shrunk: Vec<Dimensions>,
}

/// The plan for a picture displayed at `size`.
pub(crate) fn plan(size: Dimensions, specs: &VariantSpecs, profile: Profile) -> Plan {
    let mut sizes: Vec<_> = specs.as_slice().iter().map(|spec| spec.fit.scaled(size)).collect();
    sizes.sort_by_key(|size| (std::cmp::Reverse(size.pixels()), size.width()));
    sizes.dedup();
    let whole = sizes.contains(&size);
    sizes.retain(|shrunk| *shrunk != size);
    // Sizes of one picture are larger in both sides or in none, so each other can be made of the largest.
    if let Some(&largest) = sizes.first()
        && (profile == Profile::Fast || is_much_larger(size, largest))
    {
        sizes.truncate(1);
    }
    Plan { whole, shrunk: sizes }
}

/// Whether `size` is at least 2.5 times `shrunk`. Then what is made of `shrunk` is as good as what is made of the
/// whole picture, to a tenth of a point of SSIMULACRA2 on photographs; below, up to seven points are lost, since two
/// filters one after the other blur and ring where they are near each other.
fn is_much_larger(size: Dimensions, shrunk: Dimensions) -> bool {
    let much = |side: u32, shrunk: u32| u64::from(side) * 2 >= u64::from(shrunk) * 5;
    much(size.width(), shrunk.width()) && much(size.height(), shrunk.height())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(width: u32, height: u32) -> Dimensions {
        Dimensions::new(width, height).unwrap()
    }

    #[test]
    fn the_largest_variant_decides() {
        let specs = VariantSpecs::default();
        let of = |width, height| plan(size(width, height), &specs, Profile::Quality);
        assert_eq!(of(4000, 3000), Plan { whole: false, shrunk: vec![size(1200, 900)] });
        assert_eq!(of(1000, 1000), Plan { whole: true, shrunk: vec![size(800, 800), size(300, 300)] });
        assert_eq!(of(300, 300), Plan { whole: true, shrunk: vec![] });
    }

    #[test]
    fn a_picture_that_is_not_much_larger_is_shrunk_to_every_size_at_once() {
        let specs = VariantSpecs::default();
        let all = vec![size(1200, 1200), size(800, 800), size(300, 300)];
        assert_eq!(plan(size(2999, 2999), &specs, Profile::Quality).shrunk, all);
        assert_eq!(plan(size(3000, 3000), &specs, Profile::Quality).shrunk, all[..1]);
        assert_eq!(plan(size(2999, 2999), &specs, Profile::Fast).shrunk, all[..1]);
    }
}
