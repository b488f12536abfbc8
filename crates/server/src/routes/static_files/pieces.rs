//! An image file in pieces, each read when the client has taken those before it.
//!
//! Owns that nothing of the store is held while a client is waited for: neither an open file nor a connection to
//! a cloud, of which there are fewer than there are clients. The first piece is small and the others grow, so
//! that little is in memory for a client that takes little.

use crate::problem::Problem;
use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, Stream, StreamExt};
use futures_util::{TryFutureExt, TryStreamExt};
use packshot_domain::ports::image_store::{ImageStore, StoreError};
use packshot_domain::storage::ObjectKey;
use std::ops::Range;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// The size of the first piece.
const FIRST_BYTES: u64 = 64 * 1024;
/// The size of the largest.
const LARGEST_BYTES: u64 = 256 * 1024;
/// How many pieces are read at once, by all clients of the process: each may be an open file.
pub(crate) const MAX_READING: usize = 128;

static READING: Semaphore = Semaphore::const_new(MAX_READING);

/// Reads the first piece of `range`, and the others as they are asked for.
///
/// # Errors
/// Those of the first piece; the stream ends with those of the others.
pub(super) async fn read(
    store: Arc<dyn ImageStore>,
    key: ObjectKey,
    range: Range<u64>,
) -> Result<impl Stream<Item = Result<Bytes, Problem>>, Problem> {
    let mut ranges = cut(range);
    let first = ranges.next().unwrap_or(0..0);
    let first = read_piece(&store, &key, first).await?;
    let others = stream::iter(ranges).then(move |piece| {
        let (store, key) = (store.clone(), key.clone());
        async move { read_piece(&store, &key, piece).map_err(Problem::from).await }
    });
    Ok(stream::once(async { Ok(first) }).chain(others))
}

fn cut(range: Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let sizes = std::iter::successors(Some(FIRST_BYTES), |size| Some(LARGEST_BYTES.min(size * 2)));
    sizes.scan(range.start, move |start, size| {
        let piece = *start..range.end.min(start.saturating_add(size));
        *start = piece.end;
        (!piece.is_empty()).then_some(piece)
    })
}

async fn read_piece(store: &Arc<dyn ImageStore>, key: &ObjectKey, piece: Range<u64>) -> Result<Bytes, StoreError> {
    let size = piece.end - piece.start;
    // It is never closed.
    let _one_of_few = READING.acquire().await.map_err(|closed| StoreError::Unavailable(closed.into()))?;
    let parts: Vec<Bytes> = store.get(key, Some(piece)).await?.bytes.try_collect().await?;
    let bytes = match &parts[..] {
        [whole] => whole.clone(),
        parts => parts
            .iter()
            .fold(BytesMut::new(), |mut bytes, part| {
                bytes.extend_from_slice(part);
                bytes
            })
            .freeze(),
    };
    if bytes.len() as u64 == size {
        return Ok(bytes);
    }
    Err(StoreError::Unavailable(format!("of a piece of {size} bytes, {} came", bytes.len()).into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn pieces_are_the_range_without_gaps(start in 0_u64..6_000_000, length in 0_u64..6_000_000) {
            let mut end = start;
            for piece in cut(start..start + length) {
                prop_assert_eq!(piece.start, end);
                prop_assert!((1..=LARGEST_BYTES).contains(&(piece.end - piece.start)));
                end = piece.end;
            }
            prop_assert_eq!(end, start + length);
        }
    }

    #[test]
    fn pieces_grow() {
        let sizes: Vec<u64> = cut(0..1024 * 1024).map(|piece| (piece.end - piece.start) / 1024).collect();
        assert_eq!(sizes, [64, 128, 256, 256, 256, 64]);
    }
}
