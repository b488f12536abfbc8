//! What stands in addresses and query strings, with its limits.
//!
//! Owns the description only: handlers read parameters one by one, so that every fault is named.

use super::schemas::{MimeType, SortByName, SortOrderName};
use utoipa::IntoParams;

/// `/…/{id}` of an image.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes what handlers read one by one")]
pub(crate) struct ImagePath {
    /// The image's id.
    #[param(
        example = "img_12345678-1234-5678-1234-567812345678",
        pattern = "^img_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
    )]
    id: String,
}

/// `/…/{id}` of a product.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes what handlers read one by one")]
pub(crate) struct ProductPath {
    /// The product's id.
    #[param(example = "prod_789", pattern = "^[A-Za-z0-9_-]{1,64}$")]
    id: String,
}

/// `/static/img/products/…` of a variant.
#[derive(IntoParams)]
#[into_params(parameter_in = Path, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what handlers read one by one")]
pub(crate) struct FilePath {
    /// The product's id.
    #[param(example = "prod_789", pattern = "^[A-Za-z0-9_-]{1,64}$")]
    product_id: String,
    /// The variant's folder, such as `large`, `medium`, `thumb` or `webp`.
    #[param(example = "thumb", pattern = "^[a-z0-9_-]{1,32}$")]
    folder: String,
    /// The file's name.
    #[param(example = "prod_789_abc123def456.jpg", pattern = "^[A-Za-z0-9_-]{1,64}_[0-9a-f]{12}\\.(jpg|png|webp)$")]
    filename: String,
}

/// Which page of a list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what handlers read one by one")]
pub(crate) struct PageQuery {
    /// The page's number.
    #[param(minimum = 1, format = Int64, maximum = 4_294_967_295_u32, default = 1, example = 1)]
    page: Option<u32>,
    /// How many items a page has.
    #[param(minimum = 1, maximum = 100, default = 20, example = 20)]
    page_size: Option<u32>,
}

/// Which products.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what handlers read one by one")]
pub(crate) struct ProductsQuery {
    /// Text in id or name, whatever its case; `%` and `_` are literal.
    #[param(max_length = 100, example = "keyboard")]
    search: Option<String>,
}

/// Which images, and in which order.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what handlers read one by one")]
pub(crate) struct ImagesQuery {
    /// Images of this product; 404 when there is no such product.
    #[param(rename = "productId", min_length = 1, example = "prod_789")]
    product_id: Option<String>,
    /// Primary images only, or the others only; `1` and `0` mean the same.
    #[param(example = true)]
    is_primary: Option<bool>,
    /// Images that carry all of these tags, at most 10; one parameter may also hold several, separated by commas. A
    /// comma that belongs to a tag is written `\,`, a backslash `\\`; a value with a comma unescaped also finds the
    /// images that carry it as one tag.
    #[param(style = Form, explode, example = json!(["desk", "lifestyle"]))]
    tags: Option<Vec<String>>,
    /// Images of this type.
    #[param(inline)]
    mime_type: Option<MimeType>,
    /// Pixels across at least.
    #[param(minimum = 1, format = Int64, maximum = 4_294_967_295_u32, example = 800)]
    min_width: Option<u32>,
    /// Pixels down at least.
    #[param(minimum = 1, format = Int64, maximum = 4_294_967_295_u32, example = 600)]
    min_height: Option<u32>,
    /// Not uploaded before this ISO 8601 date (its first moment) or date-time of the years 0001 to 9999, such as
    /// `2024-01-15`, `2024-01-15T10:30`, `2024-01-15T10:30:00.5+02:00` or `20240115T103000Z`; UTC unless an offset
    /// is given. Dates may also be week dates (`2024-W03-1`) and ordinal dates (`2024-015`).
    #[param(example = "2024-01-01")]
    uploaded_after: Option<String>,
    /// Not uploaded after this ISO 8601 date (its first moment) or date-time, in the forms of `uploaded_after`; a
    /// moment of a whole second reaches to its end.
    #[param(example = "2030-01-15T10:30:00Z")]
    uploaded_before: Option<String>,
    /// Text in filename, originalName, altText or caption, whatever its case; `%` and `_` are literal.
    #[param(max_length = 100, example = "keyboard")]
    search: Option<String>,
    /// What to sort by; ties are sorted by id.
    #[param(inline, default = "uploaded_at")]
    sort_by: Option<SortByName>,
    /// Which way to sort.
    #[param(inline, default = "desc")]
    sort_order: Option<SortOrderName>,
    /// Whether items carry `variants`; `1` and `0` mean the same.
    #[param(default = false, example = true)]
    include_variants: Option<bool>,
}
