//! `cargo xtask layers`: dependencies point inwards, or this says which one does not.
//!
//! Owns the comparison of `cargo metadata` with the table in [`table`]; refuses to run while a crate of
//! the workspace has no row there. Its surprising rule: what the domain depends on is followed to the
//! end, so that a framework cannot come in behind another crate's back.

mod graph;
mod table;

use crate::process::metadata;
use anyhow::{Result, bail};
use graph::{Graph, Kind};
use table::{Row, Table};

/// Checks the workspace as it is.
pub(crate) fn run() -> Result<()> {
    let faults = faults(&Graph::from_metadata(&metadata(true)?)?, &table::TABLE);
    for fault in &faults {
        eprintln!("{fault}");
    }
    match faults.len() {
        0 => Ok(()),
        count => bail!("{count} arrow(s) point the wrong way, listed above"),
    }
}

fn faults(graph: &Graph, table: &Table) -> Vec<String> {
    let mut faults = Vec::new();
    for name in graph.members() {
        match table.rows.iter().find(|row| row.name == name) {
            Some(row) => faults.extend(faults_of_row(graph, table, row)),
            None => faults.push(format!("{name} is not in the table of layers")),
        }
    }
    for row in table.rows {
        if !graph.members().any(|name| name == row.name) {
            faults.push(format!("{} is in the table of layers, but not in the workspace", row.name));
        }
    }
    faults
}

fn faults_of_row(graph: &Graph, table: &Table, row: &Row) -> Vec<String> {
    let mut faults = Vec::new();
    for (dependency, kind) in graph.declared(row.name) {
        if graph.members().any(|name| name == dependency) {
            let allowed = match kind {
                Kind::Normal | Kind::Build => row.may.contains(&dependency),
                Kind::Dev => row.may.contains(&dependency) || row.dev.contains(&dependency),
            };
            if !allowed {
                faults.push(format!("{} must not depend on {dependency} ({kind})", row.name));
            }
        } else if kind != Kind::Dev
            && let Some(owner) = table.owner(dependency)
            && owner != row.name
        {
            faults.push(format!("{} must not depend on {dependency}: it belongs to {owner}", row.name));
        }
    }
    if row.pure {
        for path in graph.reachable(row.name) {
            let last = path.last().map_or("", String::as_str);
            if table.is_outer(last) {
                faults.push(format!("{} must not know {last}, but: {}", row.name, path.join(" -> ")));
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_workspace_keeps_its_layers() {
        let graph = Graph::from_metadata(&metadata(true).unwrap()).unwrap();
        assert_eq!(faults(&graph, &table::TABLE), Vec::<String>::new());
    }

    const SMALL: Table = Table {
        rows: &[
            Row { name: "domain", may: &[], dev: &[], pure: true },
            Row { name: "store", may: &["domain"], dev: &["contract"], pure: false },
            Row { name: "server", may: &["domain", "store"], dev: &["contract"], pure: false },
            Row { name: "contract", may: &["domain"], dev: &[], pure: false },
        ],
        owned: &[("object_store", "store"), ("actix*", "server")],
        outer: &["tokio"],
    };

    /// Made-up metadata: members `domain`, `store`, `server`, `contract`, and these arrows.
    fn graph(arrows: &[(&str, &str, &str)]) -> Graph {
        let members = ["domain", "store", "server", "contract"];
        let outside = ["object_store", "actix-web", "tokio", "bytes", "helper"];
        let of = |from: &str| arrows.iter().filter(move |arrow| arrow.0 == from).copied().collect::<Vec<_>>();
        let kind = |kind: &str| if kind == "normal" { json!(null) } else { json!(kind) };
        let all: Vec<&str> = members.into_iter().chain(outside).collect();
        let packages: Vec<_> = all
            .iter()
            .map(|name| {
                let dependencies: Vec<_> =
                    of(name).iter().map(|arrow| json!({"name": arrow.1, "kind": kind(arrow.2)})).collect();
                json!({"id": format!("id:{name}"), "name": name, "dependencies": dependencies})
            })
            .collect();
        let nodes: Vec<_> = all
            .iter()
            .map(|name| {
                let deps: Vec<_> = of(name)
                    .iter()
                    .map(|arrow| json!({"pkg": format!("id:{}", arrow.1), "dep_kinds": [{"kind": kind(arrow.2)}]}))
                    .collect();
                json!({"id": format!("id:{name}"), "deps": deps})
            })
            .collect();
        let members: Vec<_> = members.iter().map(|name| format!("id:{name}")).collect();
        Graph::from_metadata(&json!({
            "packages": packages, "workspace_members": members, "resolve": {"nodes": nodes},
        }))
        .unwrap()
    }

    #[test]
    fn arrows_inwards_are_fine() {
        let graph = graph(&[
            ("store", "domain", "normal"),
            ("server", "store", "normal"),
            ("store", "object_store", "normal"),
            ("store", "contract", "dev"),
            ("domain", "bytes", "normal"),
            ("object_store", "tokio", "normal"),
        ]);
        assert_eq!(faults(&graph, &SMALL), Vec::<String>::new());
    }

    #[test]
    fn an_arrow_outwards_is_named() {
        let graph = graph(&[("domain", "store", "normal")]);
        assert_eq!(faults(&graph, &SMALL), ["domain must not depend on store (normal)"]);
    }

    #[test]
    fn what_is_for_tests_stays_in_tests() {
        for (kind, shown) in [("normal", "normal"), ("build", "build")] {
            let graph = graph(&[("store", "contract", kind)]);
            assert_eq!(faults(&graph, &SMALL), [format!("store must not depend on contract ({shown})")]);
        }
    }

    #[test]
    fn a_framework_has_one_owner() {
        let graph = graph(&[("store", "actix-web", "normal"), ("server", "object_store", "dev")]);
        assert_eq!(faults(&graph, &SMALL), ["store must not depend on actix-web: it belongs to server"]);
    }

    #[test]
    fn the_domain_is_followed_to_the_end() {
        let graph = graph(&[
            ("domain", "bytes", "normal"),
            ("bytes", "helper", "normal"),
            ("helper", "tokio", "normal"),
            ("domain", "actix-web", "dev"),
            ("bytes", "object_store", "dev"),
        ]);
        assert_eq!(faults(&graph, &SMALL), ["domain must not know tokio, but: domain -> bytes -> helper -> tokio"]);
    }

    #[test]
    fn every_crate_has_a_row_and_every_row_a_crate() {
        let mut rows = SMALL.rows.to_vec();
        rows[3] = Row { name: "gone", may: &[], dev: &[], pure: false };
        let table = Table { rows: Box::leak(rows.into_boxed_slice()), ..SMALL };
        assert_eq!(
            faults(&graph(&[]), &table),
            ["contract is not in the table of layers", "gone is in the table of layers, but not in the workspace"]
        );
    }
}
