//! The layers of packshot: who may depend on whom.
//!
//! Owns the table; refuses to know how it is checked. A crate joins the workspace by getting a row here.
//! The bans of `deny.toml` repeat the second half, for whoever reads only that file.

/// The rows, the owners of frameworks, and what is outside of everything.
pub(crate) struct Table {
    /// One row a crate of the workspace.
    pub(crate) rows: &'static [Row],
    /// External crates (a `*` at the end stands for anything) and the only crate that may use each
    /// outside of tests.
    pub(crate) owned: &'static [(&'static str, &'static str)],
    /// What else a pure crate must not reach, by whatever way.
    pub(crate) outer: &'static [&'static str],
}

/// What one crate of the workspace may depend on inside the workspace.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    /// The package.
    pub(crate) name: &'static str,
    /// Its dependencies.
    pub(crate) may: &'static [&'static str],
    /// What its tests may use besides.
    pub(crate) dev: &'static [&'static str],
    /// Whether it must not reach any framework, at whatever depth.
    pub(crate) pure: bool,
}

impl Table {
    /// The only crate that may depend on `framework`, if it has such an owner.
    pub(crate) fn owner(&self, framework: &str) -> Option<&'static str> {
        self.owned.iter().find(|(pattern, _)| matches(pattern, framework)).map(|(_, owner)| *owner)
    }

    /// Whether a pure crate must not reach `name`.
    pub(crate) fn is_outer(&self, name: &str) -> bool {
        self.owner(name).is_some() || self.outer.iter().any(|pattern| matches(pattern, name))
    }
}

fn matches(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |start| name.starts_with(start))
}

const DOMAIN: &str = "packshot-domain";
const CONTRACT: &str = "packshot-contract";
const DATABASE: &str = "packshot-database";
const STORE: &str = "packshot-store";
const IMAGING: &str = "packshot-imaging";
const TOKENS: &str = "packshot-tokens";
const SERVER: &str = "packshot-server";
const TESTS_MACROS: &str = "packshot-tests-macros";

/// packshot's layers.
pub(crate) const TABLE: Table = Table {
    rows: &[
        Row { name: DOMAIN, may: &[], dev: &[], pure: true },
        Row { name: CONTRACT, may: &[DOMAIN], dev: &[], pure: false },
        Row { name: DATABASE, may: &[DOMAIN], dev: &[CONTRACT], pure: false },
        Row { name: STORE, may: &[DOMAIN], dev: &[CONTRACT], pure: false },
        Row { name: IMAGING, may: &[DOMAIN], dev: &[CONTRACT], pure: false },
        Row { name: TOKENS, may: &[DOMAIN], dev: &[CONTRACT], pure: false },
        Row { name: SERVER, may: &[DOMAIN, DATABASE, STORE, IMAGING, TOKENS], dev: &[CONTRACT], pure: false },
        // The end-to-end tests know the server by its HTTP alone.
        Row { name: "packshot-tests", may: &[CONTRACT, TESTS_MACROS], dev: &[], pure: false },
        Row { name: TESTS_MACROS, may: &[], dev: &[], pure: true },
        Row { name: "xtask", may: &[], dev: &[], pure: false },
    ],
    owned: &[
        ("actix*", SERVER),
        ("biscuit", TOKENS),
        ("diesel*", DATABASE),
        ("r2d2*", DATABASE),
        ("libsqlite3-sys", DATABASE),
        ("pq-sys", DATABASE),
        ("object_store", STORE),
        ("fast_image_resize", IMAGING),
        ("image", IMAGING),
        ("image-webp", IMAGING),
        ("imagesize", IMAGING),
        ("img-parts", IMAGING),
        ("jpegli*", IMAGING),
        ("kamadak-exif", IMAGING),
        ("libwebp-sys*", IMAGING),
        ("moxcms", IMAGING),
        ("mozjpeg*", IMAGING),
        ("png", IMAGING),
        ("turbojpeg*", IMAGING),
        ("webp", IMAGING),
        ("zune-*", IMAGING),
    ],
    outer: &[
        "async-std",
        "axum",
        "clap",
        "config",
        "h2",
        "hyper*",
        "mio",
        "openssl*",
        "reqwest",
        "ring",
        "rusqlite",
        "rustls*",
        "socket2",
        "sqlx*",
        "tokio*",
        "tower*",
        "tracing-subscriber",
        "utoipa*",
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_ending() {
        assert!(matches("actix*", "actix-web"));
        assert!(matches("png", "png"));
        assert!(!matches("png", "pngquant"));
        assert!(!matches("actix*", "my-actix"));
    }

    #[test]
    fn rows_name_rows() {
        for row in TABLE.rows {
            for name in row.may.iter().chain(row.dev) {
                assert!(TABLE.rows.iter().any(|other| other.name == *name), "{} -> {name}", row.name);
            }
        }
    }

    #[test]
    fn only_the_end_to_end_tests_depend_on_what_is_for_tests() {
        let users: Vec<&str> =
            TABLE.rows.iter().filter(|row| row.may.contains(&CONTRACT)).map(|row| row.name).collect();
        assert_eq!(users, ["packshot-tests"]);
    }
}
