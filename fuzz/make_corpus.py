"""Makes the corpora of this folder from the pictures of crates/imaging/tests/fixtures.

    python3 make_corpus.py        needs nothing but Python

Files that begin with fault-, in any folder, are not made here: each broke once what its target holds.
"""
import os, struct, zlib

HERE = os.path.dirname(os.path.abspath(__file__))
FIXTURES = os.path.join(HERE, "..", "crates", "imaging", "tests", "fixtures")

# One of each coding, colour and structure; the smaller where there is a choice.
PICTURES = """
baseline-410.jpg baseline-420.jpg baseline-444.jpg cmyk.jpg gray.jpg icc-broken.jpg icc-display-p3.jpg icc-gray.jpg
icc-in-many-chunks.jpg not-interleaved.jpg odd-size-420.jpg orientation-6-odd.jpg orientation-6.jpg progressive-420.jpg
progressive-444.jpg restart-every-block.jpg rgb-not-ycc.jpg sampling-chroma-larger.jpg sampling-mixed.jpg ycck.jpg
refused-12-bit.jpg refused-arithmetic.jpg refused-lossless.jpg
gray-1.png gray-4.png gray-8.png gray-16.png gray-alpha-8.png gray-key.png icc-gray.png palette-1.png palette-8.png
palette-alpha.png palette-interlaced.png odd-size-interlaced.png orientation-8.png rgb-key.png
lossless-alpha.webp lossy-alpha.webp lossy-odd-size.webp lossy.webp icc-display-p3.webp orientation-5.webp
refused-animated.webp
""".split()

PROFILES = ["cmyk-icc.jpg", "icc-adobe-rgb.jpg", "icc-broken.jpg", "icc-display-p3.jpg", "icc-gray.jpg",
            "icc-in-many-chunks.jpg", "icc-prophoto.jpg", "icc-srgb-by-numbers.jpg"]


def fixture(name):
    with open(os.path.join(FIXTURES, name), "rb") as file:
        return file.read()


def emit(target, name, data):
    folder = os.path.join(HERE, "corpus", target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as file:
        file.write(data)


def icc(jpeg):
    parts, at = {}, 2
    while jpeg[at + 1] != 0xDA:
        length = struct.unpack(">H", jpeg[at + 2:at + 4])[0]
        payload = jpeg[at + 4:at + 2 + length]
        if payload.startswith(b"ICC_PROFILE\0"):
            parts[payload[12]] = payload[14:]
        at += 2 + length
    return b"".join(parts[number] for number in sorted(parts))


def head(picture):
    """What is read before a pixel is decoded: a JPEG to the end of its first scan's header, others whole."""
    if not picture.startswith(b"\xff\xd8"):
        return picture
    at = 2
    while True:
        length = struct.unpack(">H", picture[at + 2:at + 4])[0]
        at += 2 + length
        if picture[at - 2 - length + 1] == 0xDA:
            return picture[:at]


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def after_header(png, chunks):
    return png[:33] + chunks + png[33:]


for name in PICTURES:
    picture = fixture(name)
    emit("original", name, picture)
    emit("process", name, picture)
    if len(head(picture)) < 3000:
        emit("header", name, head(picture))

# What the cleaner must take out.
exif = b"II*\0\x08\0\0\0\x02\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\x0f\x01\x02\0\x04\0\0\0ACME\0\0\0\0"
small = fixture("palette-1.png")
emit("original", "everything.png", after_header(small, b"".join((
    chunk(b"gAMA", b"\0\0\xb1\x8f"), chunk(b"cHRM", bytes(32)), chunk(b"sRGB", b"\0"), chunk(b"cICP", b"\x01\x0d\0\x01"),
    chunk(b"mDCV", bytes(24)), chunk(b"cLLI", bytes(8)), chunk(b"sBIT", b"\x08\x08\x08"), chunk(b"pHYs", bytes(9)),
    chunk(b"tEXt", b"Comment\0text"), chunk(b"eXIf", exif), chunk(b"iCCP", b"p\0\0" + zlib.compress(icc(fixture("icc-gray.jpg"))))))))
jpeg = fixture("gray.jpg")
segment = lambda marker, payload: bytes([0xFF, marker]) + struct.pack(">H", len(payload) + 2) + payload
emit("original", "everything.jpg", jpeg[:2] + segment(0xE1, b"Exif\0\0" + exif) + segment(0xEE, b"Adobe\0\x64\0\0\0\0\0")
     + segment(0xE2, b"ICC_PROFILE\0\x01\x01" + icc(fixture("icc-gray.jpg"))) + segment(0xFE, b"text")
     + segment(0xDC, b"\0\x30") + b"\xff\xff" + jpeg[3:] + b"PK\x03\x04")

for name in PROFILES:
    emit("profile", name.replace(".jpg", ".icc"), icc(fixture(name)))

for name, data in {
    "jpeg": b"\xff\xd8\xff\xe0", "png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "webp": b"RIFF\x10\0\0\0WEBPVP8 ", "pdf": b"%PDF-1.7\n",
    "gif": b"GIF89a\x01\0\x01\0", "tiff": b"II*\0\x08\0\0\0", "avif": b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf",
    "svg": b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- x --><svg/>", "html": b"  <!DOCTYPE html><html>", "zip": b"PK\x03\x04\x14\0",
    "text": "grüezi".encode(), "long": b"<?xml?>" + b" " * 1100,
}.items():
    emit("sniff", name, data)

part = lambda head, data: b"--b\r\nContent-Disposition: form-data; " + head + b"\r\n\r\n" + data + b"\r\n"
file = part(b'name="file"; filename="a.jpg"\r\nContent-Type: image/jpeg', b"\xff\xd8\xff\xd9")
product, end = part(b'name="productId"', b"prod_1"), b"--b--\r\n"
for name, cut, body in (
    ("upload", 7, product + file + end),
    ("every-field", 0, b"".join(part(b'name="' + name + b'"', value) for name, value in (
        (b"is_primary", b"true"), (b"alt_text", b"a"), (b"caption", b"c"), (b"order", b"1"), (b"metadata", b"{}"),
        (b"tags", b"x"), (b"tags[]", b"y"), (b"other", b"z"))) + product + file + end),
    ("no-file", 1, product + end),
    ("empty-file", 3, part(b'name="file"; filename=""', b"") + product + end),
    ("twice", 3, product + product + file + end),
    ("open", 5, product + file),
    ("large", 200, product + part(b'name="file"; filename="a"', b"x" * 2500) + end),
    ("preamble", 2, b"before\r\n" + product + file + end + b"after"),
    ("boundary-inside", 1, part(b'name="file"; filename="a"', b"\r\n--\r\n--c\r\n-") + product + end),
    ("names", 9, part(b"name=\"file\"; filename=\"C:\\a\\\"b.jpg\"; filename*=UTF-8''%C3%BC.jpg", b"x") + product + end),
    ("headers", 4, b"--b\r\nX: y\r\ncontent-disposition: form-data; name=file\r\nContent-Length: 3\r\n\r\nabc\r\n" + product + end),
):
    emit("multipart", name, bytes([cut]) + b"b\n" + body)
