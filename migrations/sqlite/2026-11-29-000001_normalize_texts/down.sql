DROP INDEX tag_counts_not_composed;
ALTER TABLE tag_counts DROP COLUMN is_composed;
DROP INDEX images_outdated_search_text;
DROP INDEX products_outdated_search_text;
