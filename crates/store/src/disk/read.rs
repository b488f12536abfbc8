//! A file's bytes as a stream.
//!
//! Owns the size of the pieces; refuses to end early without an error, which a file that was cut
//! short would otherwise do.

use super::blocking;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt as _, TryStreamExt as _};
use packshot_domain::ports::image_store::StoreError;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek as _, SeekFrom};
use std::ops::Range;

/// Large enough that a picture is a few pieces, small enough to hold for many readers at once.
const PIECE_BYTES: u64 = 256 * 1024;

/// The bytes in `range` of `file`.
pub(super) fn stream(file: File, range: Range<u64>) -> BoxStream<'static, Result<Bytes, StoreError>> {
    stream::try_unfold((file, range), |(file, range)| async move {
        if range.is_empty() {
            return Ok(None);
        }
        let read = blocking(move || piece(file, range)).await?;
        Ok(Some(read))
    })
    .into_stream()
    .boxed()
}

fn piece(mut file: File, range: Range<u64>) -> io::Result<(Bytes, (File, Range<u64>))> {
    let wanted = PIECE_BYTES.min(range.end - range.start);
    let mut bytes = Vec::with_capacity(usize::try_from(wanted).unwrap_or_default());
    file.seek(SeekFrom::Start(range.start))?;
    let read = Read::by_ref(&mut file).take(wanted).read_to_end(&mut bytes)?;
    if read as u64 != wanted {
        return Err(io::Error::new(ErrorKind::UnexpectedEof, "the file became shorter while it was read"));
    }
    Ok((bytes.into(), (file, range.start + wanted..range.end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_that_is_cut_short_ends_in_an_error() {
        let file = tempfile::tempfile().unwrap();
        file.set_len(PIECE_BYTES + 10).unwrap();
        let mut bytes = stream(file.try_clone().unwrap(), 0..PIECE_BYTES + 10);
        assert_eq!(bytes.next().await.unwrap().unwrap().len() as u64, PIECE_BYTES);
        file.set_len(PIECE_BYTES + 1).unwrap();
        assert!(matches!(bytes.next().await, Some(Err(StoreError::Unavailable(_)))));
        assert!(bytes.next().await.is_none());
    }
}
