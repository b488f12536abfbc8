//! The lease of an idempotency key while its upload runs.

use super::*;
use crate::ports::image_processor::Sniffed;
use std::future::poll_fn;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;

#[test]
fn an_upload_whose_key_is_anothers_by_now_is_undone_and_leaves_the_key() {
    let ports = Ports::up_to_the_commit().reserves(Reservation::Reserved).fails_commit(InsertError::LeaseLost);
    let mut ports = ports.abandons(Ok(true)).deletes(Ok(())).finishes();
    // The port releases nobody else's lease.
    ports.keys.expect_release().withf(|_, lease| *lease == LEASE).times(1).returning(|_, _| Ok(()));
    assert!(matches!(ports.run(request_with_key()), Err(UploadError::StillRunning)));
}

/// A timer whose every wait ends at the next poll.
pub(super) struct Ticks;

#[async_trait::async_trait]
impl Timer for Ticks {
    async fn sleep(&self, time: Duration) {
        assert_eq!(time, UploadImage::RENEWAL);
        let mut is_over = false;
        poll_fn(|_| if std::mem::replace(&mut is_over, true) { Poll::Ready(()) } else { Poll::Pending }).await;
    }
}

/// Codecs that are done when a lease was renewed so often.
struct SlowProcessor(MockImageProcessor, Arc<AtomicU32>, u32);

#[async_trait::async_trait]
impl ImageProcessor for SlowProcessor {
    fn sniff(&self, file: &[u8]) -> Sniffed {
        self.0.sniff(file)
    }

    async fn process(&self, file: Bytes, specs: &VariantSpecs) -> Result<ProcessedImage, ProcessError> {
        poll_fn(|_| if self.1.load(Ordering::Relaxed) < self.2 { Poll::Pending } else { Poll::Ready(()) }).await;
        self.0.process(file, specs).await
    }
}

#[test]
fn a_lease_is_renewed_while_its_upload_runs_whatever_becomes_of_a_renewal() {
    let mut ports = Ports::default().finds_product().begins().stores().reserves(Reservation::Reserved);
    let renewals = Arc::new(AtomicU32::new(0));
    let counted = renewals.clone();
    ports.keys.expect_renew().withf(|_, lease, _| *lease == LEASE).times(3).returning(move |_, _, _| {
        match counted.fetch_add(1, Ordering::Relaxed) {
            0 => Ok(true),
            1 => Err(unavailable()),
            _ => Ok(false),
        }
    });
    ports.images.expect_insert().times(1).returning(|_, _, _| Ok(()));
    let mut upload = ports.into_use_case();
    let mut processor = MockImageProcessor::new();
    processor.expect_sniff().return_const(Sniffed::Supported(ImageFormat::Jpeg));
    processor.expect_process().times(1).returning(|_, _| Ok(processed()));
    upload.processor = Arc::new(SlowProcessor(processor, renewals, 3));
    upload.timer = Arc::new(Ticks);
    let mut running = pin!(upload.execute(request_with_key()));
    let outcome = (0..100).find_map(|_| running.as_mut().now_or_never());
    image(outcome.unwrap());
}
