//! Pictures: looking at bytes, and making the original and the variants of them.

use crate::image::{Dimensions, ImageFormat};
use crate::ports::Cause;
use crate::variant::{VariantName, VariantSpecs};
use async_trait::async_trait;
use bytes::Bytes;

/// Looks at uploads and makes what is stored of them.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait ImageProcessor: Send + Sync {
    /// What `bytes` are by their signature alone, whatever anybody called them.
    /// Cheap: reads the first few hundred bytes.
    fn sniff(&self, bytes: &[u8]) -> Sniffed;

    /// Checks `upload`, cleans its original and makes every variant of `specs`, in their order.
    ///
    /// Guarantees:
    /// - The header decides about coding, animation and dimensions before any pixel is decoded.
    /// - The original keeps its pixels and its ICC profile and loses everything else; where there
    ///   was nothing to take out or to mend it is `upload`, byte for byte. A JPEG is turned upright
    ///   losslessly where its size allows.
    /// - What browsers show of `upload`, they show of the original.
    /// - Variants are upright, in sRGB as a browser shows the upload, without metadata, never larger than
    ///   the source; alpha is kept in PNG and WebP and composed on white in JPEG.
    /// - The work is done on the processor's own threads; the caller's is never blocked.
    /// - A caller that drops the future costs no more than the picture in work.
    ///
    /// # Errors
    /// [`ProcessError`].
    async fn process(&self, upload: Bytes, specs: &VariantSpecs) -> Result<ProcessedImage, ProcessError>;
}

/// What bytes are by their signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sniffed {
    /// One of the three that packshot takes.
    Supported(ImageFormat),
    /// Something else that has a media type, such as `application/pdf`.
    Other(String),
    /// No known signature.
    Unknown,
}

/// Everything that is stored of one upload.
#[derive(Debug, Clone, PartialEq)]
pub struct ProcessedImage {
    /// The coding of the upload and of the original.
    pub format: ImageFormat,
    /// The cleaned original.
    pub original: Bytes,
    /// The original as displayed, after orientation.
    pub dimensions: Dimensions,
    /// The embedded ICC profile's description, or the name of colours that were told otherwise (`BT.2100 PQ`,
    /// `Gamma 1.00`); `sRGB` where nothing was told.
    pub color_profile: String,
    /// The variants, in the order of the specs.
    pub variants: Vec<RenderedVariant>,
}

/// One variant, ready to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct RenderedVariant {
    /// Which spec it was made for.
    pub name: VariantName,
    /// What it is coded as.
    pub format: ImageFormat,
    /// Its size in pixels.
    pub dimensions: Dimensions,
    /// The coded picture.
    pub bytes: Bytes,
}

/// Why nothing was made of an upload.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// After orientation, a side is shorter than the least allowed.
    #[error("{actual} is smaller than {min_width}x{min_height}")]
    TooSmall {
        /// As displayed.
        actual: Dimensions,
        /// The least width in pixels.
        min_width: u32,
        /// The least height in pixels.
        min_height: u32,
    },
    /// After orientation, a side is longer than the most allowed.
    #[error("{actual} is larger than {max_width}x{max_height}")]
    TooLarge {
        /// As displayed.
        actual: Dimensions,
        /// The greatest width in pixels.
        max_width: u32,
        /// The greatest height in pixels.
        max_height: u32,
    },
    /// An APNG or an animated WebP of several frames.
    #[error("animated images are not supported")]
    Animated,
    /// The data is damaged or ends too early; the text says what is wrong, fit for a client.
    #[error("the image data is corrupt or truncated: {0}")]
    Corrupt(String),
    /// A valid file in a coding that packshot does not take; the text names it, fit for a client.
    #[error("unsupported coding: {0}")]
    Unsupported(String),
    /// The picture costs more time or memory than one picture may; the text says which.
    #[error("the image costs too much to process: {0}")]
    TooCostly(String),
    /// No capacity within the time that a caller is made to wait.
    #[error("image processing is at capacity")]
    Overloaded,
    /// Our own fault, such as no memory; never what a client chose.
    #[error("image processing failed")]
    Internal(#[source] Cause),
}
