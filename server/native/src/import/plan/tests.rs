//! Plans of small tables for a tenant with some records.

use std::collections::BTreeSet;

use super::*;
use crate::import::{mapping::Mapping, table};

/// A file with these columns and rows.
fn table(file: &str, columns: &[&str], rows: &[&[&str]]) -> Table {
    let folder = tempfile::tempdir().unwrap().keep();
    let path = folder.join(file);
    let lines = [columns].into_iter().chain(rows.iter().copied());
    let text: Vec<String> = lines.map(|cells| cells.join(",") + "\n").collect();
    std::fs::write(&path, text.concat()).unwrap();
    let mut table = table::scan(&path, &mut Issues::default()).unwrap();
    table.file = file.into();
    table
}

fn index() -> Index {
    Index::new(BTreeSet::new()).unwrap()
}

fn planned(mapping: &str, tables: [&Table; 2], index: &mut Index) -> (Vec<Upsert>, Issues) {
    let mapping: Mapping = toml::from_str(mapping).unwrap();
    let mut issues = Issues::default();
    let mut next = 0;
    let mut mint = || {
        next += 1;
        format!("new-{next}")
    };
    plan(
        (0, &mapping.import[0]),
        tables[0],
        Some(tables[1]),
        index,
        &mut mint,
        &mut issues,
    )
    .unwrap();
    (index.spool.chunk(0, 0, 1_000).unwrap(), issues)
}

const STAFF: &str = "[[import]]\nfile='staff.csv'\ninto='user'\nkey='external_id'\n[import.set]\nexternal_id='id'\n'home.city'='city'\nmanager={column='boss', lookup='user.external_id'}\n";

#[test]
fn rows_refer_to_later_rows_and_to_what_is_there() {
    let staff = table(
        "staff.csv",
        &["id", "boss", "city"],
        &[&["1", "2", "Bath"], &["2", "9", ""]],
    );
    let mut index = index();
    index
        .add("user.external_id", "9", "old", &Map::new())
        .unwrap();
    let (planned, issues) = planned(STAFF, [&staff, &staff], &mut index);
    assert!(issues.is_empty());
    assert_eq!(
        Value::from(planned[0].content.fields.clone()),
        json!({"external_id": "1", "home": {"city": "Bath"}, "manager": "new-2"})
    );
    assert_eq!(planned[1].content.fields["manager"], "old");
}

#[test]
fn every_error_is_told_with_its_line_and_column() {
    let staff = table(
        "staff.csv",
        &["id", "boss", "city"],
        &[&["1", "7", ""], &["1", "", ""], &["", "", "Bath"]],
    );
    let (_, issues) = planned(STAFF, [&staff, &staff], &mut index());
    let told: Vec<_> = issues
        .iter()
        .map(|issue| (issue.line, issue.column.clone().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            (3, "id".to_owned()),
            (4, "id".to_owned()),
            (2, "boss".to_owned())
        ]
    );
    let without = table("staff.csv", &["id", "city"], &[&["1", ""]]);
    let (_, issues) = planned(STAFF, [&without, &without], &mut index());
    assert_eq!(
        issues.iter().next().unwrap().column.as_deref(),
        Some("boss")
    );
}

#[test]
fn lines_come_from_a_file_of_their_own() {
    let invoices = table("invoices.csv", &["id"], &[&["1"], &["2"]]);
    let lines = table(
        "lines.csv",
        &["invoice", "price"],
        &[&["2", "0.99"], &["2", "1.00"], &["3", "1"]],
    );
    let mapping = "[[import]]\nfile='invoices.csv'\ninto='invoice'\nkey='old'\n[import.set]\nold='id'\n[import.lines]\nfile='lines.csv'\ninto='lines'\nparent='invoice'\nof='id'\n[import.lines.set]\nprice={column='price', as='money', currency='USD'}\n";
    let (planned, issues) = planned(mapping, [&invoices, &lines], &mut index());
    assert_eq!(
        planned[1].content.fields["lines"][1]["price"]["amount"],
        100
    );
    assert_eq!(planned[0].content.fields["lines"], json!([]));
    assert_eq!(
        issues
            .iter()
            .next()
            .map(|issue| (issue.line, issue.file.as_str())),
        Some((4, "lines.csv"))
    );
}

#[test]
fn keys_and_lookups_are_compared_as_unique_fields_are() {
    let mapping = "[[import]]\nfile='c.csv'\ninto='contact'\nkey='old_id'\n[import.set]\nold_id='id'\nparent={column='of', lookup='contact.old_id'}\n";
    let rows = table(
        "c.csv",
        &["id", "of"],
        &[
            &["Straße", ""],
            &["b", "STRASSE"],
            &["José", "A"],
            &["Jose", ""],
        ],
    );
    let mut index = index();
    let none = Map::new();
    index.add("contact.old_id", "a", "there", &none).unwrap();
    let (planned, issues) = planned(mapping, [&rows, &rows], &mut index);
    assert!(issues.is_empty(), "{issues:?}");
    assert_eq!(planned[1].content.fields["parent"], planned[0].id.as_str());
    assert_eq!(planned[2].content.fields["parent"], "there");

    let twice = table("c.csv", &["id", "of"], &[&["Straße", ""], &["STRASSE", ""]]);
    let (_, issues) = self::planned(mapping, [&twice, &twice], &mut self::index());
    assert_eq!(issues.iter().count(), 1);

    let mut users = self::index();
    users
        .add("user.email", "Zoë@Example.org", "zoe", &none)
        .unwrap();
    let zoe = users.id("user.email", " ZOE\u{308}@example.ORG");
    assert_eq!(zoe.unwrap().as_deref(), Some("zoe"));
    users.add("user.external_id", "a1", "a1", &none).unwrap();
    assert!(users.id("user.external_id", "A1").unwrap().is_none());
}
