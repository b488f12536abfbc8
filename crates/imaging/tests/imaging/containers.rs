//! Files whose parts stand in another order than the standard's, twice, or not at all: read as browsers read them, and
//! written so that every reader opens them.
//!
//! Owns the odd files. The surprising rule: decoders that are strict judge what is written: `png` with every checksum
//! on, and the walkers.

use crate::support::{Picture, accept, fixture};
use crate::walkers::{png_chunks, webp_chunks};
use packshot_domain::ports::image_processor::{ProcessError, ProcessedImage};

type Chunks = Vec<(String, Vec<u8>)>;

fn png_of(chunks: &Chunks) -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, data) in chunks {
        let body = [kind.as_bytes(), data].concat();
        png.extend_from_slice(&u32::try_from(data.len()).unwrap().to_be_bytes());
        png.extend_from_slice(&body);
        png.extend_from_slice(&crc32fast::hash(&body).to_be_bytes());
    }
    png
}

fn webp_of(chunks: &Chunks) -> Vec<u8> {
    let mut webp = b"RIFF\0\0\0\0WEBP".to_vec();
    for (kind, data) in chunks {
        webp.extend_from_slice(kind.as_bytes());
        webp.extend_from_slice(&u32::try_from(data.len()).unwrap().to_le_bytes());
        webp.extend_from_slice(data);
        webp.resize(webp.len().next_multiple_of(2), 0);
    }
    let length = u32::try_from(webp.len() - 8).unwrap().to_le_bytes();
    webp[4..8].copy_from_slice(&length);
    webp
}

fn chunk(kind: &str, data: &[u8]) -> (String, Vec<u8>) {
    (kind.to_owned(), data.to_vec())
}

fn kinds(chunks: &Chunks) -> Vec<&str> {
    chunks.iter().map(|(kind, _)| kind.as_str()).collect()
}

fn pixels(image: &ProcessedImage) -> Picture {
    Picture::of_png(&image.variants[0].bytes)
}

/// Opens `png` as a decoder does that forgives nothing.
fn opens_strictly(png: &[u8]) {
    let mut options = png::DecodeOptions::default();
    options.set_ignore_checksums(false);
    options.set_skip_ancillary_crc_failures(false);
    let mut reader = png::Decoder::new_with_options(std::io::Cursor::new(png), options).read_info().unwrap();
    let mut samples = vec![0; reader.output_buffer_size().unwrap()];
    let _ = reader.next_frame(&mut samples).unwrap();
    reader.finish().unwrap();
}

/// The mended original of a PNG shows what `expected` shows, and every decoder opens it.
#[track_caller]
fn mended_png(chunks: &Chunks, expected: &ProcessedImage) -> Chunks {
    let image = accept(png_of(chunks)).unwrap();
    assert!(pixels(&image) == pixels(expected));
    opens_strictly(&image.original);
    let again = accept(image.original.clone()).unwrap();
    assert!(again.original == image.original, "nothing is left to mend");
    png_chunks(&image.original)
}

#[test]
fn a_png_whose_image_data_is_interrupted_is_put_together() {
    let whole = png_chunks(&fixture("rgb-8.png"));
    let plain = accept(fixture("rgb-8.png")).unwrap();
    let (header, data) = (whole[0].clone(), whole[1].1.clone());
    let (first, second) = data.split_at(data.len() / 2);
    for between in [chunk("tEXt", b"Comment\0text"), chunk("eXIf", b"MM\0*"), chunk("IDAT", b""), chunk("ABCD", b"")] {
        let parts = vec![header.clone(), chunk("IDAT", first), between, chunk("IDAT", second), chunk("IEND", b"")];
        let mended = mended_png(&parts, &plain);
        let joined: Vec<u8> =
            mended.iter().filter(|(kind, _)| kind == "IDAT").flat_map(|(_, data)| data.clone()).collect();
        assert!(joined == data);
        assert!(kinds(&mended).iter().all(|kind| ["IHDR", "IDAT", "IEND"].contains(kind)));
    }
}

#[test]
fn a_png_whose_stream_states_another_checksum_gets_the_true_one() {
    let mut chunks = png_chunks(&fixture("rgb-8.png"));
    let plain = accept(fixture("rgb-8.png")).unwrap();
    *chunks[1].1.last_mut().unwrap() ^= 0x55;
    mended_png(&chunks, &plain);
    let length = chunks[1].1.len();
    chunks[1].1.truncate(length - 4);
    mended_png(&chunks, &plain);
}

#[test]
fn chunks_before_the_image_data_of_a_png_are_put_in_order_and_stand_once() {
    let palette = png_chunks(&fixture("palette-alpha.png"));
    let plain = accept(fixture("palette-alpha.png")).unwrap();
    let [header, table, alpha, data] = [0, 1, 2, 3].map(|at| palette[at].clone());
    assert_eq!(kinds(&palette), ["IHDR", "PLTE", "tRNS", "IDAT", "IEND"]);
    let (gamma, density) = (chunk("gAMA", &[0, 0, 0xb1, 0x8f]), chunk("pHYs", &[0, 0, 1, 0, 0, 0, 1, 0, 1]));
    let background = chunk("bKGD", &[1]);
    let end = chunk("IEND", b"");
    let parts = |middle: &[&(String, Vec<u8>)]| {
        let all = std::iter::once(&header).chain(middle.iter().copied()).chain([&data, &end]);
        all.cloned().collect::<Chunks>()
    };
    let mended = mended_png(&parts(&[&table, &gamma, &density, &alpha, &background, &gamma, &alpha]), &plain);
    assert_eq!(kinds(&mended), ["IHDR", "gAMA", "PLTE", "pHYs", "tRNS", "bKGD", "IDAT", "IEND"]);
    // Alpha and background before the palette that they speak of are passed over.
    let opaque = accept(png_of(&parts(&[&table]))).unwrap();
    let mended = mended_png(&parts(&[&alpha, &background, &table]), &opaque);
    assert_eq!(kinds(&mended), ["IHDR", "PLTE", "IDAT", "IEND"]);
    // More alpha than colours, and a palette that ends within a colour.
    let long = chunk("tRNS", &[&alpha.1[..], &[255; 200]].concat());
    let mended = mended_png(&parts(&[&table, &long]), &plain);
    assert_eq!(mended[2].1.len(), table.1.len() / 3);
    let odd = chunk("PLTE", &[&table.1[..], &[7]].concat());
    assert!(mended_png(&parts(&[&odd, &alpha]), &plain)[1] == table);
    for middle in [vec![&table, &table], vec![]] {
        assert!(matches!(accept(png_of(&parts(&middle))), Err(ProcessError::Corrupt(_))));
    }
    let behind = vec![header.clone(), data.clone(), table.clone(), end.clone()];
    assert!(matches!(accept(png_of(&behind)), Err(ProcessError::Corrupt(_))));
}

#[test]
fn a_png_keeps_no_part_of_a_length_that_readers_quarrel_about() {
    let rgb = png_chunks(&fixture("rgb-key.png"));
    let keyed = accept(fixture("rgb-key.png")).unwrap();
    assert_eq!(kinds(&rgb), ["IHDR", "tRNS", "IDAT", "IEND"]);
    let with = |before: &[(String, Vec<u8>)]| [&rgb[..1], before, &rgb[2..]].concat();
    let key = &rgb[1].1;
    let longer = chunk("tRNS", &[&key[..], b"more"].concat());
    let high: Vec<u8> = key.iter().enumerate().map(|(at, byte)| if at % 2 == 0 { 1 } else { *byte }).collect();
    for odd in [longer, chunk("tRNS", &high)] {
        assert!(mended_png(&with(&[odd]), &keyed) == rgb);
    }
    let plain = accept(png_of(&with(&[]))).unwrap();
    for odd in [chunk("tRNS", &key[..4]), chunk("PLTE", &[1, 2, 3, 4]), chunk("bKGD", &[0]), chunk("sBIT", &[8])] {
        assert_eq!(kinds(&mended_png(&with(&[odd]), &plain)), ["IHDR", "IDAT", "IEND"]);
    }
    for odd in [chunk("cICP", &[1, 13, 1, 1]), chunk("cICP", &[1, 13, 0, 2]), chunk("cICP", &[1, 13])] {
        assert_eq!(kinds(&mended_png(&with(&[odd]), &plain)), ["IHDR", "IDAT", "IEND"]);
    }
    // Of one bit, no sample is this.
    let gray = png_chunks(&fixture("gray-1.png"));
    let odd = [&gray[..1], &[chunk("tRNS", &[0, 255])], &gray[1..]].concat();
    assert!(mended_png(&odd, &accept(fixture("gray-1.png")).unwrap()) == gray);
    // Where there is alpha, no colour is clear besides.
    let rgba = png_chunks(&fixture("rgba-8.png"));
    let odd = [&rgba[..1], &[chunk("tRNS", key)], &rgba[1..]].concat();
    assert!(mended_png(&odd, &accept(fixture("rgba-8.png")).unwrap()) == rgba);
}

fn frame_control(sequence: u32, [width, height, left, top]: [u32; 4]) -> (String, Vec<u8>) {
    let numbers = [sequence, width, height, left, top].map(u32::to_be_bytes).concat();
    chunk("fcTL", &[&numbers[..], &[0, 1, 0, 10, 0, 0]].concat())
}

fn control(frames: u8) -> (String, Vec<u8>) {
    chunk("acTL", &[0, 0, 0, frames, 0, 0, 0, 0])
}

fn frame_data(sequence: u8, data: &[u8]) -> (String, Vec<u8>) {
    chunk("fdAT", &[&[0, 0, 0, sequence], data].concat())
}

#[test]
fn an_apng_of_one_frame_is_the_still_picture_of_that_frame() {
    let (shown, other) = (png_chunks(&fixture("rgb-8.png")), png_chunks(&fixture("orientation-3.png")));
    let plain = accept(fixture("rgb-8.png")).unwrap();
    let [header, data, end] = [0, 1, 2].map(|at| shown[at].clone());
    let default = other.iter().find(|(kind, _)| kind == "IDAT").unwrap().clone();
    let whole = [64, 48, 0, 0];
    let (first, second) = data.1.split_at(data.1.len() / 2);
    let pieces = [frame_control(0, whole), frame_data(1, first), frame_data(2, second)];
    // The picture itself is the frame.
    let itself = [header.clone(), control(1), frame_control(0, whole), data.clone(), end.clone()];
    assert!(mended_png(&itself.to_vec(), &plain) == shown);
    // What other programs show is none.
    let separate = [&[header.clone(), control(1), default.clone()][..], &pieces, std::slice::from_ref(&end)].concat();
    let mended = mended_png(&separate, &plain);
    assert_eq!(kinds(&mended), ["IHDR", "IDAT", "IDAT", "IEND"]);
    // More frames are stated than there are, and fewer; what moves nothing is passed over.
    let fewer = [header.clone(), control(7), frame_control(0, whole), data.clone(), end.clone()];
    assert!(mended_png(&fewer.to_vec(), &plain) == shown);
    let more = [&itself[..4], &[frame_control(1, whole), frame_data(2, &default.1), end.clone()]].concat();
    assert!(mended_png(&more, &plain) == shown);
    let too_many = chunk("acTL", &[128, 0, 0, 1, 0, 0, 0, 0]);
    let invalid =
        [header.clone(), too_many, data.clone(), frame_control(0, whole), frame_data(1, &default.1), end.clone()];
    assert!(mended_png(&invalid.to_vec(), &plain) == shown);
    for idle in [vec![control(0)], vec![control(1)], vec![frame_control(0, whole)], vec![chunk("acTL", &[0; 4])]] {
        assert!(mended_png(&[&[header.clone()][..], &idle, &[data.clone(), end.clone()]].concat(), &plain) == shown);
    }
    // Two that are there move.
    let mut moving = more;
    moving[1] = control(2);
    assert!(matches!(accept(png_of(&moving)), Err(ProcessError::Animated)));
    for place in [[63, 48, 0, 0], [64, 48, 0, 1], [64, 48, 1, 0], [0, 48, 0, 0]] {
        let smaller = [&separate[..3], &[frame_control(0, place)], &separate[4..]].concat();
        let outcome = accept(png_of(&smaller));
        assert!(matches!(outcome, Err(ProcessError::Unsupported(_))), "{place:?}: {outcome:?}");
    }
}

/// The mended original of a WebP shows what `expected` shows.
#[track_caller]
fn mended_webp(chunks: &Chunks, expected: &ProcessedImage) -> Chunks {
    let image = accept(webp_of(chunks)).unwrap();
    assert!(pixels(&image) == pixels(expected));
    let seen = image::load_from_memory(&image.original).unwrap();
    assert_eq!((seen.width(), seen.height()), (image.dimensions.width(), image.dimensions.height()));
    let again = accept(image.original.clone()).unwrap();
    assert!(again.original == image.original, "nothing is left to mend");
    webp_chunks(&image.original)
}

fn canvas(flags: u8) -> (String, Vec<u8>) {
    chunk("VP8X", &[flags, 0, 0, 0, 63, 0, 0, 47, 0, 0])
}

fn part(fixture_name: &str, kind: &str) -> (String, Vec<u8>) {
    webp_chunks(&fixture(fixture_name)).into_iter().find(|(known, _)| known == kind).unwrap()
}

#[test]
fn the_chunks_of_a_webp_are_put_in_order() {
    let (clear, lossy) = (accept(fixture("lossy-alpha.webp")).unwrap(), accept(fixture("lossy.webp")).unwrap());
    let lossless = accept(fixture("lossless.webp")).unwrap();
    let (alpha, under) = (part("lossy-alpha.webp", "ALPH"), part("lossy-alpha.webp", "VP8 "));
    let (vp8, vp8l) = (part("lossy.webp", "VP8 "), part("lossless.webp", "VP8L"));
    let profile = part("icc-display-p3.webp", "ICCP");
    let unknown = chunk("abcd", b"odd");
    for order in [
        vec![canvas(0x10), under.clone(), alpha.clone()],
        vec![canvas(0x10), alpha.clone(), unknown.clone(), under.clone()],
        vec![canvas(0x10), alpha.clone(), alpha.clone(), under.clone()],
        vec![canvas(0xd1), alpha.clone(), under.clone(), unknown.clone()],
    ] {
        assert_eq!(kinds(&mended_webp(&order, &clear)), ["VP8X", "ALPH", "VP8 "]);
    }
    // Beside a bitstream with its own alpha, there is none.
    for order in
        [vec![canvas(0x10), alpha.clone(), vp8l.clone()], vec![canvas(0x10), vp8l.clone(), chunk("ALPH", &[0; 10])]]
    {
        let mended = mended_webp(&order, &lossless);
        assert_eq!(kinds(&mended), ["VP8X", "VP8L"]);
        assert_eq!(mended[0].1[0], 0, "no flag without alpha");
    }
    // Nor where the header announces none; nor is there a profile.
    let opaque = accept(webp_of(&vec![under.clone()])).unwrap();
    assert_eq!(kinds(&mended_webp(&vec![canvas(0), alpha.clone(), under.clone()], &opaque)), ["VP8X", "VP8 "]);
    assert_eq!(kinds(&mended_webp(&vec![canvas(0), profile.clone(), vp8.clone()], &lossy)), ["VP8X", "VP8 "]);
    let coloured = accept(fixture("icc-display-p3.webp")).unwrap();
    let picture = part("icc-display-p3.webp", "VP8L");
    let behind = mended_webp(&vec![canvas(0x20), picture, profile.clone(), profile.clone()], &coloured);
    assert!(behind == webp_chunks(&fixture("icc-display-p3.webp")));
    let between = vec![canvas(0x30), alpha.clone(), profile, under];
    assert_eq!(kinds(&webp_chunks(&accept(webp_of(&between)).unwrap().original)), ["VP8X", "ICCP", "ALPH", "VP8 "]);
    // What stands where readers do not look says nothing.
    assert_eq!(
        kinds(&mended_webp(&vec![vp8.clone(), chunk("VP8X", &[2, 0, 0, 0, 9, 0, 0, 9, 0, 0])], &lossy)),
        ["VP8 "]
    );
    assert_eq!(kinds(&mended_webp(&vec![unknown, vp8], &lossy)), ["VP8 "]);
}

/// Place, size, duration and flags, and chunks.
fn frame([left, top, width, height]: [u8; 4], flags: u8, chunks: &Chunks) -> (String, Vec<u8>) {
    let header = [left, 0, 0, top, 0, 0, width - 1, 0, 0, height - 1, 0, 0, 100, 0, 0, flags];
    chunk("ANMF", &[&header[..], &webp_of(chunks)[12..]].concat())
}

#[test]
fn an_animated_webp_of_one_frame_is_the_still_picture_of_that_frame() {
    let whole = [0, 0, 64, 48];
    let timing = chunk("ANIM", &[255, 255, 255, 255, 0, 0]);
    let (alpha, under) = (part("lossy-alpha.webp", "ALPH"), part("lossy-alpha.webp", "VP8 "));
    let (vp8, vp8l) = (part("lossy.webp", "VP8 "), part("lossless-alpha.webp", "VP8L"));
    let (profile, coloured) = (part("icc-display-p3.webp", "ICCP"), part("icc-display-p3.webp", "VP8L"));
    for (name, flags, parts, before, expected) in [
        ("lossy.webp", 2, vec![vp8.clone()], vec![], vec!["VP8X", "VP8 "]),
        ("lossy-alpha.webp", 0x12, vec![alpha.clone(), under.clone()], vec![], vec!["VP8X", "ALPH", "VP8 "]),
        // In a frame, alpha counts whether it is announced or not.
        ("lossy-alpha.webp", 2, vec![alpha, under], vec![], vec!["VP8X", "ALPH", "VP8 "]),
        ("lossless-alpha.webp", 0x12, vec![vp8l.clone()], vec![], vec!["VP8X", "VP8L"]),
        ("icc-display-p3.webp", 0x22, vec![coloured], vec![profile], vec!["VP8X", "ICCP", "VP8L"]),
    ] {
        let still = accept(fixture(name)).unwrap();
        for with_timing in [true, false] {
            let mut file = vec![canvas(flags)];
            file.extend(before.clone());
            file.extend(with_timing.then(|| timing.clone()));
            file.push(frame(whole, 1, &parts));
            let mended = mended_webp(&file, &still);
            assert_eq!(kinds(&mended), expected, "{name}");
            assert_eq!(mended[0].1[0] & 2, 0, "it says no more that it moves");
        }
    }
    let still = accept(fixture("lossy.webp")).unwrap();
    let one = frame(whole, 0, &vec![vp8.clone()]);
    // Where nothing is announced to move, what would is passed over.
    let beside = vec![canvas(0), vp8.clone(), timing.clone(), one.clone(), one.clone()];
    assert_eq!(kinds(&mended_webp(&beside, &still)), ["VP8X", "VP8 "]);
    for moving in [vec![canvas(2), timing.clone(), one.clone(), one.clone()], vec![canvas(2), vp8.clone(), one]] {
        assert!(matches!(accept(webp_of(&moving)), Err(ProcessError::Animated)));
    }
    for place in [[1, 0, 64, 48], [0, 1, 64, 48]] {
        let file = vec![canvas(2), timing.clone(), frame(place, 0, &vec![vp8.clone()])];
        let outcome = accept(webp_of(&file));
        assert!(matches!(outcome, Err(ProcessError::Unsupported(_))), "{place:?}: {outcome:?}");
    }
    let larger = vec![chunk("VP8X", &[2, 0, 0, 0, 99, 0, 0, 47, 0, 0]), timing, frame(whole, 0, &vec![vp8])];
    assert!(matches!(accept(webp_of(&larger)), Err(ProcessError::Corrupt(_))));
}
