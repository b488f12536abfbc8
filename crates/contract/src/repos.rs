//! The suites of the ports that a database implements.
//!
//! Owns the list of claims, in [`repo_suite!`](crate::repo_suite): one test each, named as the claim,
//! each with a fresh and empty set of repositories. Refuses to know which database it is.

#![expect(clippy::unwrap_used, reason = "a failing port fails the test")]

pub mod alike;
pub mod audit;
pub mod commits;
pub mod edits;
pub mod idempotency;
pub mod journal;
pub mod lists;
pub mod products;
pub mod rate_limits;
pub mod removals;
pub mod searches;

use crate::builders::{object_keys, origin, product_id, product_name};
use chrono::{DateTime, Utc};
use packshot_domain::image::Image;
use packshot_domain::ports::audit_log::AuditLog;
use packshot_domain::ports::idempotency::IdempotencyKeys;
use packshot_domain::ports::image_repo::{ImageQuery, ImageRepo, SortBy, SortOrder};
use packshot_domain::ports::product_repo::ProductRepo;
use packshot_domain::ports::rate_limiter::RateLimiter;
use packshot_domain::ports::upload_journal::{Due, EntryKind, JournalEntry, UploadJournal};
use std::any::Any;
use std::sync::Arc;

/// The ports of one database, empty.
pub struct Repos {
    /// Products.
    pub products: Arc<dyn ProductRepo>,
    /// Image rows.
    pub images: Arc<dyn ImageRepo>,
    /// Objects that no row speaks for.
    pub journal: Arc<dyn UploadJournal>,
    /// Idempotency keys.
    pub keys: Arc<dyn IdempotencyKeys>,
    /// The audit log.
    pub audit: Arc<dyn AuditLog>,
    /// Rate limits.
    pub limiter: Arc<dyn RateLimiter>,
    /// What must live as long, such as a temporary folder.
    pub guard: Box<dyn Any + Send + Sync>,
}

impl Repos {
    /// All the ports of one adapter.
    pub fn new<A>(adapter: A, guard: impl Any + Send + Sync) -> Self
    where
        A: ProductRepo + ImageRepo + UploadJournal + IdempotencyKeys + AuditLog + RateLimiter + 'static,
    {
        let adapter = Arc::new(adapter);
        Self {
            products: Arc::clone(&adapter) as _,
            images: Arc::clone(&adapter) as _,
            journal: Arc::clone(&adapter) as _,
            keys: Arc::clone(&adapter) as _,
            audit: Arc::clone(&adapter) as _,
            limiter: adapter,
            guard: Box::new(guard),
        }
    }

    /// Makes products of these ids.
    pub(crate) async fn put_products(&self, ids: &[&str]) {
        for id in ids {
            let name = product_name(&format!("Product {id}"));
            self.products.put(&product_id(id), &name, &origin(0)).await.unwrap();
        }
    }

    /// Uploads an image as the use case does: journal, then commit.
    pub(crate) async fn upload(&self, image: &Image) {
        self.begin(image).await;
        self.images.insert(image, None, &origin(0)).await.unwrap();
    }

    /// The entries of that kind, whatever their age.
    pub(crate) async fn entries(&self, kind: EntryKind) -> Vec<JournalEntry> {
        let due = Due { kind, uploads_before: DateTime::<Utc>::MAX_UTC, by: DateTime::<Utc>::MAX_UTC };
        self.journal.peek(&due, 1000).await.unwrap().into_iter().map(|claimed| claimed.entry).collect()
    }

    /// Claims uploads begun before that moment.
    pub(crate) async fn claim_uploads(&self, before: DateTime<Utc>, limit: u32) -> Vec<JournalEntry> {
        let due = Due { kind: EntryKind::Upload, uploads_before: before, by: DateTime::<Utc>::MAX_UTC };
        let claimed = self.journal.claim(&due, None, limit).await.unwrap();
        claimed.into_iter().map(|claimed| claimed.entry).collect()
    }

    /// Enters the image's objects into the journal.
    pub(crate) async fn begin(&self, image: &Image) {
        self.journal.begin(image.id, &object_keys(image), image.uploaded_at).await.unwrap();
    }
}

/// Every image, newest first, on one page.
#[must_use]
pub fn everything() -> ImageQuery {
    ImageQuery {
        product_id: None,
        is_primary: None,
        tags: Vec::new(),
        tag_choices: Vec::new(),
        format: None,
        min_width: None,
        min_height: None,
        uploaded_after: None,
        uploaded_before: None,
        search: None,
        sort_by: SortBy::UploadedAt,
        sort_order: SortOrder::Descending,
        page: 1,
        page_size: 100,
    }
}

/// Makes a test of every claim: `repo_suite!(fresh)`, where `async fn fresh() -> Repos`.
///
/// The calling crate needs tokio with the features `macros` and `rt-multi-thread`.
#[macro_export]
macro_rules! repo_suite {
    ($fresh:ident) => {
        $crate::repo_suite!(@ $fresh, products:
            a_product_reads_back_and_others_are_not_there,
            a_second_put_renames_and_keeps_the_time,
            it_is_empty_until_the_first_put,
            products_are_listed_in_pages_in_byte_order_of_their_ids,
            a_search_is_literal_and_ignores_case_in_id_and_name,
            a_ping_is_answered,
            of_many_puts_at_once_one_creates,
        );
        $crate::repo_suite!(@ $fresh, commits:
            an_image_reads_back_equal,
            an_image_that_is_not_there_is_none,
            a_product_that_is_gone_takes_no_image,
            an_upload_that_the_journal_does_not_know_is_swept,
            an_upload_that_was_given_up_is_swept,
            an_upload_that_was_claimed_is_swept,
            a_commit_removes_the_journals_entry,
            a_commit_stores_the_receipt,
            a_refused_commit_changes_nothing,
            a_new_primary_takes_the_place_of_the_old,
            of_many_primary_uploads_at_once_one_stays_primary,
            either_the_commit_or_the_abandoning_wins,
            either_the_commit_or_the_claim_wins,
            uploads_of_many_products_and_tags_at_once_all_commit,
            a_summary_has_the_count_and_the_primary,
            a_scan_gives_every_image_once_in_the_order_of_ids,
            a_row_speaks_for_its_objects_alone,
        );
        $crate::repo_suite!(@ $fresh, edits:
            a_patch_replaces_what_it_names,
            a_patch_clears_what_it_says,
            an_empty_patch_changes_nothing,
            a_patched_image_is_found_by_its_new_texts_and_tags,
            patching_what_is_not_there_is_none,
            a_primary_moves_and_stays,
            making_primary_what_is_not_there_is_none,
            of_many_made_primary_at_once_one_is,
        );
        $crate::repo_suite!(@ $fresh, removals:
            a_deleted_image_is_gone_and_its_objects_are_in_the_journal,
            deleting_again_is_none,
            a_product_goes_with_all_its_images,
            a_product_that_is_not_there_is_none,
            of_many_deletions_at_once_one_deletes,
            an_upload_to_a_product_being_deleted_leaves_no_row_and_no_unnamed_object,
        );
        $crate::repo_suite!(@ $fresh, lists:
            an_empty_database_lists_nothing,
            images_come_with_their_products_name,
            every_order_sorts_both_ways_and_settles_ties_by_id,
            pages_neither_repeat_nor_skip,
            a_page_after_the_last_is_empty_and_knows_the_total,
            each_filter_narrows,
            filters_combine,
            times_include_their_moment,
            an_image_must_carry_every_tag,
            a_text_with_a_comma_is_one_tag_or_several,
            a_tags_pages_come_in_every_order,
            available_are_the_tags_and_formats_of_what_matches,
            available_tags_are_sorted_and_at_most_100,
            counts_follow_edits_and_deletions,
        );
        $crate::repo_suite!(@ $fresh, searches:
            a_search_looks_into_four_fields,
            a_search_ignores_case_beyond_ascii,
            wildcards_and_backslashes_are_literal,
            a_search_does_not_reach_over_fields,
            control_characters_match_nothing,
            a_search_finds_what_is_the_same_text_in_other_code_points,
        );
        $crate::repo_suite!(@ $fresh, alike:
            any_list_of_images_is_that_of_the_plain_way,
            any_list_of_products_is_that_of_the_plain_way,
        );
        $crate::repo_suite!(@ $fresh, journal:
            a_young_upload_is_left_alone_and_an_old_one_is_claimed,
            a_key_is_taken_by_an_entry,
            a_key_is_taken_by_an_image,
            a_finished_key_is_free,
            finishing_many_removes_their_entries_and_no_others,
            of_many_begins_with_one_key_one_gets_it,
            an_abandoned_upload_is_a_deletion,
            abandoning_what_is_not_there_is_false,
            claiming_again_gives_the_same_until_finished,
            a_claimed_upload_stays_claimed_for_a_later_sweeper,
            a_claim_takes_the_oldest_up_to_its_limit,
            a_peek_claims_nothing,
            an_entry_names_its_objects_until_it_is_finished,
            many_sweepers_at_once_claim_without_fault,
            uploads_and_deletions_are_claimed_apart,
            what_is_postponed_is_in_nobodys_way_until_it_is_due,
            a_claim_goes_on_behind_a_position,
        );
        $crate::repo_suite!(@ $fresh, idempotency:
            a_key_is_reserved_once,
            another_fingerprint_is_a_mismatch,
            users_keys_are_apart,
            a_released_key_is_free,
            a_renewed_lease_lives_on,
            a_lost_lease_neither_commits_nor_releases,
            a_release_leaves_a_completed_key,
            an_old_reservation_counts_as_never_seen,
            an_old_completion_counts_as_never_seen,
            expired_keys_are_removed_and_counted,
            of_many_reservations_at_once_one_is_reserved,
            of_many_takeovers_at_once_one_is_reserved,
        );
        $crate::repo_suite!(@ $fresh, audit:
            every_write_is_entered_with_who_when_and_where_newest_first,
            what_changes_nothing_is_not_entered,
            entries_are_found_by_product_image_and_user,
            older_entries_are_removed_and_counted,
        );
        $crate::repo_suite!(@ $fresh, rate_limits:
            a_quota_is_granted_exactly_and_tells_the_wait,
            a_new_window_starts_at_a_multiple_of_its_length,
            a_refusal_counts_against_no_quota,
            the_longest_wait_is_told,
            scopes_and_subjects_are_apart,
            no_quotas_are_no_limit,
            windows_that_ended_are_removed_and_counted,
            more_windows_than_a_batch_are_removed,
            many_at_once_are_counted_exactly,
            quotas_in_any_order_neither_deadlock_nor_miscount,
        );
    };
    (@ $fresh:ident, $module:ident: $($claim:ident,)+) => {
        mod $module {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $claim() {
                    let repos = super::$fresh().await;
                    $crate::repos::$module::$claim(&repos).await;
                }
            )+
        }
    };
}
