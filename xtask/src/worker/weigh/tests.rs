use super::*;

/// A module of two functions with names, one import, and one data segment.
fn module(names: [&str; 2], data: &[u8]) -> Vec<u8> {
    let section = |id: u8, content: &[u8]| [&[id, content.len() as u8], content].concat();
    let text = |text: &str| [&[text.len() as u8], text.as_bytes()].concat();
    let import = [&[1][..], &text("env"), &text("given"), &[0, 0]].concat();
    // The second function is three bytes longer.
    let code = [2, 2, 0, 0x0b, 5, 0, 0x01, 0x01, 0x01, 0x0b];
    let segment = [&[1, 0, 0x41, 0, 0x0b, data.len() as u8][..], data].concat();
    // Functions are counted from the imported ones on.
    let functions = [
        &[3, 0][..],
        &text("given"),
        &[1],
        &text(names[0]),
        &[2],
        &text(names[1]),
    ]
    .concat();
    let named = [text("name"), section(1, &functions)].concat();
    [
        b"\0asm\x01\0\0\0".to_vec(),
        section(1, &[1, 0x60, 0, 0]),
        section(2, &import),
        section(3, &[2, 0, 0]),
        section(5, &[1, 0, 1]),
        section(10, &code),
        section(11, &segment),
        section(0, &named),
    ]
    .concat()
}

#[test]
fn code_counts_for_its_crate_and_files_where_the_data_holds_them() {
    let wasm = module(
        ["_ZN8crm_core4pathE", "_ZN11crm_runtime4pathE"],
        b"-one file-",
    );
    let files = ["one file", "another", ""].map(|file| file.as_bytes().to_vec());
    let weights = weigh(&wasm, &files).unwrap();
    let crates = [("crm_runtime".to_owned(), 5), ("crm_core".to_owned(), 2)];
    let (data, files) = (10, 8);
    assert_eq!(
        weights,
        Weights {
            crates: crates.into(),
            data,
            files
        }
    );
    assert!(weigh(&wasm[..60], &[]).is_err());
}

#[test]
fn a_function_belongs_to_the_first_crate_in_its_name_that_is_not_rusts() {
    const RUSTS: &str = "Rust's own (core, alloc, std)";
    for (name, expected) in [
        ("crm_core::work::run", "crm_core"),
        (
            "<crm_core::work::Work as core::fmt::Debug>::fmt",
            "crm_core",
        ),
        ("core::ptr::drop_in_place<crm_core::work::Work>", "crm_core"),
        (
            "<alloc::vec::Vec<T> as serde::ser::Serialize>::serialize",
            "serde",
        ),
        (
            "<&mut serde_json::ser::Serializer<W,F> as serde::Serializer>::f",
            "serde_json",
        ),
        ("alloc::raw_vec::RawVec<T,A>::grow", RUSTS),
        ("core::ptr::drop_in_place<alloc::vec::Vec<u8>>", RUSTS),
        ("core::str::<impl str>::trim", RUSTS),
        ("<T as core::any::Any>::type_id", RUSTS),
        ("Vec::new", UNNAMED),
        ("memcpy", UNNAMED),
    ] {
        assert_eq!(owner(name), expected, "{name}");
    }
    let mangled =
        "_ZN4core3ptr46drop_in_place$LT$crm_core..context..Caller$GT$17hc48840c0b04c57f6E";
    assert_eq!(owner(mangled), "crm_core");
}

#[test]
fn the_report_names_fifteen_crates_and_sums_up_the_others() {
    let crates: Vec<(String, usize)> = (1..=17_usize)
        .rev()
        .map(|n| (format!("crate_{n}"), n * 1_000))
        .collect();
    let weights = Weights {
        crates,
        data: 500_000,
        files: 200_000,
    };
    let report = weights.to_string();
    let lines: Vec<&str> = report.lines().collect();
    assert_eq!(lines.len(), 17);
    assert!(lines[0].ends_with("153 kB of code, 500 kB of data"));
    let words = |line: &str| {
        line.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(words(lines[1]), ["crate_17", "17.0", "kB", "11.1", "%"]);
    assert_eq!(words(lines[16]), ["all", "others", "3.0", "kB", "2.0", "%"]);
}
