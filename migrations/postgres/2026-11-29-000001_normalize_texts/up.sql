-- Texts are compared in one normal form, which only packshot can make: after the migrations it writes anew what these
-- indexes hold, and then they stay empty. A search text beyond ASCII begins with the number of its form as a
-- character; within ASCII all forms agree.
CREATE INDEX products_outdated_search_text ON products (id)
    WHERE octet_length(search_text) <> char_length(search_text) AND ascii(search_text) <> 2;
CREATE INDEX images_outdated_search_text ON images (id)
    WHERE octet_length(search_text) <> char_length(search_text) AND ascii(search_text) <> 2;

-- Whether the tag was seen to be composed (NFC).
ALTER TABLE tag_counts ADD COLUMN is_composed BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE tag_counts SET is_composed = TRUE WHERE octet_length(tag) = char_length(tag);
CREATE INDEX tag_counts_not_composed ON tag_counts (tag) WHERE NOT is_composed;
