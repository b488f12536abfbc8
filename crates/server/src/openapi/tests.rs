//! The document against the routes, the problems and itself.

use super::*;
use crate::problem::Slug;
use std::collections::{BTreeMap, BTreeSet};

fn operations(document: &Value) -> impl Iterator<Item = (&String, &String, &Value)> {
    let items = document["paths"].as_object().unwrap().iter();
    items.flat_map(|(path, item)| {
        let operations = item.as_object().unwrap().iter().filter(|(name, _)| *name != "parameters");
        operations.map(move |(method, operation)| (path, method, operation))
    })
}

#[test]
fn it_is_openapi_3_1_and_every_reference_leads_somewhere() {
    let document = document().unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let text = document.to_string();
    for reference in text.split(r##""$ref":"#"##).skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
}

/// A route with a tail of segments is described by an address for each number of them.
fn described(path: &'static str) -> Vec<&'static str> {
    match path {
        "/static/img/products/{key:.*}" => {
            vec!["/static/img/products/{productId}/{filename}", "/static/img/products/{productId}/{folder}/{filename}"]
        }
        "/docs/{file:.*}" => vec!["/docs/", "/docs/{file}"],
        other => vec![other],
    }
}

#[test]
fn it_describes_every_route_with_every_method_and_nothing_else() {
    let document = document().unwrap();
    let mut found: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (path, method, _) in operations(&document) {
        found.entry(path).or_default().insert(method.clone());
    }
    let mut routes: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (path, methods) in routes::table() {
        for path in described(path) {
            routes.insert(path, methods.iter().cloned().collect());
        }
    }
    assert_eq!(found, routes);
}

#[test]
fn every_error_is_a_problem_and_every_write_needs_a_token() {
    let document = document().unwrap();
    for (path, method, operation) in operations(&document) {
        for (status, response) in operation["responses"].as_object().unwrap() {
            let response = response["$ref"].as_str().map_or(response, |path| document.pointer(&path[1..]).unwrap());
            if status.as_str() >= "400" && method != "head" {
                let content = &response["content"]["application/problem+json"];
                assert_eq!(content["schema"]["$ref"], "#/components/schemas/Problem", "{method} {path} {status}");
                assert_eq!(content["example"]["status"].to_string(), *status, "{method} {path}");
            }
            assert!(response["headers"]["X-Request-Id"].is_object(), "{method} {path} {status}");
            assert!(!response["description"].as_str().unwrap().is_empty(), "{method} {path} {status}");
        }
        let read = method == "get" || method == "head";
        let guarded = !read || path == "/metrics";
        assert_eq!(operation["security"].is_array(), guarded, "{method} {path}");
    }
}

#[test]
fn operations_have_names_of_their_own_and_a_summary() {
    let document = document().unwrap();
    let mut names = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        assert!(names.insert(operation["operationId"].as_str().unwrap()), "{method} {path}");
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{method} {path}");
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let parameter = parameter["$ref"].as_str().map_or(parameter, |path| document.pointer(&path[1..]).unwrap());
            assert!(parameter["description"].is_string() || parameter["in"] == "path", "{method} {path}: {parameter}");
        }
    }
}

#[test]
fn every_kind_of_problem_is_in_it_and_no_other() {
    let text = document().unwrap().to_string();
    let named = text.split(r#""type":"https://example.com/errors/"#).skip(1);
    let named: BTreeSet<&str> = named.map(|rest| rest.split('"').next().unwrap()).collect();
    let known: BTreeSet<&str> = Slug::ALL.iter().map(|slug| slug.as_str()).collect();
    assert_eq!(named, known);
}
