//! How large the decoded picture must be for the variants asked for.
//!
//! Owns that arithmetic; refuses to know pixels.
//! The surprising rule: a whole picture is kept only when some variant is as large as the upload.

use packshot_domain::image::Dimensions;
use packshot_domain::variant::VariantSpecs;

/// What to keep of the decoded picture, in sizes as displayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Whether some variant needs every pixel.
    pub(crate) whole: bool,
    /// The smallest size from which every shrunk variant can be made; `None` when there is none.
    pub(crate) shrunk: Option<Dimensions>,
}

/// The plan for a picture displayed at `size`.
pub(crate) fn plan(size: Dimensions, specs: &VariantSpecs) -> Plan {
    let mut plan = Plan { whole: false, shrunk: None };
    for spec in specs.as_slice() {
        let scaled = spec.fit.scaled(size);
        if scaled == size {
            plan.whole = true;
            continue;
        }
        let most = plan.shrunk.unwrap_or(scaled);
        plan.shrunk = Dimensions::new(most.width().max(scaled.width()), most.height().max(scaled.height()));
    }
    plan
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
        assert_eq!(plan(size(4000, 3000), &specs), Plan { whole: false, shrunk: Some(size(1200, 900)) });
        assert_eq!(plan(size(1000, 1000), &specs), Plan { whole: true, shrunk: Some(size(800, 800)) });
        assert_eq!(plan(size(300, 300), &specs), Plan { whole: true, shrunk: None });
    }
}
