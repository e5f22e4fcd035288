//! A contract in several files: the root names its families, one document is published, and findings name file and
//! line.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crm_codegen::source::{MOST_BYTES, Node, Written};
use proptest::prelude::*;

/// A contract in one file. Comments, blank lines and an empty line at its end are part of the text.
const WHOLE: &str = "\
# Things.
openapi: 3.1.0
info: {title: Things, version: 1.0.0}
tags:
  # The first.
  - name: a
  - name: b

# What there is.
paths:

  # One.
  /a:
    get: {operationId: a_get, tags: [a], responses: {'200': {description: |
      A.
      # No comment.
      }}}
  /b:
    get:
      operationId: b_get
      tags: [b]
      responses:
        '200': {description: B, content: {application/json: {schema: {$ref: '#/components/schemas/B'}}}}
    # Behind b.
components:
  # What parts there are.
  schemas:
    A: {type: string}

    B:
      type: object
      properties:
        c: {$ref: '#/components/schemas/C'}
    # Behind B.
    C: {type: string}
  headers:
    H: {schema: {type: string}}
# At the end.
x-more: {}
";

/// Files in a new folder.
struct Files(PathBuf);

impl Files {
    fn new(name: &str, files: &[(&str, &str)]) -> Files {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("families")
            .join(name);
        let _ = fs::remove_dir_all(&path);
        let made = Files(path);
        for (file, text) in files {
            let file = made.0.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        made
    }

    fn run(&self, arguments: &[&str]) -> (i32, String) {
        let Output { status, stdout, .. } = Command::new(env!("CARGO_BIN_EXE_contract"))
            .args(arguments)
            .current_dir(&self.0)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        (status.code().unwrap(), String::from_utf8(stdout).unwrap())
    }

    /// The faults of the contract: the first line of each finding.
    fn faults(&self) -> Vec<String> {
        let (code, out) = self.run(&["validate", "openapi.yaml"]);
        assert_eq!(code, i32::from(!out.is_empty()), "{out}");
        let lines = out.lines().filter(|line| !line.starts_with("    mend"));
        lines.map(str::to_owned).collect()
    }
}

fn root(families: &str) -> String {
    format!(
        "openapi: 3.1.0
info: {{title: Things, version: 1.0.0}}
x-families: [{families}]
tags: []
paths: {{}}
components:
  schemas: {{}}
"
    )
}

const A: &str = "\
# The family of a.
tags:
  - name: a
paths:
  /a:
    get:
      operationId: a_get
      tags: [a]
      responses:
        '200': {description: A}
";

const B: &str = "\
paths:
  /b:
    get:
      operationId: b_get
      responses:
        '200': {description: B, content: {application/json: {schema: {$ref: '#/components/schemas/B'}}}}
components:
  schemas:
    B: {type: string}
";

/// The lines of a text from the first one that begins with `from` to the one that begins with `to`.
fn lines<'t>(text: &'t str, from: &str, to: &str) -> &'t str {
    let start = text.find(from).unwrap();
    let end = text[start..].find(to).map_or(text.len(), |end| start + end);
    &text[start..end]
}

fn spec() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec")
}

fn references(node: &Node, found: &mut Vec<String>) {
    found.extend(node.get("$ref").and_then(Node::as_str).map(str::to_owned));
    for item in node.as_list().unwrap_or_default() {
        references(item, found);
    }
    for member in node.as_map().into_iter().flat_map(|map| map.values()) {
        references(&member.node, found);
    }
}

#[test]
fn the_published_contract_is_one_document() {
    let written = Written::load(&spec().join("openapi.yaml"))
        .unwrap()
        .unwrap();
    assert!(written.files.len() > 5, "{:?}", written.files);
    // The joined text means the same as the files together.
    let published = Written::of_bytes("published.yaml", &written.text).unwrap();
    assert_eq!(published.root.to_json(), written.root.to_json());
    assert_eq!(published.files, ["published.yaml"]);
    assert!(published.root.get("x-families").is_none());
    let mut found = Vec::new();
    references(&published.root, &mut found);
    assert!(found.len() > 100, "{}", found.len());
    found.retain(|reference| !reference.starts_with("#/"));
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn every_family_file_is_named() {
    let written = Written::load(&spec().join("openapi.yaml"))
        .unwrap()
        .unwrap();
    let named: Vec<PathBuf> = written.files.iter().skip(1).map(PathBuf::from).collect();
    for entry in fs::read_dir(spec().join("families")).unwrap() {
        let path = entry.unwrap().path();
        assert!(
            named.contains(&path),
            "{} is not in the list",
            path.display()
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However a document is split into files, the result is the same document.
    #[test]
    fn what_is_cut_is_joined_to_the_byte(tag in 0..3usize, path in 0..3usize, schema in 0..4usize, header in 0..2usize) {
        // Each section is cut before one of these lines; the rest belongs to the family.
        let cuts = [
            ("tags:\n", "\n# What", ["  # The", "  - name: b", "\n# What", ""], tag),
            ("paths:\n", "components:", ["\n  # One", "  /b:", "components:", ""], path),
            ("  schemas:\n", "  headers:", ["    A:", "\n    B:", "    C:", "  headers:"], schema),
            ("  headers:\n", "# At", ["    H:", "# At", "", ""], header),
        ];
        let mut root = WHOLE.to_owned();
        let mut family = "# Of a family.\n".to_owned();
        for (key, end, places, chosen) in cuts {
            let section = lines(WHOLE, key, end);
            let text = format!("{section}{end}");
            let (kept, cut) = text.split_at(text[key.len()..].find(places[chosen]).unwrap() + key.len());
            let cut = cut.strip_suffix(end).unwrap_or_default();
            let kept = kept.strip_suffix(end).unwrap_or(kept);
            let empty = match key {
                "tags:\n" => "tags: []\n".to_owned(),
                key => key.replace('\n', " {}\n"),
            };
            root = root.replace(section, if kept == key { &empty } else { kept });
            if key == "  schemas:\n" {
                family.push_str("components:\n  # About this file.\n");
            }
            if !cut.is_empty() {
                family.push_str(&format!("{key}{cut}"));
            }
        }
        if family.ends_with("  # About this file.\n") {
            family.push_str("  schemas: {}\n");
        }
        let root = root.replace("# What there", "# Our families.\nx-families:\n  - families/all.yaml\n# What there");
        let name = format!("cut-{tag}-{path}-{schema}-{header}");
        let files = Files::new(&name, &[("openapi.yaml", &root), ("families/all.yaml", &family)]);
        let (code, out) = files.run(&["bundle", "openapi.yaml"]);
        prop_assert_eq!(code, 0, "{}\n{}\n{}", out, root, family);
        prop_assert_eq!(out, WHOLE, "{}\n{}", root, family);
    }
}

#[test]
fn a_fault_is_told_with_the_file_in_which_it_stands() {
    let a = A.replace("operationId: a_get", "operationid: a_get");
    let b = B.replace("schemas/B'", "schemas/C'");
    let files = [
        ("openapi.yaml", &*root("families/a.yaml, b.yaml")),
        ("families/a.yaml", &a),
        ("b.yaml", &b),
    ];
    insta::assert_snapshot!(Files::new("faults", &files).faults().join("\n"), @r#"
    b.yaml:6:77 /paths/~1b/get/responses/200/content/application~1json/schema/$ref: [reference-missing] `#/components/schemas/C` leads to nothing (there is `B`)
    families/a.yaml:7:20 /paths/~1a/get/operationid: [unknown-field] OpenAPI knows no `operationid` here; it would be ignored
    "#);
    let files = Files::new(
        "faults-2",
        &[
            ("openapi.yaml", &root("a.yaml, b.yaml")),
            ("a.yaml", &A.replace("  /a:", "  /a: {")),
            ("b.yaml", &format!("{B}    B: {{type: integer}}\n")),
        ],
    );
    insta::assert_snapshot!(files.faults().join("\n"), @r#"
    a.yaml:7:18 /paths/~1a: [syntax] this is not YAML: while parsing a flow mapping, did not find expected ',' or '}'
    b.yaml:10:5 /components/schemas/B: [duplicate-key] the key `B` is there a second time (first on line 9); one of the two would be lost
    "#);
}

#[test]
fn a_key_of_two_files_is_told_with_both() {
    let files = Files::new(
        "twice",
        &[
            ("openapi.yaml", &root("a.yaml, b.yaml")),
            ("a.yaml", A),
            ("b.yaml", &B.replace("/b:", "/a:")),
        ],
    );
    insta::assert_snapshot!(files.faults().join("\n"), @r#"
    b.yaml:2:3 /paths/~1a: [duplicate-key] the key `/a` stands here a second time (first in a.yaml, line 5); one of the two would be lost
    "#);
    let with_schema = root("b.yaml").replace("schemas: {}", "schemas:\n    B: {type: integer}");
    let files = Files::new(
        "twice-root",
        &[("openapi.yaml", &with_schema), ("b.yaml", B)],
    );
    insta::assert_snapshot!(files.faults().join("\n"), @r#"
    b.yaml:9:5 /components/schemas/B: [duplicate-key] the key `B` stands here a second time (first in openapi.yaml, line 8); one of the two would be lost
    "#);
}

#[test]
fn what_is_wrong_with_the_list_is_told() {
    fs::write(
        Path::new(env!("CARGO_TARGET_TMPDIR")).join("outside.yaml"),
        A,
    )
    .unwrap();
    let list =
        "missing.yaml, ../outside.yaml, /etc/hostname, a.yaml, ./a.yaml, a.yaml, sub, 7, link.yaml";
    let files = Files::new(
        "list",
        &[("openapi.yaml", &root(list)), ("a.yaml", A), ("sub/x", "")],
    );
    #[cfg(unix)]
    std::os::unix::fs::symlink("../../outside.yaml", files.0.join("link.yaml")).unwrap();
    insta::assert_snapshot!(files.faults().join("\n"), @r#"
    openapi.yaml:3:14 /x-families/0: [family-missing] there is no file `missing.yaml` beside the root
    openapi.yaml:3:28 /x-families/1: [family-path] `../outside.yaml` is no path of a file in the root's folder
    openapi.yaml:3:45 /x-families/2: [family-path] `/etc/hostname` is no path of a file in the root's folder
    openapi.yaml:3:68 /x-families/4: [family-path] `./a.yaml` is no path of a file in the root's folder
    openapi.yaml:3:78 /x-families/5: [family-twice] `a.yaml` is named a second time (first on line 3)
    openapi.yaml:3:86 /x-families/6: [family-unreadable] `sub` cannot be read: it is not a file
    openapi.yaml:3:91 /x-families/7: [family-list] the path of a file is expected here, this is a number
    openapi.yaml:3:94 /x-families/8: [family-path] `link.yaml` is a link that leads out of the root's folder
    "#);
    for list in ["a: 1", "a.yaml"] {
        let text = root("").replace("[]\ntags", &format!("{list}\ntags"));
        let text = text.replace("x-families: a: 1", "x-families: {a: 1}");
        let faults = Files::new("list-kind", &[("openapi.yaml", &text)]).faults();
        assert!(faults[0].contains("[family-list]"), "{faults:?}");
    }
    let many = vec!["a.yaml"; 501].join(", ");
    let faults = Files::new("list-long", &[("openapi.yaml", &root(&many))]).faults();
    assert!(faults[0].contains("[family-list]"), "{faults:?}");
}

#[test]
fn a_family_holds_sections_that_the_root_has() {
    let files = Files::new(
        "sections",
        &[
            ("openapi.yaml", &root("a.yaml, b.yaml, c.yaml")),
            (
                "a.yaml",
                "openapi: 3.1.0\ninfo: {title: A}\nx-families: [b.yaml]\npahts: {}\nsecurity: []\n",
            ),
            (
                "b.yaml",
                "components:\n  headers: {H: {schema: {type: string}}}\nx-more: {}\npaths: []\n",
            ),
            ("c.yaml", "components: []\n"),
        ],
    );
    insta::assert_snapshot!(files.faults().join("\n"), @r#"
    a.yaml:1:1 /openapi: [family-key] a family has no `openapi`
    a.yaml:2:1 /info: [family-key] a family has no `info`
    a.yaml:3:1 /x-families: [family-key] a family has no `x-families`
    a.yaml:4:1 /pahts: [family-key] a family has no `pahts`
    a.yaml:5:1 /security: [family-key] a family has no `security`
    b.yaml:2:3 /components/headers: [family-section] the root has no `components.headers` to which this could be added
    b.yaml:3:1 /x-more: [family-section] the root has no `x-more` to which this could be added
    b.yaml:4:1 /paths: [kind] this is a list, and the root has a map there
    c.yaml:1:1 /components: [kind] a map is expected here, this is a list
    "#);
    let files = Files::new(
        "empty",
        &[
            ("openapi.yaml", &root("a.yaml, b.yaml")),
            ("a.yaml", ""),
            ("b.yaml", "- 1\n"),
        ],
    );
    insta::assert_snapshot!(files.faults().join("\n"), @r#"
    a.yaml:0:0: [empty-document] the file holds no document
    "#);
}

/// Lines are copied, so members that are not on their own lines would be lost: they are refused.
#[test]
fn what_cannot_be_copied_is_refused() {
    let indented = "paths:\n    /b:\n        get: {operationId: b_get, responses: {'200': {description: B}}}\n";
    for (name, a, b) in [
        (
            "flow",
            A,
            "paths: {/b: {get: {operationId: b_get, responses: {'200': {description: B}}}}}\n",
        ),
        ("indent", A, indented),
        (
            "anchor",
            &*A.replace("{description: A}", "&r {description: A}"),
            B,
        ),
        ("end", A, "paths:\n  /b: {description: B}\n...\n"),
    ] {
        let files = Files::new(
            name,
            &[
                ("openapi.yaml", &root("a.yaml, b.yaml")),
                ("a.yaml", a),
                ("b.yaml", b),
            ],
        );
        let (code, out) = files.run(&["bundle", "openapi.yaml"]);
        match name {
            // An anchor within its file does not affect other files.
            "anchor" => assert_eq!(code, 0, "{out}"),
            _ => {
                assert_eq!(code, 1, "{name}: {out}");
                assert!(out.contains("[family-form]"), "{name}: {out}");
                assert!(
                    out.starts_with("b.yaml:") || out.starts_with("openapi.yaml:"),
                    "{name}: {out}"
                );
            }
        }
    }
}

#[test]
fn the_bound_is_one_for_all_files_together() {
    let large = format!("{B}# {}\n", "x".repeat(MOST_BYTES / 2));
    let files = Files::new(
        "large",
        &[
            ("openapi.yaml", &root("a.yaml, b.yaml")),
            (
                "a.yaml",
                &large
                    .replace("b_get", "a_get")
                    .replace("/b:", "/a:")
                    .replace("    B:", "    A:"),
            ),
            ("b.yaml", &large),
        ],
    );
    let faults = files.faults();
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(
        faults[0].starts_with("openapi.yaml:3:22 /x-families/1: [too-large]"),
        "{faults:?}"
    );
}

#[test]
fn a_contract_without_a_folder_names_no_families() {
    let faults = Written::of_bytes("<stdin>", root("a.yaml").as_bytes()).unwrap_err();
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!(faults[0].rule, "family-no-folder");
    assert_eq!(faults[0].at.to_string(), "<stdin>:3:14 /x-families/0");
}

/// The other tools accept a contract of several files, and name them too.
#[test]
fn comparisons_name_the_file_and_keep_the_order_of_the_document() {
    let families = [
        ("openapi.yaml", &*root("z.yaml, b.yaml")),
        ("z.yaml", A),
        ("b.yaml", B),
    ];
    let old = Files::new("old", &families);
    let (_, text) = old.run(&["bundle", "openapi.yaml"]);
    fs::write(old.0.join("old.yaml"), text).unwrap();
    fs::write(
        old.0.join("z.yaml"),
        A.replace("description: A", "description: Z"),
    )
    .unwrap();
    fs::write(
        old.0.join("b.yaml"),
        B.replace("description: B", "description: Z"),
    )
    .unwrap();
    let (code, out) = old.run(&["diff", "old.yaml", "openapi.yaml"]);
    assert_eq!(code, 0, "{out}");
    let new: Vec<&str> = out
        .lines()
        .filter_map(|line| line.trim().strip_prefix("new: "))
        .collect();
    assert_eq!(
        new,
        [
            "z.yaml:10:30 /paths/~1a/get/responses/200/description",
            "b.yaml:6:30 /paths/~1b/get/responses/200/description",
        ]
    );
    let body = "requestBody: {content: {image/png: {}, image/jpeg: {}}}\n      responses";
    fs::write(
        old.0.join("z.yaml"),
        A.replace("    get:", "    put:").replace("responses", body),
    )
    .unwrap();
    let (code, out) = old.run(&["generate", "openapi.yaml", "--out", "crate"]);
    assert!(
        code < 2 && out.contains("z.yaml:7:7 /paths/~1a/put"),
        "{out}"
    );
}

/// A root with groups. The list of a family and the groups come between `info` and `tags`.
const GROUPED: &str = "\
openapi: 3.1.0
info: {title: Things, version: 1.0.0}
# The files.
x-families: [a.yaml]
# What many have.
x-every:
  # Headers.
  answer:
    X-A:
      # The first.
      schema: {type: string}

    X-B: {schema: {type: string}}
  # Responses.
  failures:
    4XX: {description: No}
tags: []
paths: {}
components:
  schemas: {}
";

fn grouped(headers: &str) -> String {
    format!(
        "\
paths:
  /a:
    get:
      operationId: a_get
      responses:
        '200':
          description: |
            x-every: answer
{headers}        x-every: failures
        5XX: {{description: Failed}}
"
    )
}

#[test]
fn a_group_stands_where_it_is_wanted_and_nothing_of_groups_is_left() {
    let headers = "          headers:
            X-0: {schema: {type: string}}
            x-every: answer
            X-Z: {schema: {type: string}}
";
    let files = Files::new(
        "every",
        &[("openapi.yaml", GROUPED), ("a.yaml", &grouped(headers))],
    );
    assert_eq!(files.faults(), [""; 0]);
    let (code, text) = files.run(&["bundle", "openapi.yaml"]);
    assert_eq!(code, 0);
    assert_eq!(
        text,
        "\
openapi: 3.1.0
info: {title: Things, version: 1.0.0}
tags: []
paths:
  /a:
    get:
      operationId: a_get
      responses:
        '200':
          description: |
            x-every: answer
          headers:
            X-0: {schema: {type: string}}
            X-A:
              # The first.
              schema: {type: string}

            X-B: {schema: {type: string}}
            X-Z: {schema: {type: string}}
        4XX: {description: No}
        5XX: {description: Failed}
components:
  schemas: {}
"
    );
}

#[test]
fn what_is_wrong_in_a_group_is_told_with_its_line_in_the_root() {
    let root = GROUPED.replace("X-B: {schema", "X-B: {shema");
    let headers = "          headers:\n            x-every: answer\n";
    let files = Files::new(
        "every-fault",
        &[("openapi.yaml", &root), ("a.yaml", &grouped(headers))],
    );
    insta::assert_snapshot!(files.faults().join("\n"), @"
    openapi.yaml:13:10 /paths/~1a/get/responses/200/headers/X-B: [parameter-schema] neither `schema` nor `content` is given here
    openapi.yaml:13:18 /paths/~1a/get/responses/200/headers/X-B/shema: [unknown-field] OpenAPI knows no `shema` here; it would be ignored
    ");
}

#[test]
fn what_is_wrong_with_groups_is_told() {
    let faults = |name: &str, root: &str, headers: &str| {
        let family = grouped(headers);
        let files = Files::new(name, &[("openapi.yaml", root), ("a.yaml", &family)]);
        files.faults().join("\n")
    };
    let headers = |body: &str| format!("          headers:\n            {body}\n");
    let unknown = faults("every-unknown", GROUPED, &headers("x-every: answers"));
    let number = faults("every-number", GROUPED, &headers("x-every: 7"));
    let twice = "X-B: {schema: {type: string}}\n            x-every: answer";
    let twice = faults("every-twice", GROUPED, &headers(twice));
    let flow = faults(
        "every-flow",
        GROUPED,
        "          headers: {x-every: answer}\n",
    );
    let inside = GROUPED.replace("    X-B: {", "    x-every: failures\n    X-B: {");
    let inside = faults("every-inside", &inside, &headers("x-every: answer"));
    let empty = GROUPED.replace("    4XX: {description: No}\n", "");
    let empty = faults("every-empty", &empty, &headers("x-every: answer"));
    let all = [unknown, number, twice, flow, inside, empty].join("\n\n");
    insta::assert_snapshot!(all, @"
    a.yaml:10:13 /paths/~1a/get/responses/200/headers/x-every: [every-unknown] the root's `x-every` has no group `answers`

    a.yaml:10:13 /paths/~1a/get/responses/200/headers/x-every: [every-unknown] the name of a group is expected here, this is a number

    a.yaml:10:13 /paths/~1a/get/responses/200/headers/x-every: [duplicate-key] the key `X-B` is in the group already (wanted on line 11)

    a.yaml:8:13 /paths/~1a/get/responses/200/description: [family-form] the files cannot be copied into one document as they are written: this would be lost or become something else

    openapi.yaml:13:5 /x-every/answer/x-every: [every-root] `x-every` is filled in families, not in the root

    a.yaml:11:9 /paths/~1a/get/responses/x-every: [every-unknown] the root's `x-every` has no group `failures`
    openapi.yaml:15:3 /x-every/failures: [every-group] `failures` is not a map with a line for each member
    ");
}

/// A group that is wanted often may not fill the memory.
#[test]
fn copies_of_groups_are_bounded() {
    let values = vec!["0"; 9_000].join(", ");
    let root = GROUPED.replace("    X-A:", &format!("    X-C: [{values}]\n    X-A:"));
    let family: String = (0..100)
        .map(|n| format!("x-{n}:\n  x-every: answer\n"))
        .collect();
    let files = Files::new(
        "every-much",
        &[("openapi.yaml", &root), ("a.yaml", &family)],
    );
    let faults = files.faults();
    assert!(
        faults[0].ends_with("[too-much] the contract grows too large by the copies for `x-every`"),
        "{faults:#?}"
    );
}
