//! `crm import` and `crm export` as a person runs them, on real data: Chinook's customers, staff, price book, invoices.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Duration,
};

use crm_core::ports::store::admission::BATCH_BYTES;
use serde_json::Value;

struct World {
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let world = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        for entry in
            fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/chinook"))
                .unwrap()
        {
            let entry = entry.unwrap();
            fs::copy(
                entry.path(),
                world.file(&entry.file_name().to_string_lossy()),
            )
            .unwrap();
        }
        assert!(world.crm(&["tenant", "create", "Chinook"]).status.success());
        world
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crm"));
        command
            .args(arguments)
            .arg("--data")
            .arg(self.folder.path().join("data"))
            .current_dir(self.folder.path());
        command
    }

    fn crm(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn import(&self, more: &[&str]) -> Output {
        self.crm(&[&["import", "import.toml", "--tenant", "Chinook"], more].concat())
    }

    fn rows(&self, object_type: &str) -> Vec<Value> {
        let output = self.crm(&[
            "export",
            object_type,
            "--tenant",
            "Chinook",
            "--format",
            "jsonl",
        ]);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    fn edit(&self, name: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.file(name)).unwrap();
        assert!(text.contains(from), "{from} is not in {name}");
        fs::write(self.file(name), text.replacen(from, to, 1)).unwrap();
    }
}

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

fn by_old_id(rows: Vec<Value>) -> BTreeMap<String, Value> {
    rows.into_iter()
        .map(|row| (row["chinook_id"].as_str().unwrap().to_owned(), row))
        .collect()
}

#[test]
fn the_schema_of_mappings_is_printed_without_a_business() {
    let crm = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crm"));
        command.args(arguments).output().unwrap()
    };
    let output = crm(&["import", "--schema"]);
    assert!(output.status.success());
    let schema: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(schema["required"], serde_json::json!(["import"]));
    for arguments in [
        &["import"][..],
        &["import", "import.toml"],
        &["import", "--tenant", "Chinook"],
        &["import", "--schema", "import.toml"],
        &["import", "--schema", "--tenant", "Chinook"],
    ] {
        let output = crm(arguments);
        assert!(
            !output.status.success() && output.stdout.is_empty(),
            "{arguments:?}"
        );
    }
}

#[test]
fn the_whole_data_set_goes_in_and_a_second_import_changes_nothing() {
    let world = World::new();
    let first = world.import(&[]);
    assert!(first.status.success(), "{}", said(&first));
    let contacts = by_old_id(world.rows("contact"));
    let invoices = by_old_id(world.rows("invoice"));
    assert_eq!(
        (
            contacts.len(),
            world.rows("price_item").len(),
            invoices.len()
        ),
        (59, 3_503, 412)
    );
    let total: i64 = invoices
        .values()
        .map(|invoice| invoice["total"]["amount"].as_i64().unwrap())
        .sum();
    assert_eq!(total, 232_860);
    assert_eq!(
        contacts["1"]["billing_address"]["city"],
        "São José dos Campos"
    );
    // Relations point to the records that the old ids name.
    let staff: BTreeMap<String, Value> = world
        .rows("user")
        .into_iter()
        .filter_map(|user| Some((user["external_id"].as_str()?.to_owned(), user)))
        .collect();
    assert_eq!(staff.len(), 8);
    assert_eq!(contacts["1"]["account_manager"], staff["3"]["id"]);
    assert_eq!(staff["2"]["manager"], staff["1"]["id"]);
    assert_eq!(invoices["1"]["contact"], contacts["2"]["id"]);
    assert_eq!(invoices["1"]["lines"].as_array().unwrap().len(), 2);

    let again = world.import(&[]);
    let report = said(&again);
    assert!(
        again.status.success() && report.contains("0 new, 0 changed, 3503 unchanged"),
        "{report}"
    );
    assert!(
        !report
            .lines()
            .any(|line| line.contains(" rows of ") && !line.contains("0 new, 0 changed")),
        "{report}"
    );
    assert_eq!(by_old_id(world.rows("invoice")), invoices);
}

#[test]
fn a_dry_run_and_a_file_with_errors_change_nothing_and_say_where() {
    let world = World::new();
    assert!(world.import(&["--dry-run"]).status.success());
    world.edit("invoices.csv", ",1.98", ",1.99");
    world.edit("contacts.csv", "luisg@embraer.com.br", "nobody");
    world.edit("price_items.csv", ",0.99", ",free");
    let refused = world.import(&[]);
    let report = said(&refused);
    assert_eq!(refused.status.code(), Some(1));
    for place in [
        "price_items.csv:2, column unit_price",
        "contacts.csv:2, column email",
        "invoices.csv:2, column total",
        "nothing was changed",
    ] {
        assert!(report.contains(place), "{place} is not in\n{report}");
    }
    for object_type in ["user", "contact", "price_item", "invoice"] {
        assert_eq!(world.rows(object_type).len(), 0, "{object_type}");
    }
    let fields = world.crm(&["export", "contact", "--tenant", "Chinook"]);
    assert!(!said(&fields).contains("chinook_id"), "a field was made");
}

#[test]
fn what_the_tenant_has_already_is_found_before_anything_is_written() {
    let world = World::new();
    assert!(world.import(&[]).status.success());
    let before = ["user", "contact", "price_item", "invoice"].map(|name| world.rows(name));
    fs::write(
        world.file("people.csv"),
        "id,address\n90,new@chinookcorp.com\n91,Laura@Chinookcorp.com\n",
    )
    .unwrap();
    fs::write(
        world.file("bills.csv"),
        "id,no,of\nx1,1000,1\nx2,412,1\nx3,1000,2\n",
    )
    .unwrap();
    fs::write(
        world.file("import.toml"),
        "[[import]]\nfile = 'people.csv'\ninto = 'user'\nkey = 'external_id'\n[import.set]\nexternal_id = 'id'\nemail = 'address'\nname = 'address'\nroles = { value = ['readonly'] }\n\
         [[import]]\nfile = 'bills.csv'\ninto = 'invoice'\nkey = 'chinook_id'\n[import.set]\nchinook_id = 'id'\nnumber = { column = 'no', as = 'integer' }\ncontact = { column = 'of', lookup = 'contact.chinook_id' }\ncurrency = { value = 'USD' }\nstatus = { value = 'open' }\n",
    )
    .unwrap();
    for more in [&["--dry-run"][..], &[]] {
        let refused = world.import(more);
        let report = said(&refused);
        assert_eq!(refused.status.code(), Some(1), "{report}");
        for place in [
            "people.csv:3, column address: email has to be unique, and 0",
            "bills.csv:3, column no: Number has to be unique, and 0",
            "bills.csv:4, column no: Number has to be unique, and line 2 has",
            "crm: 3 errors in the files; ",
            "nothing was changed",
        ] {
            assert!(report.contains(place), "{place} is not in\n{report}");
        }
    }
    let after = ["user", "contact", "price_item", "invoice"].map(|name| world.rows(name));
    assert!(before == after, "something was written");
}

#[test]
fn a_mapping_that_cannot_be_is_refused_before_its_rows() {
    let world = World::new();
    let mapping = fs::read_to_string(world.file("import.toml")).unwrap();
    for (from, to, said_of_it) in [
        ("fax = {", "telefax = {", "contact has no field telefax"),
        (
            "key = \"chinook_id\"",
            "key = \"last_name\"",
            "last_name is not a unique field of contact",
        ),
        (
            "lookup = \"user.external_id\" }\n\n",
            "lookup = \"price_item.chinook_id\" }\n\n",
            "account_manager points to a user, and its lookup price_item.chinook_id finds a price_item",
        ),
        (
            "type = \"phone\"",
            "type = \"fone\"",
            "a field of contact: fax: ",
        ),
        (
            "label = \"Fax\"",
            "label = \"Fax\"\nindexd = true",
            "fax has no property indexd",
        ),
        (
            "name = \"fax\"\ntype = \"phone\"",
            "name = \"about\"\ntype = \"phone\"",
            "about exists already, with the type long_text",
        ),
        (
            "key = \"external_id\"",
            "key = \"title\"",
            "title cannot be the key",
        ),
    ] {
        assert!(mapping.contains(from), "{from}");
        fs::write(world.file("import.toml"), mapping.replacen(from, to, 1)).unwrap();
        let refused = said(&world.import(&[]));
        assert!(refused.contains(said_of_it), "{refused}");
    }
}

#[test]
fn the_next_number_comes_after_those_that_were_imported() {
    let world = World::new();
    let mapping = fs::read_to_string(world.file("import.toml")).unwrap();
    let counted = "[[import.field]]\nname = \"serial\"\ntype = \"auto_number\"\nlabel = \"Serial\"\n[import.set]\nserial = { column = \"customer_id\", as = \"integer\" }\nchinook_id = \"customer_id\"";
    fs::write(
        world.file("import.toml"),
        mapping.replacen("[import.set]\nchinook_id = \"customer_id\"", counted, 1),
    )
    .unwrap();
    let first = world.import(&[]);
    assert!(first.status.success(), "{}", said(&first));
    fs::write(
        world.file("more.toml"),
        "[[import]]\nfile = 'more.csv'\ninto = 'contact'\nkey = 'chinook_id'\n[import.set]\nchinook_id = 'id'\nkind = { value = 'person' }\nlast_name = 'name'\n",
    )
    .unwrap();
    fs::write(world.file("more.csv"), "id,name\nx,Oak\n").unwrap();
    let more = world.crm(&["import", "more.toml", "--tenant", "Chinook"]);
    assert!(more.status.success(), "{}", said(&more));
    assert_eq!(by_old_id(world.rows("contact"))["x"]["serial"], 60);
    let database = fs::read_dir(world.file("data/tenants"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|ending| ending == "sqlite"))
        .unwrap();
    let counter = rusqlite::Connection::open(database)
        .unwrap()
        .query_row(
            "SELECT value FROM counters WHERE name = 'auto.invoice.number'",
            [],
            |row| row.get::<_, i64>(0),
        )
        .unwrap();
    assert_eq!(counter, 412);
}

#[test]
fn broken_files_are_refused_where_they_break() {
    let world = World::new();
    let cases: [(&str, &str, &str, &str); 4] = [
        ("contacts.csv", "\"Köhler\"", "\"Köhler", "contacts.csv:"),
        (
            "contacts.csv",
            "customer_id,",
            "customer,",
            "column customer_id",
        ),
        (
            "contacts.csv",
            "\n2,Leonie",
            "\n1,Leonie",
            "contacts.csv:3, column customer_id",
        ),
        (
            "invoice_lines.csv",
            "\n1,1,2,",
            "\n1,9999,2,",
            "invoice_lines.csv:2, column invoice_id",
        ),
    ];
    for (file, from, to, place) in cases {
        let before = fs::read(world.file(file)).unwrap();
        world.edit(file, from, to);
        let refused = world.import(&[]);
        assert_eq!(refused.status.code(), Some(1));
        assert!(
            said(&refused).contains(place),
            "{place} is not in\n{}",
            said(&refused)
        );
        fs::write(world.file(file), before).unwrap();
    }
    fs::write(
        world.file("employees.csv"),
        b"employee_id,last_name\n1,B\xe9zier\n",
    )
    .unwrap();
    let refused = said(&world.import(&[]));
    assert!(
        refused.contains("employees.csv:2, column 4") && refused.contains("UTF-8"),
        "{refused}"
    );
}

#[test]
fn an_import_that_was_killed_goes_on_where_it_stopped() {
    let world = World::new();
    let mut killed = false;
    for wait_ms in [150, 300, 450, 600, 800] {
        let mut running = world
            .command(&[
                "import",
                "import.toml",
                "--tenant",
                "Chinook",
                "--batch",
                "20",
            ])
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(wait_ms));
        killed |= running.try_wait().unwrap().is_none();
        let _ = running.kill();
        running.wait().unwrap();
    }
    assert!(killed, "every run ended before it could be killed");
    let last = world.import(&[]);
    assert!(last.status.success(), "{}", said(&last));
    assert_eq!(
        (
            world.rows("contact").len(),
            world.rows("price_item").len(),
            world.rows("invoice").len()
        ),
        (59, 3_503, 412)
    );
}

#[test]
fn what_was_exported_is_imported_elsewhere_as_it_was() {
    let world = World::new();
    assert!(world.import(&[]).status.success());
    let export = world.crm(&[
        "export",
        "price_item",
        "--tenant",
        "Chinook",
        "--out",
        "items.jsonl",
    ]);
    assert!(export.status.success(), "{}", said(&export));
    let mapping = "[[import]]\nfile = 'items.jsonl'\ninto = 'price_item'\nkey = 'code'\n[import.set]\ncode = 'chinook_id'\nname = 'name'\nunit_price = { column = 'unit_price', as = 'json' }\n";
    fs::write(world.file("items.toml"), mapping).unwrap();
    assert!(world.crm(&["tenant", "create", "Other"]).status.success());
    let import = world.crm(&["import", "items.toml", "--tenant", "Other"]);
    assert!(import.status.success(), "{}", said(&import));
    let other = world.crm(&[
        "export",
        "price_item",
        "--tenant",
        "Other",
        "--format",
        "jsonl",
    ]);
    let names = |rows: &str| {
        let mut names: Vec<String> = rows
            .lines()
            .map(|row| serde_json::from_str::<Value>(row).unwrap()["name"].to_string())
            .collect();
        names.sort();
        names
    };
    let theirs = names(&String::from_utf8(other.stdout).unwrap());
    assert_eq!(
        theirs,
        names(&fs::read_to_string(world.file("items.jsonl")).unwrap())
    );
}

/// The peak memory of a child process so far, in MiB. None once it has ended.
#[cfg(target_os = "linux")]
fn peak_mib(child: &std::process::Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().trim_end_matches(" kB").trim().parse().ok()?;
    Some(kib / 1024)
}

/// The output of a command with little output, and its peak memory in MiB.
#[cfg(target_os = "linux")]
fn watched(command: &mut Command) -> (Output, u64) {
    let mut running = command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut peak = 0;
    while running.try_wait().unwrap().is_none() {
        peak = peak.max(peak_mib(&running).unwrap_or_default());
        std::thread::sleep(Duration::from_millis(5));
    }
    (running.wait_with_output().unwrap(), peak)
}

#[cfg(target_os = "linux")]
#[test]
fn hostile_files_are_refused_where_they_break_and_fill_no_memory() {
    const MOST_MIB: u64 = 120;
    let world = contacts_by("type = \"text\"", "first_name = \"name\"");
    // Beyond the bound of a row, 2 MiB.
    let many = |part: &str| part.repeat((12 << 20) / part.len());
    let too_long = "2097152 bytes, the longest row";
    let wide = format!("id,name\n1{}\n", ",".repeat(1_000_000));
    let names: String = (0..=1_000).map(|n| format!("{{\"n{n}\":1}}\n")).collect();
    for (name, text, told) in [
        (
            "quote.csv",
            format!("id,name\n1,\"{}", many("x")),
            (2, too_long),
        ),
        (
            "lines.csv",
            format!("id,name\n1,\"{}", many("x\n")),
            (2, too_long),
        ),
        ("commas.csv", many(","), (1, too_long)),
        (
            "header.csv",
            format!("id,name,{}", many("column,")),
            (1, too_long),
        ),
        ("name.csv", many("x"), (1, too_long)),
        ("quotes.csv", many("\""), (1, too_long)),
        (
            "columns.csv",
            "id,".repeat(1_001),
            (1, "1002 columns; the most are 1000"),
        ),
        ("wide.csv", wide, (2, "1000001 fields")),
        (
            "nul.csv",
            "id,name\n1,A\n2,B\0\n".into(),
            (3, "NUL character"),
        ),
        ("nuls.csv", many("\0"), (1, "NUL character")),
        ("empty.csv", String::new(), (1, "has to name the columns")),
        (
            "line.jsonl",
            format!("{{\"id\":\"{}", many("x")),
            (1, too_long),
        ),
        ("deep.jsonl", "[".repeat(1 << 20), (1, "nested deeper")),
        ("names.jsonl", names, (1_001, "1000 different names")),
    ] {
        fs::write(world.file(name), text).unwrap();
        let mapping = fs::read_to_string(world.file("import.toml")).unwrap();
        fs::write(
            world.file("hostile.toml"),
            mapping.replace("contacts.csv", name),
        )
        .unwrap();
        let import = ["import", "hostile.toml", "--tenant", "Chinook"];
        let (output, peak) = watched(&mut world.command(&import));
        let report = said(&output);
        assert_eq!(output.status.code(), Some(1), "{name}: {report}");
        let (line, what) = told;
        assert!(
            report.contains(&format!("{name}:{line}: ")),
            "{name}: {report}"
        );
        assert!(report.contains(what), "{name}: {report}");
        assert!(report.len() < 10_000, "{name}: {} bytes", report.len());
        assert!(peak <= MOST_MIB, "{name}: {peak} MiB");
        fs::remove_file(world.file(name)).unwrap();
    }
    assert!(world.rows("contact").is_empty());
}

#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_the_file() {
    use std::io::Write;
    const FEW: usize = 5_000;
    const MANY: usize = 50_000;
    /// Less than 1 kB for each additional row.
    const MOST_GROWTH_MIB: u64 = 40;
    let world = World::new();
    fs::write(
        world.file("many.toml"),
        "[[import]]\nfile = 'many.csv'\ninto = 'contact'\nkey = 'old_id'\n[[import.field]]\nname = 'old_id'\ntype = 'text'\nlabel = 'Old id'\nunique = true\n[import.set]\nold_id = 'id'\nkind = { value = 'person' }\nlast_name = 'name'\nparent = { column = 'boss', lookup = 'contact.old_id' }\n",
    )
    .unwrap();
    let import = ["import", "many.toml", "--tenant", "Chinook", "--dry-run"];
    let [few, many] = [FEW, MANY].map(|number| {
        let mut rows = std::io::BufWriter::new(fs::File::create(world.file("many.csv")).unwrap());
        writeln!(rows, "id,name,boss").unwrap();
        for n in 0..number {
            // Row n refers to the nth row from the end.
            writeln!(rows, "row-{n:0>8},Somebody,row-{:0>8}", number - 1 - n).unwrap();
        }
        drop(rows);
        let (output, peak) = watched(&mut world.command(&import));
        let report = said(&output);
        assert!(report.contains(&format!("{number} rows of")), "{report}");
        peak
    });
    assert!(
        few > 0 && many <= few + MOST_GROWTH_MIB,
        "{few} MiB, then {many} MiB"
    );
}

#[test]
fn errors_without_number_are_counted_and_the_first_are_told() {
    let world = World::new();
    let rows: String = (0..5_000)
        .map(|n| format!("{n},{}\n", "no price ".repeat(500)))
        .collect();
    fs::write(world.file("items.csv"), format!("id,price\n{rows}")).unwrap();
    fs::write(
        world.file("items.toml"),
        "[[import]]\nfile = 'items.csv'\ninto = 'price_item'\nkey = 'code'\n[import.set]\ncode = 'id'\nname = 'id'\nunit_price = { column = 'price', as = 'money', currency = 'USD' }\n",
    )
    .unwrap();
    let refused = world.crm(&["import", "items.toml", "--tenant", "Chinook"]);
    let report = said(&refused);
    assert_eq!(refused.status.code(), Some(1));
    assert!(report.contains("items.csv:2, column price"), "{report}");
    assert!(
        report.contains("... and ") && report.len() < 150_000,
        "{}",
        report.len()
    );
    assert_eq!(world.rows("price_item").len(), 0);
}

#[test]
fn lines_of_one_row_are_bounded() {
    let world = World::new();
    let lines: String = (0..600)
        .map(|n| format!("{},1,{},0.99,1\n", 10_000 + n, n % 3_000 + 1))
        .collect();
    let before = fs::read_to_string(world.file("invoice_lines.csv")).unwrap();
    fs::write(world.file("invoice_lines.csv"), before + &lines).unwrap();
    let refused = world.import(&[]);
    let report = said(&refused);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        report.contains("invoices.csv:2, column invoice_id: 602 rows of"),
        "{report}"
    );
}

/// A world with one mapping of contacts; `key` defines its key field.
fn contacts_by(key: &str, set: &str) -> World {
    let world = World::new();
    let mapping = format!(
        r#"[[import]]
file = "contacts.csv"
into = "contact"
key = "old_id"
[[import.field]]
name = "old_id"
label = "Old id"
unique = true
{key}
[import.set]
old_id = "id"
kind = {{ value = "person" }}
{set}
"#
    );
    fs::write(world.file("import.toml"), mapping).unwrap();
    world
}

#[test]
fn rows_that_change_records_too_large_for_one_batch_go_in_and_a_dry_run_says_so() {
    let set = "first_name = \"name\"\nabout = \"about\"";
    let world = contacts_by("type = \"text\"", set);
    // 20 kB each, and a few more than one commit takes. ASCII is fast to fold.
    let about = "a".repeat(20_000);
    let number = BATCH_BYTES / about.len() + 4;
    let rows = |about: &str, name: &str| -> String {
        let row = |n: usize| format!("{n},{name},{about}\n");
        (0..number).map(row).collect()
    };
    let import = |text: String, more: &[&str]| {
        fs::write(world.file("contacts.csv"), text).unwrap();
        let output = world.import(more);
        assert!(output.status.success(), "{}", said(&output));
        said(&output)
    };
    import(format!("id,name,about\n{}", rows(&about, "A")), &[]);
    // Small rows for large records.
    world.edit("import.toml", "about = \"about\"\n", "");
    let small = format!("id,name,about\n{}", rows("", "B"));
    import(small.clone(), &["--dry-run"]);
    let done = import(small, &[]);
    assert!(done.contains(&format!("{number} changed")), "{done}");
    let contacts = world.rows("contact");
    assert_eq!(contacts.len(), number);
    assert!(contacts.iter().all(|contact| contact["first_name"] == "B"));
    assert!(contacts.iter().all(|contact| contact["about"] == *about));
}

#[test]
fn a_key_that_comes_with_the_mapping_is_compared_as_its_kind_is() {
    let options = r#"type = "select"
options = [{ value = "a", label = "Small" }, { value = "A", label = "Large" }]"#;
    let world = contacts_by(options, "first_name = \"name\"");
    fs::write(world.file("contacts.csv"), "id,name\na,Ada\nA,Bea\n").unwrap();
    let output = world.import(&[]);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(world.rows("contact").len(), 2);
    let again = world.import(&[]);
    assert!(again.status.success(), "{}", said(&again));
    assert_eq!(world.rows("contact").len(), 2);
}
