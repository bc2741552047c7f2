//! The suite of [`Blobs`].

use creta_model::Code;
use creta_ports::Blobs;

/// What was put is found, whole, under its name, also after a restart; putting again replaces.
pub async fn put_and_get<B: Blobs>(open: impl AsyncFn(&str) -> B) {
    {
        let blobs = open("blobs").await;
        blobs.put("a/b-1/c_2.bin", vec![1, 2, 3]).await.unwrap();
        blobs.put("empty", Vec::new()).await.unwrap();
        blobs.put("a/b-1/c_2.bin", vec![4; 100_000]).await.unwrap();
        let draft = blobs.draft();
        std::fs::write(&draft, [7; 10]).unwrap();
        blobs.adopt(&draft, "a/piecemeal").await.unwrap();
        assert!(!draft.exists(), "a draft that has its name lies around");
    }
    let blobs = open("blobs").await;
    blobs.put("brief", vec![1]).await.unwrap();
    blobs.remove("brief").await.unwrap();
    blobs.remove("brief").await.unwrap();
    assert_eq!(blobs.get("brief").await.unwrap_err().code, Code::NotFound);
    assert_eq!(blobs.get("a/b-1/c_2.bin").await.unwrap(), vec![4; 100_000]);
    assert_eq!(blobs.get("a/piecemeal").await.unwrap(), vec![7; 10]);
    assert_eq!(blobs.get("empty").await.unwrap(), Vec::<u8>::new());
    let path = blobs.local("a/b-1/c_2.bin").await.unwrap();
    assert_eq!(std::fs::read(path).unwrap(), vec![4; 100_000]);
}

/// An unknown name is `not_found`.
pub async fn unknown<B: Blobs>(open: impl AsyncFn(&str) -> B) {
    let blobs = open("unknown").await;
    blobs.put("folder/file", vec![1]).await.unwrap();
    for name in ["nothing", "folder", "folder/other"] {
        assert_eq!(blobs.get(name).await.unwrap_err().code, Code::NotFound, "{name}");
        assert_eq!(blobs.local(name).await.unwrap_err().code, Code::NotFound, "{name}");
    }
}

/// Names cannot leave their room.
pub async fn bad_names<B: Blobs>(open: impl AsyncFn(&str) -> B) {
    let blobs = open("names").await;
    for name in ["", "/", "/etc/passwd", "../x", "a/../../x", "a//b", "a/", ".", ".hidden", "a\\b", "a b", "ä", "a\0"]
    {
        assert!(blobs.put(name, vec![1]).await.is_err(), "{name:?}");
        assert!(blobs.get(name).await.is_err(), "{name:?}");
        assert!(blobs.local(name).await.is_err(), "{name:?}");
    }
}
