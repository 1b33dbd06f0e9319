//! What browsers get: the widget, the console and the demo, embedded as built.
//!
//! Start with [`find`]. The files of `dist/` are made from the TypeScript in this folder by
//! `build.mjs` and committed, so that whoever runs cargo needs no Node; [`Page::version`] is what the
//! build puts behind `?v=` where a page names another file.
//!
//! Never here: HTTP, anything of ours, files read while running.

use std::sync::LazyLock;

use sha2::{Digest as _, Sha256};

/// Digits of the hash that stand behind `?v=`, as in `build.mjs`.
const VERSION_DIGITS: usize = 12;

/// One file, as built.
#[derive(Debug)]
pub struct Page {
    pub name: &'static str,
    pub content_type: &'static str,
    pub bytes: &'static [u8],
    /// Changes with the content: the first digits of its SHA-256.
    pub version: String,
}

impl Page {
    /// Whether it names other files by their version and must itself be asked for anew each time.
    pub fn is_html(&self) -> bool {
        self.name.ends_with(".html")
    }
}

macro_rules! embedded {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_bytes!(concat!("../dist/", $name)) as &[u8])),*]
    };
}

static PAGES: LazyLock<Vec<Page>> = LazyLock::new(|| {
    let embedded = embedded![
        "console.css",
        "console.html",
        "console.js",
        "demo.css",
        "demo.html",
        "demo.js",
        "widget.js",
    ];
    embedded.into_iter().map(page).collect()
});

/// The file with this name, say `console.html`.
pub fn find(name: &str) -> Option<&'static Page> {
    PAGES.iter().find(|page| page.name == name)
}

/// Every file.
pub fn all() -> impl Iterator<Item = &'static Page> {
    PAGES.iter()
}

fn page((name, bytes): (&'static str, &'static [u8])) -> Page {
    let content_type = match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        _ => "application/octet-stream",
    };
    let digest = Sha256::digest(bytes);
    let mut version: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    version.truncate(VERSION_DIGITS);
    Page { name, content_type, bytes, version }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_name_only_files_that_are_here_in_their_current_version() {
        for page in all().filter(|page| page.is_html()) {
            let html = str::from_utf8(page.bytes).unwrap();
            for address in html.split("/assets/").skip(1) {
                let address = address.split('"').next().unwrap();
                let (name, version) = address.split_once("?v=").unwrap();
                let asset = find(name).unwrap_or_else(|| panic!("{} names {name}", page.name));
                assert_eq!(asset.version, version, "{} names an old {name}", page.name);
            }
        }
    }

    #[test]
    fn every_built_file_is_embedded() {
        let dist = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/dist")).unwrap();
        for file in dist {
            let name = file.unwrap().file_name().into_string().unwrap();
            assert!(find(&name).is_some(), "crates/pages/src/lib.rs does not embed {name}");
        }
    }
}
