//! `/errors/{slug}`: what a problem's `type` leads to, for people.

use crate::problem::{Problem, Slug};
use actix_web::{HttpResponse, web};

#[utoipa::path(
    get,
    path = "/errors/{slug}",
    tag = "Operation",
    operation_id = "explainProblem",
    params(("slug" = String, Path, description = "The last segment of a problem's `type`", pattern = "^[a-z-]{1,64}$", example = "validation")),
    responses(
        (status = 200, description = "What the problem means", body = String, content_type = "text/html"),
        (status = 404, description = "No such slug"),
    )
)]
/// The page of one slug.
pub(crate) async fn page(slug: web::Path<String>) -> Result<HttpResponse, Problem> {
    let slug = Slug::ALL.into_iter().find(|known| known.as_str() == slug.as_str());
    let slug = slug.ok_or_else(|| Problem::new(Slug::NotFound, "There is no such kind of problem."))?;
    // Every text here is a constant of ours, so nothing needs escaping.
    let page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title></head>\n\
         <body><h1>{title}</h1><p>Status {status}, <code>{slug}</code></p><p>{explanation}</p></body></html>\n",
        title = slug.title(),
        status = slug.status().as_u16(),
        explanation = slug.explanation(),
        slug = slug.as_str(),
    );
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(page))
}
