//! Archives are unpacked completely and safely, or not at all.

use crate::fakes::Numbers;
use creta_control::Archives;
use creta_model::Code;
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::Arc;
use tar::{Builder, EntryType, Header};

fn name(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A tar of one entry whose path is written as given, without the checks of the library.
fn tar(path: &str, kind: EntryType, content: &[u8]) -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_entry_type(kind);
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    if kind == EntryType::Symlink {
        header.set_link_name("/etc/hostname").unwrap();
    }
    header.set_cksum();
    let mut builder = Builder::new(Vec::new());
    builder.append(&header, content).unwrap();
    builder.into_inner().unwrap()
}

fn open(root: &Path, limit: u64) -> Archives {
    Archives::open(root.to_path_buf(), limit, Arc::new(Numbers::default())).unwrap()
}

#[test]
fn an_archive_is_found_under_its_hash() {
    let root = tempfile::tempdir().unwrap();
    let archives = open(root.path(), 10_000);
    let bytes = tar("package/ships.py", EntryType::Regular, b"x = 1\n");
    assert!(archives.find(&name(&bytes)).is_none());
    let folder = archives.store(&name(&bytes), &bytes).unwrap();
    assert_eq!(std::fs::read(folder.join("package/ships.py")).unwrap(), b"x = 1\n");
    assert_eq!(archives.find(&name(&bytes)), Some(folder.clone()));
    assert_eq!(archives.store(&name(&bytes), &bytes).unwrap(), folder);
    assert!(archives.find("../..").is_none());
}

#[test]
fn nothing_leaves_the_folder_and_nothing_half_done_stays() {
    let root = tempfile::tempdir().unwrap();
    let archives = open(root.path(), 10_000);
    let refused = [
        tar("../escape.py", EntryType::Regular, b"x"),
        tar("a/../../escape.py", EntryType::Regular, b"x"),
        tar("/tmp/creta-escape.py", EntryType::Regular, b"x"),
        tar("link", EntryType::Symlink, b""),
        tar("hard", EntryType::Link, b""),
        tar("device", EntryType::Char, b""),
        b"not a tar at all, but longer than nothing".repeat(30),
    ];
    for bytes in refused {
        let letter = archives.store(&name(&bytes), &bytes).unwrap_err();
        assert_eq!(letter.code, Code::MalformedRequest, "{letter}");
    }
    assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
    assert!(!root.path().parent().unwrap().join("escape.py").exists());
}

#[test]
fn size_and_hash_are_checked_first() {
    let root = tempfile::tempdir().unwrap();
    let bytes = tar("ships.py", EntryType::Regular, b"x = 1\n");
    let small = open(root.path(), 100);
    assert_eq!(small.store(&name(&bytes), &bytes).unwrap_err().code, Code::BodyTooLarge);
    let archives = open(root.path(), 10_000);
    assert_eq!(archives.store(&name(b"else"), &bytes).unwrap_err().code, Code::MalformedRequest);
}

#[test]
fn leftovers_of_a_crash_are_cleared_at_the_next_start() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join(".partial-7")).unwrap();
    open(root.path(), 100);
    assert!(!root.path().join(".partial-7").exists());
}
