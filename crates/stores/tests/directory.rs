//! The data directory: one holder at a time, known versions only.

use creta_model::Code;
use creta_stores::{DataDirectory, SqliteMetadata};

#[test]
fn a_second_holder_is_told_who_holds_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/data");
    let held = DataDirectory::open(&path).unwrap();
    let letter = DataDirectory::open(&path).unwrap_err();
    assert_eq!(letter.code, Code::DataDirectoryLocked);
    assert!(letter.message.contains(&std::process::id().to_string()), "{letter}");
    drop(held);
    DataDirectory::open(&path).unwrap();
}

#[test]
fn a_newer_directory_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(DataDirectory::open(folder.path()).unwrap());
    std::fs::write(folder.path().join("version"), "3\n").unwrap();
    assert_eq!(DataDirectory::open(folder.path()).unwrap_err().code, Code::DataDirectoryNewer);
    std::fs::write(folder.path().join("version"), "nonsense").unwrap();
    assert_eq!(DataDirectory::open(folder.path()).unwrap_err().code, Code::StoreFailed);
    std::fs::write(folder.path().join("version"), "1\n").unwrap();
    DataDirectory::open(folder.path()).unwrap();
    // An older build would misread what is written from now on.
    assert_eq!(std::fs::read_to_string(folder.path().join("version")).unwrap(), "2\n");
}

#[test]
fn newer_metadata_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metadata.sqlite");
    drop(SqliteMetadata::open(&path).unwrap());
    rusqlite::Connection::open(&path).unwrap().execute("UPDATE schema SET version = version + 1", []).unwrap();
    assert_eq!(SqliteMetadata::open(&path).err().unwrap().code, Code::DataDirectoryNewer);
}
