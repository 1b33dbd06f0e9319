//! Files that are not what they were, or never were: refused before anything is done.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops here")]

use std::io::Cursor;
use std::sync::Arc;

use store::conformance::*;
use store::{Directory as _, MemoryStore, Site, Store, Tokens, TransferError, export, import};

/// A small site as a file.
async fn file() -> Vec<u8> {
    let store = Arc::new(MemoryStore::new());
    let site = Site { id: SITE, name: "Shop".into(), domains: vec!["shop.example".into()] };
    store.add_site(site, 1).await.unwrap();
    let mut state = begin(&(store.clone() as Arc<dyn Store>), start(1, 1000)).await;
    let by = asking(&state);
    act(&(store.clone() as Arc<dyn Store>), &mut state, &by, post("hello?")).await;
    exported(&*store).await.0
}

/// Why it is refused. Nothing is there afterwards.
async fn refusal(file: Vec<u8>) -> TransferError {
    let store = MemoryStore::new();
    let secret = store.secret().await.unwrap();
    let refused = import(&store, Cursor::new(file), Tokens::Keep).await.unwrap_err();
    assert_eq!(store.sites().await.unwrap(), []);
    assert_eq!(store.secret().await.unwrap(), secret);
    refused
}

/// The same file with other lines.
async fn changed(change: impl FnOnce(&mut Vec<String>)) -> Vec<u8> {
    let file = String::from_utf8(file().await).unwrap();
    let mut lines = file.lines().map(str::to_owned).collect();
    change(&mut lines);
    lines.iter().flat_map(|line| [line.as_bytes(), b"\n"].concat()).collect()
}

#[tokio::test]
async fn a_file_that_is_cut_off_anywhere_is_refused_and_says_after_which_line() {
    let whole = file().await;
    let first = whole.iter().position(|byte| *byte == b'\n').unwrap();
    for end in 0..whole.len() {
        let refused = refusal(whole[..end].to_vec()).await;
        let lines = whole[..end].iter().filter(|byte| **byte == b'\n').count() as u64;
        match refused {
            TransferError::CutOff { lines: said } => assert_eq!(said, lines.max(1)),
            TransferError::Foreign => assert!(end < first, "cut at {end}"),
            other => panic!("cut at {end}: {other}"),
        }
    }
}

#[tokio::test]
async fn every_bit_counts() {
    let whole = file().await;
    for place in 0..whole.len() {
        for bit in 0..8 {
            let mut flipped = whole.clone();
            flipped[place] ^= 1 << bit;
            refusal(flipped).await;
        }
    }
}

#[tokio::test]
async fn a_text_that_was_changed_is_refused_at_the_end_mark() {
    let damaged = changed(|lines| {
        let said = lines.iter_mut().find(|line| line.contains("hello?")).unwrap();
        *said = said.replace("hello?", "hellO?");
    });
    let said = refusal(damaged.await).await.to_string();
    for words in ["the end mark", "checksum", "copy it again, or export again"] {
        assert!(said.contains(words), "{said}");
    }
}

#[tokio::test]
async fn a_newer_version_names_the_way_out() {
    let newer = changed(|lines| lines[0] = lines[0].replace("export\":1", "export\":2"));
    let said = refusal(newer.await).await.to_string();
    for words in ["line 1", "version 2", "up to 1", "a newer one"] {
        assert!(said.contains(words), "{said}");
    }
}

#[tokio::test]
async fn what_is_no_export_is_said_to_be_none() {
    for other in
        ["", "\n", "{}\n", "SQLite format 3\0", "[1]\n{\"end\":{}}\n", &"x".repeat(9_000_000)]
    {
        let refused = refusal(other.as_bytes().to_vec()).await;
        assert!(matches!(refused, TransferError::Foreign), "{refused}");
    }
    let said = refusal(b"PK\x03\x04".to_vec()).await.to_string();
    assert!(said.contains("frontdesk export"), "{said}");
}

#[tokio::test]
async fn nothing_comes_after_the_end() {
    let longer = changed(|lines| lines.push("{\"secret\":\"\"}".into()));
    let refused = refusal(longer.await).await;
    assert!(matches!(refused, TransferError::AfterTheEnd { .. }), "{refused}");
    let twice = [file().await, file().await].concat();
    let refused = refusal(twice).await;
    assert!(matches!(refused, TransferError::AfterTheEnd { .. }), "{refused}");
}

/// A file with a good checksum that a wrong program wrote.
async fn sealed(change: impl FnOnce(&mut Vec<String>)) -> TransferError {
    use sha2::Digest as _;
    let file = changed(|lines| {
        change(lines);
        let end = lines.pop().unwrap();
        let before: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let mut mark: serde_json::Value = serde_json::from_str(&end).unwrap();
        let sum = sha2::Sha256::digest(before);
        let sum: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
        mark["end"]["sha256"] = sum.into();
        lines.push(mark.to_string());
    });
    refusal(file.await).await
}

#[tokio::test]
async fn parts_in_the_wrong_place_are_refused_by_their_line() {
    let line = |refused| match refused {
        TransferError::Line { line, why } => (line, why),
        other => panic!("{other}"),
    };
    // Header, secret, site, visitor, conversation, three events, a key, a start, the end.
    let (n, why) = line(sealed(|lines| lines.swap(5, 6)).await);
    assert_eq!((n, &*why), (6, "it is not the next event of its conversation"));
    let (n, why) = line(sealed(|lines| drop(lines.remove(7))).await);
    assert_eq!((n, &*why), (8, "events are missing before it"));
    let (n, why) = line(sealed(|lines| lines.swap(2, 3)).await);
    assert_eq!((n, &*why), (3, "it comes before its site"));
    let (n, why) = line(sealed(|lines| drop(lines.remove(3))).await);
    assert_eq!((n, &*why), (10, "there is not as much before it as it says"));
    let other = OTHER_SITE.to_string();
    let (n, why) =
        line(sealed(|lines| lines[3] = lines[3].replace(&SITE.to_string(), &other)).await);
    assert_eq!((n, &*why), (4, "it belongs to another site"));
    let (n, _) = line(sealed(|lines| lines[4] = "{\"message\":1}".into()).await);
    assert_eq!(n, 5);
}

/// A disk that is full after so many bytes.
struct Full(usize);

impl std::io::Write for Full {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0 < bytes.len() {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        self.0 -= bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_full_disk_is_no_answer() {
    let store = MemoryStore::new();
    let site = Site { id: SITE, name: "Shop".into(), domains: vec![] };
    store.add_site(site, 1).await.unwrap();
    for bytes in [0, 100, 300] {
        let refused = export(&store, SITE, Full(bytes)).await;
        assert!(matches!(refused, Err(TransferError::File(_))), "{refused:?}");
    }
}
