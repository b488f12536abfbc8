//! Rows and the model, each made from the other.
//!
//! Owns the codes that columns hold for formats; refuses to trust a row: what the domain's types would
//! not take is a [`BadRow`].

use crate::dialect::{Connected, ImageKey, Moment, query};
use crate::fault::{BadRow, Fault};
use crate::schema::{image_tags, image_variants, images};
use crate::search;
use diesel::prelude::*;
use packshot_domain::access::UserName;
use packshot_domain::image::{Dimensions, Filename, Image, ImageFormat};
use packshot_domain::product::ProductId;
use packshot_domain::text::{AltText, Caption, DisplayOrder, Metadata, OriginalName, Tags};
use packshot_domain::variant::{Folder, StoredVariant, VariantName};
use std::collections::HashMap;

/// An image without its tags, its variants and its search text.
#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = images)]
pub(crate) struct ImageRow {
    pub(crate) id: ImageKey,
    pub(crate) product_id: String,
    filename: String,
    original_name: String,
    format: String,
    size_bytes: i64,
    width: i32,
    height: i32,
    is_primary: bool,
    alt_text: Option<String>,
    caption: Option<String>,
    display_order: i32,
    uploaded_at: Moment,
    uploaded_by: String,
    metadata: String,
}

/// One of an image's variants.
#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = image_variants)]
pub(crate) struct VariantRow {
    image_id: ImageKey,
    position: i32,
    name: String,
    folder: String,
    format: String,
    width: i32,
    height: i32,
    size_bytes: i64,
}

/// One of an image's tags.
#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = image_tags)]
pub(crate) struct TagRow {
    image_id: ImageKey,
    position: i32,
    tag: String,
    uploaded_at: Moment,
}

impl ImageRow {
    /// The row of an image.
    pub(crate) fn new(image: &Image) -> Result<Self, BadRow> {
        Ok(Self {
            id: ImageKey(image.id),
            product_id: image.product_id.as_str().to_owned(),
            filename: image.filename.as_str().to_owned(),
            original_name: image.original_name.as_str().to_owned(),
            format: format_code(image.format).to_owned(),
            size_bytes: stored("size_bytes", image.size_bytes)?,
            width: stored("width", image.dimensions.width())?,
            height: stored("height", image.dimensions.height())?,
            is_primary: image.is_primary,
            alt_text: image.alt_text.as_ref().map(|text| text.as_str().to_owned()),
            caption: image.caption.as_ref().map(|text| text.as_str().to_owned()),
            display_order: image.order.get(),
            uploaded_at: Moment(image.uploaded_at),
            uploaded_by: image.uploaded_by.as_str().to_owned(),
            metadata: metadata_text(&image.metadata)?,
        })
    }

    fn into_image(self, variants: Vec<StoredVariant>, tags: Vec<String>) -> Result<Image, BadRow> {
        Ok(Image {
            id: self.id.0,
            product_id: ProductId::parse(&self.product_id).map_err(|error| BadRow::new("product_id", error))?,
            filename: Filename::parse(&self.filename).map_err(|error| BadRow::new("filename", error))?,
            original_name: OriginalName::from_client(&self.original_name),
            format: parse_format(&self.format)?,
            size_bytes: read("size_bytes", self.size_bytes)?,
            dimensions: dimensions(self.width, self.height)?,
            variants,
            is_primary: self.is_primary,
            alt_text: optional("alt_text", self.alt_text, AltText::parse)?,
            caption: optional("caption", self.caption, Caption::parse)?,
            order: DisplayOrder::new(self.display_order.into()).map_err(|error| BadRow::new("display_order", error))?,
            tags: Tags::from_trusted(tags),
            metadata: parse_metadata(&self.metadata)?,
            uploaded_at: self.uploaded_at.0,
            uploaded_by: UserName::parse(&self.uploaded_by).map_err(|error| BadRow::new("uploaded_by", error))?,
        })
    }
}

impl VariantRow {
    /// The rows of an image's variants.
    pub(crate) fn all(image: &Image) -> Result<Vec<Self>, BadRow> {
        let row = |(position, variant): (usize, &StoredVariant)| {
            Ok(Self {
                image_id: ImageKey(image.id),
                position: stored("position", position)?,
                name: variant.name.as_str().to_owned(),
                folder: variant.folder.as_str().to_owned(),
                format: format_code(variant.format).to_owned(),
                width: stored("width", variant.dimensions.width())?,
                height: stored("height", variant.dimensions.height())?,
                size_bytes: stored("size_bytes", variant.size_bytes)?,
            })
        };
        image.variants.iter().enumerate().map(row).collect()
    }

    fn into_variant(self) -> Result<StoredVariant, BadRow> {
        Ok(StoredVariant {
            name: VariantName::parse(&self.name).map_err(|error| BadRow::new("name", error))?,
            folder: Folder::parse(&self.folder).map_err(|error| BadRow::new("folder", error))?,
            format: parse_format(&self.format)?,
            dimensions: dimensions(self.width, self.height)?,
            size_bytes: read("size_bytes", self.size_bytes)?,
        })
    }
}

impl TagRow {
    /// The rows of an image's tags.
    pub(crate) fn all(image: &Image) -> Result<Vec<Self>, BadRow> {
        let row = |(position, tag): (usize, &String)| {
            Ok(Self {
                image_id: ImageKey(image.id),
                position: stored("position", position)?,
                tag: tag.clone(),
                uploaded_at: Moment(image.uploaded_at),
            })
        };
        image.tags.as_slice().iter().enumerate().map(row).collect()
    }
}

/// The images of these rows, in their order, each with its tags and variants.
pub(crate) fn complete(connection: &mut Connected<'_>, rows: Vec<ImageRow>) -> Result<Vec<Image>, Fault> {
    let ids: Vec<ImageKey> = rows.iter().map(|row| row.id).collect();
    let mut variants: HashMap<ImageKey, Vec<StoredVariant>> = HashMap::new();
    let mut tags: HashMap<ImageKey, Vec<String>> = HashMap::new();
    for ids in ids.chunks(BATCH) {
        let found: Vec<VariantRow> = query!(connection, c => image_variants::table
            .filter(image_variants::image_id.eq_any(ids.to_vec()))
            .order((image_variants::image_id, image_variants::position))
            .select(VariantRow::as_select())
            .load(*c))?;
        for row in found {
            variants.entry(row.image_id).or_default().push(row.into_variant()?);
        }
        let found: Vec<(ImageKey, String)> = query!(connection, c => image_tags::table
            .filter(image_tags::image_id.eq_any(ids.to_vec()))
            .order((image_tags::image_id, image_tags::position))
            .select((image_tags::image_id, image_tags::tag))
            .load(*c))?;
        for (id, tag) in found {
            tags.entry(id).or_default().push(tag);
        }
    }
    rows.into_iter()
        .map(|row| {
            let variants = variants.remove(&row.id).unwrap_or_default();
            let tags = tags.remove(&row.id).unwrap_or_default();
            Ok(row.into_image(variants, tags)?)
        })
        .collect()
}

/// Ids or rows in one statement at most: SQLite takes 32766 parameters, PostgreSQL 65535.
pub(crate) const BATCH: usize = 1000;

/// The image with that id.
pub(crate) fn find(connection: &mut Connected<'_>, id: ImageKey) -> Result<Option<Image>, Fault> {
    let row: Option<ImageRow> =
        query!(connection, c => images::table.find(id).select(ImageRow::as_select()).first(*c).optional())?;
    let row = row.into_iter().collect();
    Ok(complete(connection, row)?.pop())
}

/// What a search for an image looks through.
pub(crate) fn search_text(image: &Image) -> String {
    let alt_text = image.alt_text.as_ref().map(AltText::as_str);
    let caption = image.caption.as_ref().map(Caption::as_str);
    image_search_text(image.filename.as_str(), image.original_name.as_str(), alt_text, caption)
}

/// The same, of the columns.
pub(crate) fn image_search_text(
    filename: &str,
    original_name: &str,
    alt_text: Option<&str>,
    caption: Option<&str>,
) -> String {
    search::text([Some(filename), Some(original_name), alt_text, caption].into_iter().flatten())
}

/// A format as columns hold it.
pub(crate) fn format_code(format: ImageFormat) -> &'static str {
    match format {
        ImageFormat::Jpeg => "jpeg",
        ImageFormat::Png => "png",
        ImageFormat::WebP => "webp",
    }
}

/// The format of that code.
pub(crate) fn parse_format(code: &str) -> Result<ImageFormat, BadRow> {
    let format = ImageFormat::ALL.into_iter().find(|format| format_code(*format) == code);
    format.ok_or_else(|| BadRow::new("format", "an unknown code"))
}

/// Metadata as its column holds it.
pub(crate) fn metadata_text(metadata: &Metadata) -> Result<String, BadRow> {
    serde_json::to_string(metadata.as_object()).map_err(|error| BadRow::new("metadata", error))
}

fn parse_metadata(text: &str) -> Result<Metadata, BadRow> {
    let object = serde_json::from_str(text).map_err(|error| BadRow::new("metadata", error))?;
    Ok(Metadata::from_trusted(object))
}

fn optional<T, E: std::fmt::Display>(
    column: &'static str,
    text: Option<String>,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<Option<T>, BadRow> {
    text.map(|text| parse(&text).map_err(|error| BadRow::new(column, error))).transpose()
}

fn dimensions(width: i32, height: i32) -> Result<Dimensions, BadRow> {
    let dimensions = Dimensions::new(read("width", width)?, read("height", height)?);
    dimensions.ok_or_else(|| BadRow::new("width", "zero"))
}

/// A number as its column holds it.
pub(crate) fn stored<T, U: TryFrom<T>>(column: &'static str, number: T) -> Result<U, BadRow> {
    U::try_from(number).map_err(|_| BadRow::new(column, "too large a number to store"))
}

/// A number from its column.
pub(crate) fn read<T, U: TryFrom<T>>(column: &'static str, number: T) -> Result<U, BadRow> {
    U::try_from(number).map_err(|_| BadRow::new(column, "a number out of range"))
}
