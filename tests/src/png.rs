//! A PNG by hand (W3C PNG, RFC 1950, RFC 1951): chunks, and data that a test can predict to the byte.
//!
//! Owns no compression worth the name: bytes as they are, or zeros.

/// A grey PNG with 8 bits a sample, not compressed, of `rows` that each begin with their filter.
///
/// # Panics
/// When that is no picture.
#[must_use]
pub fn gray(width: u32, height: u32, rows: &[u8]) -> Vec<u8> {
    assert_eq!(rows.len() as u64, u64::from(height) * (u64::from(width) + 1));
    of_data(width, height, &zlib_stored(rows))
}

/// A grey PNG with 8 bits a sample and this data, whatever it is.
#[must_use]
pub fn of_data(width: u32, height: u32, data: &[u8]) -> Vec<u8> {
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 0, 0, 0, 0]].concat();
    let chunks = [chunk(*b"IHDR", &header), chunk(*b"IDAT", data), chunk(*b"IEND", b"")];
    [b"\x89PNG\r\n\x1a\n".as_slice(), &chunks.concat()].concat()
}

/// A zlib stream (RFC 1950) of so many zeros, in a 158th of their bytes: a zero, and runs that repeat it.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn zlib_of_zeros(count: usize) -> Vec<u8> {
    let (mut bytes, mut pending, mut bits) = (vec![0x78, 0x9c], 0_u64, 0_u32);
    let mut write = |value: u64, length: u32| {
        pending |= value << bits;
        bits += length;
        while bits >= 8 {
            bytes.push(u8::try_from(pending & 0xff).expect("eight bits"));
            pending >>= 8;
            bits -= 8;
        }
    };
    // RFC 1951, 3.2.6: the last block, of fixed codes, which begin with their highest bit.
    write(0b011, 3);
    let literal = |write: &mut dyn FnMut(u64, u32)| write(u64::from(0b0011_0000_u8.reverse_bits()), 8);
    literal(&mut write);
    for _ in 0..(count - 1) / 258 {
        // Code 285 is a run of 258, and five zeros a distance of one.
        write(u64::from(0b1100_0101_u8.reverse_bits()), 13);
    }
    for _ in 0..(count - 1) % 258 {
        literal(&mut write);
    }
    // The end of the block, in seven zeros, and what fills the byte.
    write(0, 7);
    write(0, 7);
    let checksum = u32::try_from(count % 65_521).expect("a remainder") << 16 | 1;
    bytes.extend_from_slice(&checksum.to_be_bytes());
    bytes
}

/// A zlib stream of `data` as it is.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn zlib_stored(data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x78, 0x01];
    let blocks = data.chunks(65_535);
    let last = blocks.len() - 1;
    for (number, block) in blocks.enumerate() {
        let length = u16::try_from(block.len()).expect("a short block");
        bytes.push(u8::from(number == last));
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&(!length).to_le_bytes());
        bytes.extend_from_slice(block);
    }
    let (a, b) = data.iter().fold((1, 0), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    bytes.extend_from_slice(&(b << 16 | a).to_be_bytes());
    bytes
}

/// A chunk.
///
/// # Panics
/// When there is too much for one.
#[must_use]
pub fn chunk(name: [u8; 4], data: &[u8]) -> Vec<u8> {
    let named = [&name, data].concat();
    let length = u32::try_from(data.len()).expect("a small chunk");
    [&length.to_be_bytes()[..], &named, &crc32(&named).to_be_bytes()].concat()
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 })
    })
}
