//! The upload against mocked ports: every step, and what is undone when it fails.

mod leases;

use super::*;
use crate::access::UserName;
use crate::image::{Dimensions, FileToken};
use crate::ports::Cause;
use crate::ports::clock::MockClock;
use crate::ports::idempotency::MockIdempotencyKeys;
use crate::ports::identifiers::MockIdentifiers;
use crate::ports::image_processor::{MockImageProcessor, RenderedVariant};
use crate::ports::image_repo::MockImageRepo;
use crate::ports::image_store::MockImageStore;
use crate::ports::product_repo::MockProductRepo;
use crate::ports::rate_limiter::MockRateLimiter;
use crate::ports::upload_journal::MockUploadJournal;
use crate::product::ProductName;
use chrono::TimeZone;
use futures_util::FutureExt;
use mockall::Sequence;
use uuid::Uuid;

/// Mocks that expect nothing; each test says what may be called, so any other call fails it.
#[derive(Default)]
struct Ports {
    products: MockProductRepo,
    images: MockImageRepo,
    journal: MockUploadJournal,
    store: MockImageStore,
    processor: MockImageProcessor,
    keys: MockIdempotencyKeys,
    limiter: MockRateLimiter,
    per_product_day: u32,
}

const LEASE: Lease = Lease(Uuid::from_u128(9));

fn now() -> DateTime<Utc> {
    Utc.timestamp_opt(1_700_000_000, 0).unwrap()
}

fn id() -> ImageId {
    ImageId::new(Uuid::from_u128(7))
}

fn cause() -> Cause {
    "the network is down".into()
}

fn unavailable() -> RepoError {
    RepoError::Unavailable(cause())
}

fn processed() -> ProcessedImage {
    let size = Dimensions::new(1200, 800).unwrap();
    let specs = VariantSpecs::default();
    let variants = specs.as_slice().iter().map(|spec| RenderedVariant {
        name: spec.name.clone(),
        format: spec.format.resolve(ImageFormat::Jpeg),
        dimensions: size,
        bytes: Bytes::from(spec.name.to_string()),
    });
    ProcessedImage {
        format: ImageFormat::Jpeg,
        original: Bytes::from_static(b"original"),
        dimensions: size,
        color_profile: "sRGB".to_owned(),
        variants: variants.collect(),
    }
}

fn origin() -> Origin {
    Origin { user: UserName::parse("admin_user").unwrap(), address: None, request_id: None, at: now() }
}

fn request() -> UploadRequest {
    UploadRequest {
        file: Bytes::from_static(b"upload"),
        original_name: OriginalName::from_client("a.jpg"),
        declared_type: None,
        product_id: "prod_789".to_owned(),
        details: RawDetails::default(),
        origin: origin(),
        idempotency: None,
    }
}

fn request_with_key() -> UploadRequest {
    let idempotency = Idempotency {
        key: IdempotencyKey::parse("k1").unwrap(),
        fingerprint: Fingerprint([1; 32]),
        receipt: Arc::new(|image| Receipt(image.id.to_string().into_bytes())),
    };
    UploadRequest { idempotency: Some(idempotency), ..request() }
}

impl Ports {
    fn sniffs_jpeg(mut self) -> Self {
        self.processor.expect_sniff().return_const(Sniffed::Supported(ImageFormat::Jpeg));
        self
    }

    fn finds_product(mut self) -> Self {
        self.products.expect_find().returning(|id| {
            let name = ProductName::parse("Keyboard").unwrap();
            Ok(Some(Product { id: id.clone(), name, created_at: now() }))
        });
        self
    }

    fn processes(mut self) -> Self {
        self.processor.expect_process().times(1).returning(|_, _| Ok(processed()));
        self
    }

    fn begins(mut self) -> Self {
        self.journal.expect_begin().times(1).returning(|_, _, _| Ok(()));
        self
    }

    fn stores(mut self) -> Self {
        self.store.expect_put().times(5).returning(|_, _| Ok(()));
        self
    }

    fn up_to_the_journal() -> Self {
        Self::default().sniffs_jpeg().finds_product().processes()
    }

    fn up_to_the_commit() -> Self {
        Self::up_to_the_journal().begins().stores()
    }

    fn abandons(mut self, outcome: Result<bool, RepoError>) -> Self {
        self.journal.expect_abandon().times(1).return_once(|_| outcome);
        self
    }

    fn deletes(mut self, outcome: Result<(), StoreError>) -> Self {
        self.store.expect_delete().withf(|keys| keys.len() == 5).times(1).return_once(|_| outcome);
        self
    }

    fn finishes(mut self) -> Self {
        self.journal.expect_finish().times(1).returning(|_| Ok(()));
        self
    }

    fn fails_commit(mut self, error: InsertError) -> Self {
        self.images.expect_insert().times(1).return_once(|_, _, _| Err(error));
        self
    }

    fn reserves(mut self, reservation: Reservation) -> Self {
        self.keys.expect_reserve().times(1).return_once(|_, _, _, _, _| Ok(reservation));
        self
    }

    fn run(self, request: UploadRequest) -> Result<Uploaded, UploadError> {
        // No port here ever waits, so one poll runs the whole upload.
        self.into_use_case().execute(request).now_or_never().unwrap()
    }

    fn into_use_case(self) -> UploadImage {
        let mut clock = MockClock::new();
        clock.expect_now().returning(now);
        let mut identifiers = MockIdentifiers::new();
        identifiers.expect_image_id().returning(id);
        identifiers.expect_lease().returning(|| LEASE);
        identifiers.expect_file_token().returning(|| FileToken::from_bits(0xabc1_23de_f456));
        UploadImage {
            products: Arc::new(self.products),
            images: Arc::new(self.images),
            journal: Arc::new(self.journal),
            store: Arc::new(self.store),
            processor: Arc::new(self.processor),
            keys: Arc::new(self.keys),
            limiter: Arc::new(self.limiter),
            clock: Arc::new(clock),
            timer: Arc::new(leases::Ticks),
            identifiers: Arc::new(identifiers),
            specs: Arc::new(VariantSpecs::default()),
            per_product_day: self.per_product_day,
        }
    }
}

fn image(outcome: Result<Uploaded, UploadError>) -> Image {
    match outcome.unwrap() {
        Uploaded::New(image) => *image,
        Uploaded::Replayed(_) => panic!("replayed"),
    }
}

#[test]
fn journal_then_objects_then_row() {
    let mut ports = Ports::up_to_the_journal();
    let mut order = Sequence::new();
    let named = |keys: &[ObjectKey]| {
        let keys: Vec<_> = keys.iter().map(ObjectKey::as_str).collect();
        keys == [
            "prod_789/prod_789_abc123def456.jpg",
            "prod_789/large/prod_789_abc123def456.jpg",
            "prod_789/medium/prod_789_abc123def456.jpg",
            "prod_789/thumb/prod_789_abc123def456.jpg",
            "prod_789/webp/prod_789_abc123def456.webp",
        ]
    };
    ports
        .journal
        .expect_begin()
        .withf(move |_, keys, _| named(keys))
        .times(1)
        .in_sequence(&mut order)
        .returning(|_, _, _| Ok(()));
    ports.store.expect_put().times(5).in_sequence(&mut order).returning(|_, _| Ok(()));
    ports.images.expect_insert().times(1).in_sequence(&mut order).returning(|_, _, _| Ok(()));
    let image = image(ports.run(request()));
    assert_eq!(image.filename.as_str(), "prod_789_abc123def456.jpg");
    assert_eq!(image.size_bytes, 8);
    assert_eq!(image.uploaded_at, now());
    assert_eq!(image.metadata.as_object().to_string(), r#"{"colorProfile":"sRGB"}"#);
    assert_eq!(image.variants.len(), 4);
}

#[test]
fn each_object_gets_its_own_bytes() {
    let mut ports = Ports::up_to_the_journal().begins();
    let right = |key: &ObjectKey, bytes: &Bytes| {
        let expected = match key.as_str().split('/').nth(1) {
            Some("thumb") => "thumbnail",
            Some(folder @ ("large" | "medium" | "webp")) => folder,
            _ => "original",
        };
        bytes == expected
    };
    ports.store.expect_put().withf(right).times(5).returning(|_, _| Ok(()));
    ports.images.expect_insert().times(1).returning(|_, _, _| Ok(()));
    image(ports.run(request()));
}

#[test]
fn another_type_is_refused_before_anything_else_is_asked() {
    let cases = [
        (Sniffed::Other("application/pdf".to_owned()), Some("image/png"), "application/pdf"),
        (Sniffed::Unknown, Some("text/plain"), "text/plain"),
        (Sniffed::Unknown, None, "application/octet-stream"),
        (Sniffed::Unknown, Some("image/jpeg"), "image/jpeg"),
    ];
    for (sniffed, declared, expected) in cases {
        let mut ports = Ports::default();
        ports.processor.expect_sniff().return_const(sniffed);
        let mut request = request();
        request.declared_type = declared.map(str::to_owned);
        request.details.order = Some("-1".to_owned());
        match ports.run(request) {
            Err(UploadError::UnsupportedType { received }) => assert_eq!(received, expected),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn bad_fields_are_refused_before_the_product_is_looked_up() {
    let mut request = request();
    request.details.order = Some("-1".to_owned());
    request.details.is_primary = Some("maybe".to_owned());
    let outcome = Ports::default().sniffs_jpeg().run(request);
    assert!(matches!(outcome, Err(UploadError::Invalid(errors)) if errors.len() == 2));
}

#[test]
fn an_unknown_product_is_refused_before_pixels_are_decoded() {
    let mut ports = Ports::default().sniffs_jpeg();
    ports.products.expect_find().times(1).returning(|_| Ok(None));
    assert!(matches!(ports.run(request()), Err(UploadError::ProductNotFound(id)) if id == "prod_789"));
}

#[test]
fn what_cannot_be_a_product_id_is_not_looked_up() {
    let request = UploadRequest { product_id: "../x".to_owned(), ..request() };
    let outcome = Ports::default().sniffs_jpeg().run(request);
    assert!(matches!(outcome, Err(UploadError::ProductNotFound(id)) if id == "../x"));
}

#[test]
fn a_database_that_is_down_at_the_first_question_leaves_nothing() {
    let mut ports = Ports::default().sniffs_jpeg();
    ports.products.expect_find().times(1).returning(|_| Err(unavailable()));
    assert!(matches!(ports.run(request()), Err(UploadError::Repo(RepoError::Unavailable(_)))));
}

#[test]
fn the_products_daily_limit_is_counted_before_pixels_are_decoded() {
    let mut ports = Ports { per_product_day: 3, ..Ports::default() }.sniffs_jpeg().finds_product();
    let right = |quotas: &[Quota], _: &DateTime<Utc>| quotas[0].limit == 3 && quotas[0].subject == "prod_789";
    ports
        .limiter
        .expect_acquire()
        .withf(right)
        .times(1)
        .returning(|_, _| Err(RateLimitError::Exceeded { scope: Scope::Product, retry_after_seconds: 9 }));
    assert!(matches!(ports.run(request()), Err(UploadError::Limited(RateLimitError::Exceeded { .. }))));
}

#[test]
fn a_bad_picture_leaves_nothing() {
    let mut ports = Ports::default().sniffs_jpeg().finds_product();
    ports.processor.expect_process().returning(|_, _| Err(ProcessError::Animated));
    assert!(matches!(ports.run(request()), Err(UploadError::Process(ProcessError::Animated))));
}

#[test]
fn a_journal_that_cannot_be_written_means_that_no_object_is() {
    let mut ports = Ports::up_to_the_journal();
    ports.journal.expect_begin().times(1).returning(|_, _, _| Err(JournalError::Repo(unavailable())));
    assert!(matches!(ports.run(request()), Err(UploadError::Repo(_))));
}

#[test]
fn a_taken_key_is_tried_again_three_times() {
    let mut ports = Ports::up_to_the_journal();
    ports.journal.expect_begin().times(3).returning(|_, _, _| Err(JournalError::KeyTaken));
    assert!(matches!(ports.run(request()), Err(UploadError::NoFreeKey(3))));
}

#[test]
fn a_failing_put_waits_for_the_others_then_undoes_them_all_and_stays_in_the_journal() {
    let mut ports = Ports::up_to_the_journal().begins();
    ports.store.expect_put().times(5).returning(|key, _| {
        if key.as_str().contains("/medium/") { Err(StoreError::Unavailable(cause())) } else { Ok(()) }
    });
    // Neither `abandon` nor `finish`: the write that failed may still land, and the sweep comes later.
    let outcome = ports.deletes(Ok(())).run(request());
    assert!(matches!(outcome, Err(UploadError::Store(StoreError::Unavailable(_)))));
}

#[test]
fn an_undoing_that_fails_leaves_the_entry_to_the_sweep() {
    let ports = Ports::up_to_the_commit().fails_commit(InsertError::ProductGone);
    // No `finish`: the entry still names the objects.
    let outcome = ports.abandons(Ok(true)).deletes(Err(StoreError::Unavailable(cause()))).run(request());
    assert!(matches!(outcome, Err(UploadError::ProductNotFound(_))));
}

#[test]
fn a_failed_commit_undoes_the_objects() {
    let ports = Ports::up_to_the_commit().fails_commit(InsertError::Repo(unavailable()));
    let outcome = ports.abandons(Ok(true)).deletes(Ok(())).finishes().run(request());
    assert!(matches!(outcome, Err(UploadError::Repo(RepoError::Unavailable(_)))));
}

#[test]
fn a_product_deleted_meanwhile_is_not_found_and_nothing_stays() {
    let ports = Ports::up_to_the_commit().fails_commit(InsertError::ProductGone);
    let outcome = ports.abandons(Ok(true)).deletes(Ok(())).finishes().run(request());
    assert!(matches!(outcome, Err(UploadError::ProductNotFound(id)) if id == "prod_789"));
}

#[test]
fn a_commit_whose_answer_was_lost_is_a_success_when_it_happened() {
    let mut ports = Ports::up_to_the_commit().fails_commit(InsertError::Repo(unavailable())).abandons(Ok(false));
    let committed = Image { order: crate::text::DisplayOrder::new(9).unwrap(), ..example() };
    let found = committed.clone();
    ports.images.expect_find().times(1).return_once(move |_| Ok(Some(found)));
    // No `delete`: the objects belong to a row.
    assert_eq!(image(ports.run(request())), committed);
}

#[test]
fn an_unreachable_database_after_the_commit_deletes_nothing() {
    let ports = Ports::up_to_the_commit().fails_commit(InsertError::Repo(unavailable()));
    let outcome = ports.abandons(Err(unavailable())).run(request());
    assert!(matches!(outcome, Err(UploadError::Repo(_))));
}

#[test]
fn a_swept_upload_removes_its_objects_and_leaves_the_entry_to_the_sweeper() {
    let ports = Ports::up_to_the_commit().fails_commit(InsertError::Swept);
    assert!(matches!(ports.deletes(Ok(())).run(request()), Err(UploadError::Swept)));
}

#[test]
fn a_completed_key_is_answered_without_any_work() {
    let receipt = Receipt(b"first".to_vec());
    let outcome = Ports::default().reserves(Reservation::Completed(receipt.clone())).run(request_with_key());
    assert!(matches!(outcome, Ok(Uploaded::Replayed(replayed)) if replayed == receipt));
}

#[test]
fn a_running_or_reused_key_is_refused_without_any_work() {
    let running = Ports::default().reserves(Reservation::Running).run(request_with_key());
    assert!(matches!(running, Err(UploadError::StillRunning)));
    let reused = Ports::default().reserves(Reservation::Mismatch).run(request_with_key());
    assert!(matches!(reused, Err(UploadError::KeyReused)));
}

#[test]
fn a_keys_receipt_is_committed_with_the_row() {
    let mut ports = Ports::up_to_the_commit().reserves(Reservation::Reserved);
    let right = |image: &Image, completion: &Option<Completion>, _: &Origin| {
        completion.as_ref().is_some_and(|completion| {
            completion.receipt.0 == image.id.to_string().into_bytes()
                && completion.key.key.as_str() == "k1"
                && completion.lease == LEASE
        })
    };
    ports.images.expect_insert().withf(right).times(1).returning(|_, _, _| Ok(()));
    image(ports.run(request_with_key()));
}

#[test]
fn a_failed_upload_gives_its_key_back() {
    let mut ports = Ports::default().sniffs_jpeg().finds_product().reserves(Reservation::Reserved);
    ports.processor.expect_process().returning(|_, _| Err(ProcessError::Overloaded));
    ports.keys.expect_release().withf(|_, lease| *lease == LEASE).times(1).returning(|_, _| Ok(()));
    assert!(matches!(ports.run(request_with_key()), Err(UploadError::Process(ProcessError::Overloaded))));
}

fn example() -> Image {
    let product_id = ProductId::parse("prod_789").unwrap();
    let filename = Filename::new(&product_id, FileToken::from_bits(1), ImageFormat::Jpeg);
    Image {
        id: id(),
        product_id,
        filename,
        original_name: OriginalName::from_client("a.jpg"),
        format: ImageFormat::Jpeg,
        size_bytes: 8,
        dimensions: Dimensions::new(1200, 800).unwrap(),
        variants: Vec::new(),
        is_primary: false,
        alt_text: None,
        caption: None,
        order: crate::text::DisplayOrder::default(),
        tags: crate::text::Tags::default(),
        metadata: crate::text::Metadata::default(),
        uploaded_at: now(),
        uploaded_by: UserName::parse("admin_user").unwrap(),
    }
}
