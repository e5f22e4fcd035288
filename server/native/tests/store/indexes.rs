//! The indexes of the built-in types in a database of an earlier program with other indexes.

use crm_native::store::Options;
use rusqlite::Connection;

use super::{new_id, number, store};

const ALL: &str = "SELECT group_concat(name || sql) FROM (SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'records' ORDER BY name)";

#[tokio::test]
async fn opening_a_tenant_replaces_an_index_that_is_another_under_its_name() {
    let data = tempfile::tempdir().expect("a folder");
    let tenant = new_id();
    let made = store(data.path(), Options::default());
    made.create(&tenant).await.expect("made");
    let path = made.path(&tenant);
    drop(made);
    let all = || -> String {
        let file = Connection::open(&path).expect("opened");
        file.query_row(ALL, [], |row| row.get(0)).expect("indexes")
    };
    let wanted = all();
    Connection::open(&path)
        .expect("opened")
        .execute_batch(
            "DROP INDEX \"u.price_item.code\"; CREATE INDEX \"u.price_item.code\" ON records (created_by); \
             CREATE INDEX \"c.key_0:gone\" ON records (key_0); PRAGMA user_version = 7",
        )
        .expect("spoilt");
    assert_ne!(all(), wanted);
    let again = store(data.path(), Options::default());
    assert_eq!(number(&again, &tenant, "SELECT seq FROM meta").await, 0);
    assert_eq!(all(), wanted);
}
