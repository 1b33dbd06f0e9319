//! Exporting and importing: what is said, and what is left behind.

mod common;

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use common::{options, run, stderr, stdout, text};
use throwaway::Server;

/// A folder with one site in it, and room beside it.
struct Place {
    folder: tempfile::TempDir,
    site: String,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let data = text(&folder.path().join("data"));
        let site = run(&["site", "add", "Shop", "--domain", "a.example", "--data", &data], &[]);
        Self { folder, site: stdout(&site).trim_end().to_owned() }
    }

    fn at(&self, name: &str) -> String {
        text(&self.folder.path().join(name))
    }

    fn export(&self, to: &str) -> std::process::Output {
        let (data, to) = (self.at("data"), self.at(to));
        run(&["export", "--site", &self.site, "--to", &to, "--data", &data], &[])
    }

    fn import(&self, from: &str, data: &str, more: &[&str]) -> std::process::Output {
        let (from, data) = (self.at(from), self.at(data));
        run(&[&["import", "--from", &from, "--data", &data], more].concat(), &[])
    }
}

fn refused(output: &std::process::Output, words: &[&str]) {
    let said = stderr(output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(stdout(output), "");
    for words in words {
        assert!(said.contains(words), "{words} in {said}");
    }
}

#[test]
fn a_file_is_for_its_owner_and_never_written_over() {
    let place = Place::new();
    let exported = place.export("file");
    assert!(exported.status.success(), "{}", stderr(&exported));
    assert!(stderr(&exported).contains("secret"), "{}", stderr(&exported));
    let file = PathBuf::from(place.at("file"));
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let before = std::fs::read(&file).unwrap();
    refused(&place.export("file"), &["--to", "already", "choose another name"]);
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn what_cannot_be_exported_leaves_no_file() {
    let place = Place::new();
    let (data, to) = (place.at("data"), place.at("file"));
    let nowhere = "00000000-0000-4000-8000-000000000000";
    let output = run(&["export", "--site", nowhere, "--to", &to, "--data", &data], &[]);
    refused(&output, &["there is no site", nowhere]);
    let empty = place.at("empty");
    let output = run(&["export", "--site", nowhere, "--to", &to, "--data", &empty], &[]);
    refused(&output, &["no database in this folder", "empty"]);
    assert!(!Path::new(&to).exists() && !Path::new(&empty).exists());
    let output = run(&["export", "--site", "shop", "--to", &to, "--data", &data], &[]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
}

#[test]
fn a_site_is_imported_once_and_its_id_stands_alone() {
    let place = Place::new();
    place.export("file");
    let imported = place.import("file", "new", &[]);
    assert_eq!(stdout(&imported).trim_end(), place.site, "{}", stderr(&imported));
    let words = ["there is a site", &place.site, "nothing was changed"];
    refused(&place.import("file", "new", &[]), &words);
    place.import("file", "new", &[]);
    let data = place.at("new");
    let who = ["--site", &place.site, "--email", "a@b.example", "--data", &data];
    let agent = run(&[&["agent", "add", "--name", "A"], &who[..]].concat(), &[]);
    assert!(agent.status.success(), "{}", stderr(&agent));
}

#[test]
fn a_site_beside_others_comes_with_new_tokens_or_not_at_all() {
    let place = Place::new();
    place.export("file");
    let other = Place::new();
    let data = other.at("data");
    // Its secret is in use from here on.
    let who = ["--site", &other.site, "--email", "a@b.example", "--data", &data];
    run(&[&["agent", "add", "--name", "A"], &who[..]].concat(), &[]);
    run(&[&["token", "agent"], &who[..]].concat(), &[]);
    let from = place.at("file");
    let import = ["import", "--from", &from, "--data", &data];
    refused(&run(&import, &[]), &["another secret", "--new-tokens", "nothing was changed"]);
    let imported = run(&[&import[..], &["--new-tokens"]].concat(), &[]);
    assert_eq!(stdout(&imported).trim_end(), place.site, "{}", stderr(&imported));
}

#[test]
fn a_broken_file_is_refused_by_name_and_makes_nothing() {
    let place = Place::new();
    place.export("file");
    let whole = std::fs::read_to_string(place.at("file")).unwrap();
    for (broken, words) in [
        (whole[..whole.len() / 2].to_owned(), "cut off after line"),
        (whole.replace("Shop", "Shap"), "checksum"),
        (whole.replacen(":1,", ":2,", 1), "format version 2"),
        ("Dear diary".to_owned(), "name a file that `frontdesk export` wrote"),
    ] {
        std::fs::write(place.at("broken"), broken).unwrap();
        let output = place.import("broken", "new", &[]);
        refused(&output, &["--from", &place.at("broken"), words, "nothing was changed"]);
    }
    refused(&place.import("missing", "new", &[]), &["--from", "missing"]);
    let imported = place.import("file", "new", &[]);
    assert!(imported.status.success(), "{}", stderr(&imported));
}

#[tokio::test]
async fn a_folder_that_is_served_is_left_alone() {
    let server = Server::start(options()).await;
    let site = server.admin(["site", "add", "Shop", "--domain", "a.example"]).await;
    let place = Place::new();
    place.export("file");
    let to = place.at("served");
    let words = ["moved while no server runs", "another frontdesk serves this folder"];
    refused(&server.try_admin(["export", "--site", &site, "--to", &to]).await, &words);
    assert!(!Path::new(&to).exists());
    refused(&server.try_admin(["import", "--from", &place.at("file")]).await, &words);
}
