//! The operations on definitions, through the handlers; and values judged by them.

use crm_contract::v1::{
    server::{SchemaHandlers, schema},
    types,
};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::{
    records::tests::{Refused, fields, refused},
    testing::{self, World, ready},
};

impl World {
    fn create_type(&self, body: Json) -> Result<types::ObjectType, Refused> {
        let request = schema::CreateRequest {
            idempotency_key: None,
            body: serde_json::from_value(body).unwrap(),
        };
        match ready(self.core.create_type_(&self.cx(), request)).map_err(refused)? {
            schema::CreateResponse::Created(created) => Ok(created.body),
            schema::CreateResponse::Replayed(_) => panic!("nothing to replay"),
        }
    }

    fn get_type(&self, name: &str) -> Result<types::ObjectType, Refused> {
        let request = schema::GetRequest {
            r#type: name.into(),
            fields: None,
            if_none_match: None,
        };
        match ready(SchemaHandlers::get(&self.core, &self.cx(), request)).map_err(refused)? {
            schema::GetResponse::Ok(found) => Ok(found.body),
            schema::GetResponse::NotModified(_) => panic!("nothing was said to match"),
        }
    }

    fn update_type(
        &self,
        name: &str,
        if_match: Option<&str>,
        body: Json,
    ) -> Result<types::ObjectType, Refused> {
        let request = schema::UpdateRequest {
            r#type: name.into(),
            if_match: if_match.map(str::to_owned),
            idempotency_key: None,
            body: serde_json::from_value(body).unwrap(),
        };
        match ready(SchemaHandlers::update(&self.core, &self.cx(), request)).map_err(refused)? {
            schema::UpdateResponse::Ok(updated) => Ok(updated.body),
            schema::UpdateResponse::Replayed(_) => panic!("nothing to replay"),
        }
    }

    fn delete_type(&self, name: &str) -> Result<(), Refused> {
        let request = schema::DeleteRequest {
            r#type: name.into(),
            if_match: None,
            idempotency_key: None,
        };
        ready(SchemaHandlers::delete(&self.core, &self.cx(), request))
            .map(drop)
            .map_err(refused)
    }

    fn create_field(&self, name: &str, body: Json) -> Result<types::FieldDefinition, Refused> {
        let request = schema::CreateFieldRequest {
            r#type: name.into(),
            idempotency_key: None,
            body: serde_json::from_value(body).unwrap(),
        };
        match ready(self.core.create_field(&self.cx(), request)).map_err(refused)? {
            schema::CreateFieldResponse::Created(created) => Ok(created.body),
            schema::CreateFieldResponse::Replayed(_) => panic!("nothing to replay"),
        }
    }

    fn update_field(
        &self,
        name: &str,
        field: &str,
        body: Json,
    ) -> Result<types::FieldDefinition, Refused> {
        let request = schema::UpdateFieldRequest {
            r#type: name.into(),
            field: field.into(),
            idempotency_key: None,
            body: serde_json::from_value(body).unwrap(),
        };
        match ready(self.core.update_field(&self.cx(), request)).map_err(refused)? {
            schema::UpdateFieldResponse::Ok(updated) => Ok(updated.body),
            schema::UpdateFieldResponse::Replayed(_) => panic!("nothing to replay"),
        }
    }

    fn delete_field(&self, name: &str, field: &str) -> Result<(), Refused> {
        let request = schema::DeleteFieldRequest {
            r#type: name.into(),
            field: field.into(),
            idempotency_key: None,
        };
        ready(self.core.delete_field(&self.cx(), request))
            .map(drop)
            .map_err(refused)
    }
}

/// Tells `create` of this tag from that of records.
trait CreateType {
    fn create_type_(
        &self,
        cx: &crate::context::Context,
        request: schema::CreateRequest,
    ) -> impl Future<
        Output = Result<schema::CreateResponse, crm_runtime::server::Problem<schema::CreateError>>,
    >;
}

impl CreateType for crate::Core {
    fn create_type_(
        &self,
        cx: &crate::context::Context,
        request: schema::CreateRequest,
    ) -> impl Future<
        Output = Result<schema::CreateResponse, crm_runtime::server::Problem<schema::CreateError>>,
    > {
        SchemaHandlers::create(self, cx, request)
    }
}

fn boiler() -> Json {
    json!({
        "name": "boiler", "label": "Boiler",
        "fields": [
            {"name": "serial_number", "type": "text", "label": "Serial number", "required": true, "unique": true, "searchable": true, "max_length": 60},
            {"name": "fuel", "type": "select", "label": "Fuel", "indexed": true, "default": "gas", "options": [{"value": "gas", "label": "Gas"}, {"value": "oil", "label": "Oil"}]},
            {"name": "property", "type": "relation", "target": "property", "label": "Property", "indexed": true},
            {"name": "last_serviced_on", "type": "date", "label": "Last serviced"},
        ],
        "indexes": [["fuel", "last_serviced_on"]],
    })
}

#[test]
fn the_contract_s_own_types_are_sound() {
    let types = built_in::types().unwrap();
    assert_eq!(types.len(), 14);
    let schema = Schema::load(Vec::new(), Vec::new()).unwrap();
    for object_type in types {
        let mut failures = Failures::default();
        for field in object_type.fields.values() {
            check::definition(
                &schema,
                &object_type.name,
                &field.name,
                &field.definition,
                &At::Root(&object_type.name),
                &mut failures,
            );
        }
        check::indexes(
            object_type,
            &object_type.indexes,
            &At::Root(&object_type.name),
            &mut failures,
        );
        assert_eq!(failures.list(), []);
    }
    testing::Memory::new(types);
}

#[test]
fn a_type_made_at_run_time_is_used_at_once() {
    let world = World::new();
    let made = world.create_type(boiler()).unwrap();
    assert_eq!(world.get_type("boiler").unwrap(), made);
    let record = world
        .create("boiler", None, json!({"serial_number": "A1"}))
        .unwrap();
    assert_eq!(
        fields(&record),
        json!({"serial_number": "A1", "fuel": "gas"})
    );
    assert_eq!(
        world
            .create("boiler", None, json!({"serial_number": "a1"}))
            .unwrap_err()
            .0,
        "UNIQUE_VIOLATION"
    );
    assert_eq!(
        world.create_type(boiler()).unwrap_err(),
        ("NAME_TAKEN".into(), json!({"name": "boiler"}))
    );
    assert_eq!(
        world
            .create_type(json!({"name": "batch", "label": "x"}))
            .unwrap_err()
            .0,
        "NAME_TAKEN"
    );
    assert_eq!(
        world.delete_type("boiler").unwrap_err(),
        ("IN_USE".into(), json!({"records": 1, "fields": []}))
    );
    assert_eq!(world.delete_type("job").unwrap_err().0, "BUILT_IN");
}

#[test]
fn a_definition_that_contradicts_itself_is_refused_with_all_that_is_wrong() {
    let world = World::new();
    let (code, context) = world
        .create_type(json!({
            "name": "x", "label": "X",
            "fields": [
                {"name": "a", "type": "select", "label": "A"},
                {"name": "b", "type": "integer", "label": "B", "min": 2, "max": 1, "pattern": "x", "searchable": true},
                {"name": "c", "type": "relation", "label": "C", "target": "nowhere"},
                {"name": "d", "type": "text", "label": "D", "pattern": "("},
                {"name": "id", "type": "text", "label": "E"},
                {"name": "f", "type": "formula", "label": "F"},
                {"name": "g", "type": "integer", "label": "G", "max": 1, "default": 2},
                {"name": "h", "type": "lines", "label": "H", "indexed": true, "unique": true},
            ],
            "indexes": [["a", "z"]],
        }))
        .unwrap_err();
    assert_eq!(code, "DEFINITION_INVALID");
    let pointers: Vec<&str> = context["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["pointer"].as_str().unwrap())
        .collect();
    let expected = [
        "0/options",
        "1/max",
        "1/pattern",
        "1/searchable",
        "2/target",
        "3/pattern",
        "4/name",
        "5/type",
        "6/default",
        "7/unique",
        "7/indexed",
    ];
    let expected: Vec<String> = expected
        .iter()
        .map(|place| format!("/body/fields/{place}"))
        .collect();
    assert_eq!(pointers[..11], expected);
    assert!(
        pointers[11..]
            .iter()
            .all(|pointer| pointer.starts_with("/body/indexes/0/")),
        "{pointers:?}"
    );
}

#[test]
fn a_field_s_life() {
    let world = World::new();
    let fax = world
        .create_field(
            "contact",
            json!({"name": "fax", "type": "phone", "label": "Fax", "searchable": true}),
        )
        .unwrap();
    assert_eq!(
        (
            fax.built_in,
            fax.r#type.map(|kind| serde_json::to_value(kind).unwrap())
        ),
        (Some(false), Some(json!("phone")))
    );
    assert_eq!(
        world
            .create_field(
                "contact",
                json!({"name": "fax", "type": "phone", "label": "Fax"})
            )
            .unwrap_err()
            .0,
        "NAME_TAKEN"
    );
    assert_eq!(
        world
            .create_field(
                "contact",
                json!({"name": "id", "type": "phone", "label": "Fax"})
            )
            .unwrap_err()
            .0,
        "NAME_TAKEN"
    );
    let record = world
        .create(
            "contact",
            None,
            json!({"last_name": "O", "fax": "+441632960147"}),
        )
        .unwrap();
    assert_eq!(world.search("4416", None, 5).items.len(), 1);
    let relabelled = world
        .update_field(
            "contact",
            "fax",
            json!({"label": "Fax number", "indexed": true, "searchable": false}),
        )
        .unwrap();
    assert_eq!(
        (relabelled.label.as_deref(), relabelled.indexed),
        (Some("Fax number"), Some(true))
    );
    assert!(world.search("4416", None, 5).items.is_empty());
    assert_eq!(world.search("o", None, 5).items.len(), 1);
    world
        .update_field("contact", "fax", json!({"searchable": true}))
        .unwrap();
    assert_eq!(world.search("4416", None, 5).items.len(), 1);
    world.delete_field("contact", "fax").unwrap();
    assert!(world.search("4416", None, 5).items.is_empty());
    let shown = world.search("o", None, 5).items.remove(0);
    assert_eq!(
        (&shown.id, fields(&shown)),
        (&record.id, json!({"kind": "person", "last_name": "O"}))
    );
    assert_eq!(
        world
            .create_field(
                "contact",
                json!({"name": "fax", "type": "phone", "label": "Fax"})
            )
            .unwrap_err()
            .0,
        "NAME_TAKEN"
    );
    assert_eq!(
        world.delete_field("contact", "fax").unwrap_err().0,
        "NOT_FOUND"
    );
    assert_eq!(
        world.delete_field("contact", "last_name").unwrap_err().0,
        "BUILT_IN"
    );
    assert_eq!(
        world
            .update_field(
                "contact",
                "last_name",
                json!({"label": "x", "required": true})
            )
            .unwrap_err(),
        ("BUILT_IN".into(), json!({"properties": ["required"]}))
    );
    world
        .update_field("contact", "last_name", json!({"label": "Surname"}))
        .unwrap();
    let data = world.store.run(&crate::ports::store::Statement::new(
        "SELECT data ->> '$.fax' FROM records",
        [],
    ));
    assert_eq!(data[0][0].as_str(), Some("+441632960147"));
}

#[test]
fn a_field_becomes_unique_only_if_it_is() {
    let world = World::new();
    world.create_type(boiler()).unwrap();
    world
        .create_field(
            "boiler",
            json!({"name": "code", "type": "text", "label": "Code"}),
        )
        .unwrap();
    let first = world
        .create("boiler", None, json!({"serial_number": "1", "code": "x"}))
        .unwrap();
    world
        .create("boiler", None, json!({"serial_number": "2", "code": "X"}))
        .unwrap();
    assert_eq!(
        world
            .update_field("boiler", "code", json!({"unique": true}))
            .unwrap_err(),
        ("UNIQUE_VIOLATION".into(), json!({"field": "code"}))
    );
    world.store.run(&crate::ports::store::Statement::new(
        "DELETE FROM records WHERE id = ?1",
        [first.id.into()],
    ));
    world
        .update_field("boiler", "code", json!({"unique": true}))
        .unwrap();
    assert_eq!(
        world
            .create("boiler", None, json!({"serial_number": "3", "code": "x"}))
            .unwrap_err()
            .0,
        "UNIQUE_VIOLATION"
    );
}

#[test]
fn a_type_changes_under_if_match() {
    let world = World::new();
    let made = world.create_type(boiler()).unwrap();
    let tag = format!("\"{}\"", made.version.unwrap());
    let changed = world
        .update_type(
            "boiler",
            Some(&tag),
            json!({"label": "Appliance", "indexes": []}),
        )
        .unwrap();
    assert_eq!(
        (changed.label.as_deref(), changed.indexes.clone()),
        (Some("Appliance"), Some(vec![]))
    );
    assert_eq!(
        world
            .update_type("boiler", Some(&tag), json!({"label": "x"}))
            .unwrap_err(),
        (
            "VERSION_MISMATCH".into(),
            json!({"version": changed.version})
        )
    );
    assert_eq!(world.get_type("boiler").unwrap(), changed);
    world
        .update_type("job", None, json!({"label": "Order"}))
        .unwrap();
    assert_eq!(
        world.get_type("job").unwrap().label.as_deref(),
        Some("Order")
    );
    assert_eq!(
        world
            .update_type("boiler", None, json!({"indexes": [["fuel", "nothing"]]}))
            .unwrap_err()
            .0,
        "DEFINITION_INVALID"
    );
    world.delete_type("boiler").unwrap();
    assert_eq!(world.get_type("boiler").unwrap_err().0, "NOT_FOUND");
    assert_eq!(world.create_type(boiler()).unwrap_err().0, "NAME_TAKEN");
}

#[test]
fn two_changes_of_the_schema_at_once_are_both_kept() {
    let world = World::new();
    world.get_type("contact").unwrap();
    let other = "INSERT INTO fields VALUES ('contact', 'other', 1, '{\"type\":\"text\",\"label\":\"Other\"}', 0, 0, NULL, NULL); UPDATE meta SET schema_rev = schema_rev + 1";
    *world.store.before_commit.lock().unwrap() = Some(Box::new(move |connection| {
        connection.execute_batch(other).unwrap()
    }));
    world
        .create_field(
            "contact",
            json!({"name": "mine", "type": "text", "label": "Mine"}),
        )
        .unwrap();
    let names: Vec<String> = world
        .get_type("contact")
        .unwrap()
        .fields
        .unwrap()
        .into_iter()
        .map(|field| field.name)
        .collect();
    assert!(
        names.ends_with(&["other".to_owned(), "mine".to_owned()]),
        "{names:?}"
    );
}

#[test]
fn a_record_is_never_written_by_old_definitions() {
    let world = World::new();
    world
        .create("contact", None, json!({"last_name": "a"}))
        .unwrap();
    let other = "INSERT INTO fields VALUES ('contact', 'vat', 1, '{\"type\":\"text\",\"label\":\"VAT\",\"required\":true}', 0, 0, NULL, NULL); UPDATE meta SET schema_rev = schema_rev + 1";
    *world.store.before_commit.lock().unwrap() = Some(Box::new(move |connection| {
        connection.execute_batch(other).unwrap()
    }));
    let (code, context) = world
        .create("contact", None, json!({"last_name": "b"}))
        .unwrap_err();
    assert_eq!(
        (code.as_str(), context["errors"][0]["pointer"].as_str()),
        ("FIELD_INVALID", Some("/body/fields/vat"))
    );
}

#[test]
fn lists_of_types_and_fields_come_in_pages() {
    let world = World::new();
    let mut cursor = None;
    let mut names = Vec::new();
    loop {
        let request = schema::ListRequest {
            fields: Some("label".into()),
            limit: 4,
            cursor,
        };
        let page = ready(SchemaHandlers::list(&world.core, &world.cx(), request))
            .map_err(refused)
            .unwrap()
            .body;
        names.extend(page.items.into_iter().map(|item| item.name));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(names.len(), 15);
    assert!(names.is_sorted());
    let request = schema::ListFieldsRequest {
        r#type: "job".into(),
        fields: None,
        limit: 3,
        cursor: None,
    };
    let page = ready(world.core.list_fields(&world.cx(), request))
        .map_err(refused)
        .unwrap()
        .body;
    assert_eq!(
        page.items
            .iter()
            .map(|field| field.name.as_str())
            .collect::<Vec<_>>(),
        ["title", "description", "status"]
    );
}

#[test]
fn the_json_schema_takes_what_the_core_takes() {
    let world = World::new();
    let record = world.thing(json!({"title": "a", "tags": ["x"], "price": {"amount": 1, "currency": "GBP"}, "day": 1, "stars": 5, "place": {"latitude": 1.5, "longitude": 2}}));
    let schema = json_schema::of_type(&testing::thing());
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&fields(&record))
        .map(|error| error.to_string())
        .collect();
    assert_eq!(errors, [""; 0]);
    assert!(
        !validator.is_valid(&json!({"stars": 6})) && !validator.is_valid(&json!({"nothing": 1}))
    );
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        (-10i64..10).prop_map(Json::from),
        "\\PC{0,12}".prop_map(Json::from),
        prop_oneof![
            Just("new"),
            Just("+44 1632 960147"),
            Just("a@B.co"),
            Just("https://a.example/x"),
            Just("GBP"),
            Just("Ａ\u{30a}")
        ]
        .prop_map(Json::from),
        (0usize..3).prop_map(|n| testing::id(n).into()),
        (any::<i32>(), prop_oneof![Just("GBP"), Just("gbp")])
            .prop_map(|(amount, currency)| json!({"amount": amount, "currency": currency})),
        (-100.0..100.0f64, -200.0..200.0f64).prop_map(
            |(latitude, longitude)| json!({"latitude": latitude, "longitude": longitude})
        ),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let names = prop_oneof![
            Just("amount"),
            Just("currency"),
            Just("city"),
            Just("line1"),
            Just("description"),
            Just("quantity"),
            Just("unit_price"),
            Just("x~/")
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::vec((names, inner), 0..4).prop_map(|entries| Json::Object(
                entries
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect()
            )),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_value_in_normal_form_is_its_own_normal_form(value in any_json()) {
        for field in testing::thing().fields.values() {
            let mut failures = Failures::default();
            let root = At::Root("/body/fields");
            let at = root.name(&field.name);
            match value::normalise(field, value.clone(), &at, &mut failures) {
                Some(normal) => {
                    prop_assert!(failures.is_empty());
                    prop_assert_eq!(value::normalise(field, normal.clone(), &at, &mut failures), Some(normal));
                }
                None => {
                    prop_assert!(!failures.is_empty());
                    prop_assert!(failures.list().iter().all(|failure| failure.pointer.starts_with(&at.pointer())));
                }
            }
        }
    }
}
