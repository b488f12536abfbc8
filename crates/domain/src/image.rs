//! A product image: identity, shape and what the shop says about it.
//!
//! Owns [`Image`] and the newtypes of its fields; refuses to know how a picture is decoded or
//! where its bytes lie.

use crate::access::UserName;
use crate::product::ProductId;
use crate::text::{AltText, Caption, DisplayOrder, Metadata, OriginalName, Tags};
use crate::variant::StoredVariant;
use chrono::{DateTime, Utc};
use std::fmt;
use uuid::Uuid;

/// One uploaded picture of a product, with every variant durable in the store.
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    /// Its identity.
    pub id: ImageId,
    /// The product it shows.
    pub product_id: ProductId,
    /// The name that the server gave the original.
    pub filename: Filename,
    /// The client's name of the file, path parts removed.
    pub original_name: OriginalName,
    /// The coding of the original.
    pub format: ImageFormat,
    /// Bytes of the stored (cleaned) original.
    pub size_bytes: u64,
    /// The original as displayed, after orientation.
    pub dimensions: Dimensions,
    /// What was stored besides the original, in the order of the settings at upload time.
    pub variants: Vec<StoredVariant>,
    /// Whether it is its product's primary image; at most one is.
    pub is_primary: bool,
    /// Alternative text for people who cannot see it.
    pub alt_text: Option<AltText>,
    /// A caption.
    pub caption: Option<Caption>,
    /// Display order, lower first.
    pub order: DisplayOrder,
    /// Tags, in the order given.
    pub tags: Tags,
    /// Free metadata of the client, with `colorProfile` added.
    pub metadata: Metadata,
    /// When the upload was committed, UTC in whole microseconds.
    pub uploaded_at: DateTime<Utc>,
    /// Who uploaded it.
    pub uploaded_by: UserName,
}

/// An image's identity: `img_` and a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ImageId(Uuid);

/// Why some text is no image id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Image ID must be 'img_' followed by a UUID")]
pub struct InvalidImageId;

impl ImageId {
    /// An id of this UUID.
    #[must_use]
    pub fn new(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// Takes `text`, as [`Display`](fmt::Display) writes it, as an image id.
    ///
    /// # Errors
    /// [`InvalidImageId`] for anything else, other spellings of a UUID included: an image has one URL.
    pub fn parse(text: &str) -> Result<Self, InvalidImageId> {
        let uuid = text.strip_prefix("img_").ok_or(InvalidImageId)?;
        let id = Self(Uuid::try_parse(uuid).map_err(|_| InvalidImageId)?);
        if id.to_string() == text { Ok(id) } else { Err(InvalidImageId) }
    }

    /// The UUID, for those that keep ids in its 16 bytes.
    #[must_use]
    pub fn as_uuid(&self) -> &Uuid {
        &self.0
    }
}

impl fmt::Display for ImageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "img_{}", self.0.hyphenated())
    }
}

/// The codings that packshot takes and makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ImageFormat {
    /// ITU T.81, in a JFIF, EXIF or Adobe wrapping.
    Jpeg,
    /// W3C PNG.
    Png,
    /// WebP, RFC 9649.
    WebP,
}

impl ImageFormat {
    /// All of them, in the order in which clients are told.
    pub const ALL: [Self; 3] = [Self::Jpeg, Self::Png, Self::WebP];

    /// The media type.
    #[must_use]
    pub fn mime_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
        }
    }

    /// The file name's ending, without the dot.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::WebP => "webp",
        }
    }

    /// The format of that media type.
    #[must_use]
    pub fn from_mime_type(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.mime_type() == text)
    }

    /// The format of that file name ending.
    #[must_use]
    pub fn from_extension(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.extension() == text)
    }
}

/// Width and height in pixels, neither of them zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Dimensions {
    width: u32,
    height: u32,
}

impl Dimensions {
    /// These dimensions; `None` when one of them is zero.
    #[must_use]
    #[inline]
    pub fn new(width: u32, height: u32) -> Option<Self> {
        (width > 0 && height > 0).then_some(Self { width, height })
    }

    /// Pixels across.
    #[must_use]
    #[inline]
    pub fn width(self) -> u32 {
        self.width
    }

    /// Pixels down.
    #[must_use]
    #[inline]
    pub fn height(self) -> u32 {
        self.height
    }

    /// How many pixels in all.
    #[must_use]
    #[inline]
    pub fn pixels(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// Width and height exchanged.
    #[must_use]
    #[inline]
    pub fn transposed(self) -> Self {
        Self { width: self.height, height: self.width }
    }

    /// The aspect ratio in lowest terms, such as `3:2`.
    #[must_use]
    pub fn aspect_ratio(self) -> String {
        let divisor = greatest_common_divisor(self.width, self.height);
        format!("{}:{}", self.width / divisor, self.height / divisor)
    }
}

impl fmt::Display for Dimensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

/// The name of a stored picture: `{productId}_{12 hex digits}.{jpg,png,webp}`.
///
/// Made by the server alone; nothing of the client's file name is in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Filename(String);

/// Why some text is no stored file's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a stored picture")]
pub struct InvalidFilename;

impl Filename {
    /// The name for a picture of `product` with these 48 random bits.
    #[must_use]
    pub fn new(product: &ProductId, token: FileToken, format: ImageFormat) -> Self {
        Self(format!("{product}_{:012x}.{}", token.0, format.extension()))
    }

    /// Takes `text`, as written by [`Filename::new`].
    ///
    /// # Errors
    /// [`InvalidFilename`] for every name that `new` cannot make.
    pub fn parse(text: &str) -> Result<Self, InvalidFilename> {
        let (stem, extension) = text.rsplit_once('.').ok_or(InvalidFilename)?;
        let (product, token) = stem.rsplit_once('_').ok_or(InvalidFilename)?;
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        let good = ImageFormat::from_extension(extension).is_some()
            && ProductId::parse(product).is_ok()
            && token.len() == 12
            && token.bytes().all(hex);
        if good { Ok(Self(text.to_owned())) } else { Err(InvalidFilename) }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The format that the ending names.
    #[must_use]
    pub fn format(&self) -> ImageFormat {
        let extension = self.0.rsplit_once('.').map_or("", |(_, ending)| ending);
        // Both constructors leave only the three endings.
        ImageFormat::from_extension(extension).unwrap_or(ImageFormat::Jpeg)
    }

    /// The same name with another format's ending.
    #[must_use]
    pub fn with_format(&self, format: ImageFormat) -> Self {
        let stem = self.0.rsplit_once('.').map_or(self.0.as_str(), |(stem, _)| stem);
        Self(format!("{stem}.{}", format.extension()))
    }
}

impl fmt::Display for Filename {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// 48 random bits that make a file name unique and unguessable enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileToken(u64);

impl FileToken {
    /// The token of the lower 48 bits.
    #[must_use]
    pub fn from_bits(bits: u64) -> Self {
        Self(bits & 0xffff_ffff_ffff)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let text = "img_12345678-1234-5678-1234-567812345678";
        assert_eq!(ImageId::parse(text).unwrap().to_string(), text);
        for bad in [
            "12345678-1234-5678-1234-567812345678",
            "img_12345678123456781234567812345678",
            "img_12345678-1234-5678-1234-56781234567A",
            "img_",
        ] {
            assert_eq!(ImageId::parse(bad), Err(InvalidImageId), "{bad}");
        }
    }

    #[test]
    fn aspect_ratios_are_in_lowest_terms() {
        assert_eq!(Dimensions::new(1200, 800).unwrap().aspect_ratio(), "3:2");
        assert_eq!(Dimensions::new(4999, 5000).unwrap().aspect_ratio(), "4999:5000");
        assert_eq!(Dimensions::new(0, 5), None);
    }

    #[test]
    fn file_names_read_back_and_nothing_else_does() {
        let product = ProductId::parse("prod_789").unwrap();
        let name = Filename::new(&product, FileToken::from_bits(0xffff_abc1_23de_f456), ImageFormat::Jpeg);
        assert_eq!(name.as_str(), "prod_789_abc123def456.jpg");
        assert_eq!(Filename::parse(name.as_str()), Ok(name.clone()));
        assert_eq!(name.with_format(ImageFormat::WebP).as_str(), "prod_789_abc123def456.webp");
        assert_eq!(name.format(), ImageFormat::Jpeg);
        for bad in
            ["x.jpg", "prod_789_abc123def45.jpg", "../_abc123def456.jpg", "p_ABC123def456.jpg", "p_abc123def456.svg"]
        {
            assert_eq!(Filename::parse(bad), Err(InvalidFilename), "{bad}");
        }
    }
}
