//! Files of every form, valid and broken.

use super::*;

/// A file's columns and rows.
fn of(name: &str, bytes: &[u8]) -> Result<(Vec<String>, Vec<Row>), Vec<Issue>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    scanned(&path)
}

fn scanned(path: &Path) -> Result<(Vec<String>, Vec<Row>), Vec<Issue>> {
    let mut issues = Issues::default();
    let Some(table) = scan(path, &mut issues) else {
        return Err(issues.iter().cloned().collect());
    };
    let rows: Vec<Row> = table.rows().unwrap().map(Result::unwrap).collect();
    assert_eq!(rows.len() as u64, table.rows);
    Ok((table.columns, rows))
}

proptest::proptest! {
    #[test]
    fn no_file_panics(
        bytes in proptest::collection::vec(
            proptest::prop_oneof![
                proptest::prelude::any::<u8>(),
                proptest::sample::select(b"\",;\t\r\n{}[]:a1\xef\xbb\xbf".to_vec()),
            ],
            0..200,
        ),
        name in "a\\.(csv|jsonl|ndjson|txt)",
    ) {
        match of(&name, &bytes) {
            Ok((columns, rows)) => {
                for row in &rows {
                    for column in &columns {
                        drop(row.text(column));
                    }
                }
            }
            Err(issues) => proptest::prop_assert!(!issues.is_empty()),
        }
    }
}

fn refused(name: &str, bytes: &[u8]) -> (u64, Option<String>) {
    let issue = of(name, bytes).unwrap_err().remove(0);
    (issue.line, issue.column)
}

#[test]
fn rows_know_their_lines_and_empty_cells_are_not_there() {
    let (columns, rows) = of(
        "a.csv",
        "\u{feff}id,city\r\n1,\"São\nJosé\"\r\n2,\r\n".as_bytes(),
    )
    .unwrap();
    assert_eq!(columns, ["id", "city"]);
    assert_eq!(rows[0].text("city").unwrap(), "São\nJosé");
    assert_eq!((rows[1].line, rows[1].text("city")), (4, None));
}

#[test]
fn semicolons_separate_where_no_comma_does() {
    assert_eq!(
        of("a.csv", b"id;city\n1;Bath\n").unwrap().1[0]
            .text("city")
            .unwrap(),
        "Bath"
    );
}

#[test]
fn broken_files_are_refused_where_they_break() {
    assert_eq!(
        refused("a.csv", b"id,city\n1,B\xe9ziers\n"),
        (2, Some("4".into()))
    );
    assert_eq!(
        refused("a.csv", b"id,city\n1,\"open\n2,x\n"),
        (2, Some("3".into()))
    );
    assert_eq!(refused("a.csv", b"id,city\n1,2,3\n"), (2, None));
    assert_eq!(refused("a.csv", b"id,id\n1,2\n"), (1, Some("id".into())));
    assert_eq!(refused("a.csv", b"\xff\xfei\0d\0"), (1, Some("1".into())));
    assert_eq!(refused("a.csv", b"id\na\0b\n"), (2, None));
    assert_eq!(refused("a.jsonl", b"{\"a\":1}\n[1]\n"), (2, None));
    assert_eq!(refused("a.jsonl", b"{\"a\":1,\"a\":2}\n"), (1, None));
}

#[test]
fn json_lines_keep_their_values() {
    let (_, rows) = of(
        "a.jsonl",
        b"{\"id\":7,\"ok\":true,\"none\":null}\n\n{\"id\":8}\n",
    )
    .unwrap();
    assert_eq!(rows[0].text("id").unwrap(), "7");
    assert_eq!(rows[1].line, 3);
    assert!(!rows[0].cells.contains_key("none"));
}

#[test]
fn lines_are_counted_whatever_ends_them_and_wherever_a_piece_ends() {
    let cell = "é".repeat(40_000);
    let text = format!("id,city\r\n1,{cell}\r\n\r\n2,\"{cell}\r\n{cell}\"\r\n3,x\r\n");
    let (_, rows) = of("a.csv", text.as_bytes()).unwrap();
    let lines: Vec<u64> = rows.iter().map(|row| row.line).collect();
    assert_eq!(lines, [2, 4, 6]);
    let long = rows[1].text("city").unwrap();
    assert_eq!(long, format!("{cell}\r\n{cell}"));
    let text = format!("id\n{cell}\n\n{cell}\"");
    assert_eq!(refused("a.csv", text.as_bytes()), (4, Some("40001".into())));
    assert_eq!(refused("a.csv", b"id\n\xc3"), (2, Some("1".into())));
}

#[test]
fn a_row_without_end_is_an_error_at_its_beginning() {
    let endless = "x".repeat(MOST_ROW + 1);
    for (name, text, line) in [
        ("a.csv", format!("id\n1\n{endless}\n"), 3),
        (
            "a.csv",
            format!("id\n\"\n{}\"\n", "x\n".repeat(MOST_ROW / 2)),
            2,
        ),
        ("a.csv", endless.clone(), 1),
        ("a.jsonl", format!("{{}}\n{{\"a\": \"{endless}"), 2),
    ] {
        assert_eq!(refused(name, text.as_bytes()), (line, None));
    }
    let most = "x".repeat(MOST_ROW);
    assert_eq!(
        of("a.csv", format!("id\n{most}\n").as_bytes())
            .unwrap()
            .1
            .len(),
        1
    );
    // A file without an end: only its first piece is read.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    let file = File::create(&path).unwrap();
    file.set_len(1 << 40).unwrap();
    assert!(scanned(&path).unwrap_err()[0].message.contains("NUL"));
}

#[test]
fn columns_without_end_are_an_error() {
    let names: Vec<String> = (0..=MOST_COLUMNS).map(|n| format!("c{n}")).collect();
    assert_eq!(refused("a.csv", names.join(",").as_bytes()), (1, None));
    let rows: Vec<String> = names
        .iter()
        .map(|name| format!("{{\"{name}\": 1}}\n"))
        .collect();
    assert_eq!(
        refused("a.jsonl", rows.concat().as_bytes()),
        (MOST_COLUMNS as u64 + 1, None)
    );
}

#[cfg(unix)]
#[test]
fn what_can_be_read_only_once_is_refused() {
    for path in ["/dev/zero", "/dev/null"] {
        let issues = scanned(Path::new(path)).unwrap_err();
        assert!(issues[0].message.contains("read only once"), "{path}");
    }
    let folder = tempfile::tempdir().unwrap();
    assert!(
        scanned(folder.path()).unwrap_err()[0]
            .message
            .contains("folder")
    );
}

#[test]
fn a_file_that_is_another_by_now_is_not_read_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    fs::write(&path, "id\n1\n").unwrap();
    let table = scan(&path, &mut Issues::default()).unwrap();
    fs::write(&path, "id\n1\n2\n").unwrap();
    let last = table.rows().unwrap().last().unwrap();
    assert!(matches!(last, Err(Failed::Changed(file)) if file.ends_with("a.csv")));
}
