//! The native blobs pass the conformance suite (crm_core::ports::blobs::conformance), stay whole whenever the program
//! is killed, and are part of backups and checks.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use crm_core::ports::{
    blobs::{
        BlobError, BlobKey, Blobs,
        conformance::{CASES, Subject},
    },
    store::TenantId,
};
use crm_native::{backup, blobs::FolderBlobs, check::check, cli::tenant, host::Host};
use sha2::{Digest, Sha256};

fn new_id() -> TenantId {
    TenantId::parse(&uuid::Uuid::now_v7().to_string()).unwrap()
}

async fn put(blobs: &FolderBlobs, key: &BlobKey, bytes: Vec<u8>) -> Result<(), BlobError> {
    let sum = Sha256::digest(&bytes).into();
    blobs.put(key, "image/png", sum, Bytes::from(bytes)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_blobs_conform() {
    let data = tempfile::tempdir().unwrap();
    let blobs = Arc::new(FolderBlobs::open(data.path()));
    let mut failed = Vec::new();
    for case in CASES {
        let subject = Subject {
            blobs: blobs.clone(),
            tenant: new_id(),
            other: new_id(),
        };
        if let Err(seen) = (case.run)(subject).await {
            failed.push(format!("{}: {seen}", case.name));
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
    let parts = fs::read_dir(data.path().join("blobs/parts")).unwrap();
    assert_eq!(parts.count(), 0, "nothing is left of refused blobs");
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_reads_a_blob() {
    use std::os::unix::fs::PermissionsExt;
    let data = tempfile::tempdir().unwrap();
    let (blobs, tenant) = (FolderBlobs::open(data.path()), new_id());
    let key = BlobKey::new(&tenant, "a/b").unwrap();
    put(&blobs, &key, b"x".to_vec()).await.unwrap();
    for path in ["", "a", "a/b.blob"] {
        let path = data.path().join(format!("blobs/{tenant}")).join(path);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", path.display());
    }
}

/// A failing disk while a blob is written, simulated by a folder in its place.
#[tokio::test]
async fn a_put_that_fails_leaves_nothing() {
    let data = tempfile::tempdir().unwrap();
    let (blobs, tenant) = (FolderBlobs::open(data.path()), new_id());
    let place = data.path().join(format!("blobs/{tenant}/a.blob/full"));
    fs::create_dir_all(&place).unwrap();
    let key = BlobKey::new(&tenant, "a").unwrap();
    let refused = put(&blobs, &key, vec![1; 1_000]).await;
    assert!(matches!(refused, Err(BlobError::Failed(_))), "{refused:?}");
    let parts = fs::read_dir(data.path().join("blobs/parts")).unwrap();
    assert_eq!(parts.count(), 0);
}

/// The process that is killed while it writes; another test starts it.
#[tokio::test]
#[ignore = "the other half of the test below"]
async fn writes_until_it_is_killed() {
    let Ok(data) = std::env::var("CRM_TEST_DATA") else {
        return;
    };
    let tenant = TenantId::parse("01900000-0000-7000-8000-000000000001").unwrap();
    let blobs = FolderBlobs::open(Path::new(&data));
    for n in 0..100_000_usize {
        let key = BlobKey::new(&tenant, &format!("files/{}", n % 5)).unwrap();
        put(&blobs, &key, vec![n as u8; 300_000 + n]).await.unwrap();
        println!("put");
    }
}

#[test]
fn a_blob_is_whole_whenever_the_program_is_killed() {
    use std::io::{BufRead, BufReader};
    let data = tempfile::tempdir().unwrap();
    fs::create_dir_all(data.path().join("tenants")).unwrap();
    // A tenant without data: the test looks at blobs only.
    let database = data
        .path()
        .join("tenants/01900000-0000-7000-8000-000000000001.sqlite");
    fs::write(database, "").unwrap();
    for round in 0..10_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "writes_until_it_is_killed", "--ignored"])
            .args(["--nocapture", "--quiet"])
            .env("CRM_TEST_DATA", data.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let written = |line: &std::io::Result<String>| matches!(line.as_deref(), Ok("put"));
        assert!(lines.by_ref().filter(written).nth(5).is_some());
        std::thread::sleep(Duration::from_millis(round));
        child.kill().unwrap();
        child.wait().unwrap();
        let report = check(data.path(), None);
        let found: Vec<_> = report
            .findings
            .iter()
            .filter(|finding| finding.rule == "blob")
            .collect();
        assert!(found.is_empty(), "round {round}: {found:#?}");
        assert_eq!(report.blobs, 5, "round {round}");
    }
}

#[tokio::test]
async fn blobs_are_in_a_backup_and_their_damage_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let host = Host::open(&data).unwrap();
    let tenant = tenant::create(&host, "Blobs", None).await.unwrap();
    let blobs = FolderBlobs::open(&data);
    for name in ["files/a", "files/a/thumb", "logo"] {
        let key = BlobKey::new(&tenant, name).unwrap();
        put(&blobs, &key, name.repeat(1_000).into_bytes())
            .await
            .unwrap();
    }
    host.store.close();
    // A blob of an unknown tenant.
    let stranger = BlobKey::new(&new_id(), "a").unwrap();
    put(&blobs, &stranger, b"x".to_vec()).await.unwrap();
    fs::write(data.join("blobs/parts/.tmp"), "half").unwrap();
    let found = check(&data, None).findings;
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].what.contains("no tenant"), "{found:#?}");

    let out = folder.path().join("backup");
    let part = backup::copy(&data, &out).unwrap();
    backup::finish(&part, &out).unwrap();
    let report = check(&out, None);
    assert_eq!((report.blobs, report.findings), (3, vec![]));
    let copied = FolderBlobs::open(&out);
    let key = BlobKey::new(&tenant, "files/a/thumb").unwrap();
    let blob = copied.get(&key, None).await.unwrap().unwrap();
    assert_eq!(blob.bytes, "files/a/thumb".repeat(1_000));
    assert!(!out.join("blobs/parts").exists());

    type Damage = fn(&Path);
    let damages: [(Damage, &str); 5] = [
        (
            |path| {
                let mut bytes = fs::read(path).unwrap();
                *bytes.last_mut().unwrap() ^= 1;
                fs::write(path, bytes).unwrap();
            },
            "the checksum",
        ),
        (
            |path| {
                let bytes = fs::read(path).unwrap();
                fs::write(path, &bytes[..bytes.len() - 1]).unwrap();
            },
            "bytes, not",
        ),
        (|path| fs::write(path, "no line").unwrap(), "first line"),
        (
            |path| fs::rename(path, path.with_extension("txt")).unwrap(),
            "is not a blob",
        ),
        (
            |path| fs::rename(path, path.with_file_name("A.blob")).unwrap(),
            "is not a blob",
        ),
    ];
    for (damage, words) in damages {
        let path = out.join(format!("blobs/{tenant}/logo.blob"));
        let whole = fs::read(&path).unwrap();
        damage(&path);
        let found = check(&out, Some(tenant.as_str())).findings;
        assert_eq!(found.len(), 1, "{words}: {found:#?}");
        assert!(
            found[0].rule == "blob" && found[0].what.contains(words),
            "{words}: {found:#?}"
        );
        for left in ["logo.txt", "A.blob"] {
            let _ = fs::remove_file(path.with_file_name(left));
        }
        fs::write(&path, whole).unwrap();
    }
    assert_eq!(check(&out, None).findings, []);
}
