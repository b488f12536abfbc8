//! Every size that an upload can have, with the customer's variants; and any size with any variants.
//!
//! Owns the oracle: fractions, written down once more and in another way. The surprising rule: no pixel is made here,
//! so that all 22 million sizes can be gone through.

use super::{Eighths, Placement, Plan, Window, base, common, plan};
use crate::settings::{ImagingSettings, Profile};
use packshot_domain::image::Dimensions;
use packshot_domain::variant::{Fit, Folder, Quality, TargetFormat, VariantName, VariantSpec, VariantSpecs};
use proptest::prelude::*;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

fn size(width: u32, height: u32) -> Dimensions {
    Dimensions::new(width, height).unwrap()
}

/// `side` times `over / under`, where that is less than one; the nearest whole number, half a one being one.
fn oracle_side(side: u32, over: u32, under: u32) -> u32 {
    if over >= under {
        return side;
    }
    let [side, over, under] = [side, over, under].map(u128::from);
    u32::try_from(((2 * side * over + under) / (2 * under)).max(1)).unwrap()
}

/// Of the customer's variants, each of which has a width and nothing else.
fn oracle_of_width(picture: Dimensions, width: u32) -> Dimensions {
    let (w, h) = (picture.width(), picture.height());
    size(w.min(width), if w <= width { h } else { oracle_side(h, width, w) })
}

/// Of any fit: the fraction of the picture, and the variant.
fn oracle(picture: Dimensions, fit: Fit) -> (Dimensions, Dimensions) {
    let (w, h) = (picture.width(), picture.height());
    let less = |a: (u32, u32), b: (u32, u32)| u64::from(a.0) * u64::from(b.1) < u64::from(b.0) * u64::from(a.1);
    let by = |(over, under)| size(oracle_side(w, over, under), oracle_side(h, over, under));
    match fit {
        Fit::Inside { max_width, max_height } => {
            let (across, down) = ((max_width.unwrap_or(w), w), (max_height.unwrap_or(h), h));
            let scaled = by(if less(down, across) { down } else { across });
            (scaled, scaled)
        }
        Fit::Cover { size: area } => {
            let (across, down) = ((area.width(), w), (area.height(), h));
            let scaled = by(if less(across, down) { down } else { across });
            (scaled, common(scaled, area))
        }
        Fit::Contain { size: area, .. } => {
            let (across, down) = ((area.width(), w), (area.height(), h));
            (by(if less(down, across) { down } else { across }), area)
        }
    }
}

fn covers(larger: Dimensions, smaller: Dimensions) -> bool {
    larger.width() >= smaller.width() && larger.height() >= smaller.height()
}

/// What must be true of a variant, whatever the sizes.
fn check(picture: Dimensions, plan: &Plan, placement: Placement) {
    let (scaled, shown, output) = (placement.scaled(), placement.shown(), placement.output());
    assert!(covers(picture, scaled) && covers(scaled, shown) && covers(output, shown), "{picture}: {placement:?}");
    if scaled == picture {
        assert!(plan.whole, "{picture}: {scaled} needs every pixel");
        return;
    }
    let kept = *base(&plan.shrunk, |&kept| kept, scaled).unwrap();
    assert!(covers(picture, kept) && covers(kept, scaled), "{picture}: {scaled} is made of {kept}");
    let window = Window::new(kept, placement);
    for (span, kept, scaled, shown) in [
        (window.across(), kept.width(), scaled.width(), shown.width()),
        (window.down(), kept.height(), scaled.height(), shown.height()),
    ] {
        let (start, length, kept_pixels) = (span.start(), span.length(), f64::from(kept));
        // As the resizer adds them up.
        let end = start + length;
        assert!(0.0 <= start && start < end && end <= kept_pixels, "{picture}: {span:?} of {kept}");
        assert!(shown < scaled || (start, end) == (0.0, kept_pixels), "{picture}: all of {kept} is shown");
        // In the middle, to half a pixel of the scaled picture; and as long as what is shown, to 2^-15 pixels.
        let pixel = kept_pixels / f64::from(scaled);
        assert!((start - (kept_pixels - end)).abs() <= pixel + 1e-4, "{picture}: {span:?} of {kept}");
        assert!((length - f64::from(shown) * pixel).abs() < 1e-4, "{picture}: {span:?} of {kept}");
    }
}

/// What the codec makes of a JPEG in the fast profile: enough for the largest, and no more than a step needs.
fn check_scaled_decode(picture: Dimensions, plan: &Plan) {
    let Some(&target) = plan.shrunk.first().filter(|_| !plan.whole) else { return };
    let made = |eighths: u32, side: u32| (u64::from(side) * u64::from(eighths)).div_ceil(8);
    let enough = |eighths: u32| {
        made(eighths, picture.width()) * 10 >= u64::from(target.width()) * 13
            && made(eighths, picture.height()) * 10 >= u64::from(target.height()) * 13
    };
    let eighths = Eighths::covering(picture, target);
    let count = eighths.count();
    assert!([1, 2, 4, 8].contains(&count) && (count == 8 || enough(count)), "{picture}: {count} eighths");
    assert!(count == 1 || !enough(count / 2), "{picture}: {count} eighths");
    assert_eq!(eighths.of(picture.width()), made(count, picture.width()));
    let turned = Eighths::covering(picture.transposed(), target.transposed());
    assert_eq!(turned, eighths, "{picture}, turned");
}

#[test]
fn every_size_from_300_to_5000_has_the_customers_variants() {
    let ImagingSettings { min_width, max_width, min_height, max_height, .. } = ImagingSettings::default();
    let specs = VariantSpecs::default();
    let widths = [1200, 800, 300, 1200];
    let next = AtomicU32::new(min_width);
    let through = || {
        loop {
            let width = next.fetch_add(1, Relaxed);
            if width > max_width {
                return;
            }
            for height in min_height..=max_height {
                let picture = size(width, height);
                for profile in [Profile::Quality, Profile::Fast] {
                    let plan = plan(picture, &specs, profile);
                    for (spec, width) in specs.as_slice().iter().zip(widths) {
                        let placement = Placement::new(spec.fit, picture);
                        let expected = oracle_of_width(picture, width);
                        assert!(
                            placement.scaled() == expected && placement.output() == expected,
                            "{picture}: {placement:?} is not {expected}"
                        );
                        check(picture, &plan, placement);
                    }
                    if profile == Profile::Fast {
                        check_scaled_decode(picture, &plan);
                    }
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(through);
        }
    });
    assert!(next.into_inner() > max_width);
}

/// Sides that uploads and settings can have, the small and the extreme as often as the rest.
fn side(most: u32) -> impl Strategy<Value = u32> {
    prop_oneof![1..=8_u32, 1..=most, most - 8..=most]
}

fn fit() -> impl Strategy<Value = Fit> {
    let area = || (side(5000), side(5000)).prop_map(|(width, height)| size(width, height));
    prop_oneof![
        (proptest::option::of(side(5000)), proptest::option::of(side(5000)))
            .prop_map(|(max_width, max_height)| Fit::Inside { max_width, max_height }),
        area().prop_map(|size| Fit::Cover { size }),
        area().prop_map(|size| Fit::Contain { size, background: [255; 4] }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_size_has_any_variants(
        width in side(16_383),
        height in side(16_383),
        fits in proptest::collection::vec(fit(), 0..6),
        fast: bool,
    ) {
        let picture = size(width, height);
        let profile = if fast { Profile::Fast } else { Profile::Quality };
        let spec = |(number, &fit): (usize, &Fit)| VariantSpec {
            name: VariantName::parse(&format!("v{number}")).unwrap(),
            folder: Folder::parse(&format!("v{number}")).unwrap(),
            fit,
            format: TargetFormat::Source,
            quality: Quality::new(85).unwrap(),
        };
        let specs = VariantSpecs::new(fits.iter().enumerate().map(spec).collect()).unwrap();
        let plan = plan(picture, &specs, profile);
        for fit in fits {
            let placement = Placement::new(fit, picture);
            let (scaled, output) = oracle(picture, fit);
            prop_assert_eq!(placement.scaled(), scaled);
            prop_assert_eq!(placement.output(), output);
            check(picture, &plan, placement);
        }
        check_scaled_decode(picture, &plan);
    }
}
