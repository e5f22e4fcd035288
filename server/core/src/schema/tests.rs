//! The operations on definitions, through the handlers, and values checked against definitions.

use crm_contract::latest::{
    server::{SchemaHandlers, schema},
    types,
};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::{
    failure::{At, Failures},
    records::tests::{Refused, fields, refused},
    testing::{self, World, ready},
};

mod changes;
mod values;

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

/// Distinguishes `create` of this tag from that of records.
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
                &mut pattern::Room::of(&schema),
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
fn lists_of_types_and_fields_come_in_pages() {
    let world = World::new();
    let mut cursor = None;
    let mut names = Vec::new();
    loop {
        let request = schema::ListRequest {
            fields: Some("label".into()),
            limit: 4,
            cursor,
            total: false,
        };
        let page = ready(SchemaHandlers::list(&world.core, &world.cx(), request))
            .map_err(refused)
            .unwrap()
            .body;
        names.extend(page.items.into_iter().map(|item| item.name));
        cursor = page.page.next;
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
        total: true,
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
    assert!(jsonschema::meta::is_valid(schema.as_value()));
    let validator = jsonschema::validator_for(schema.as_value()).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&fields(&record))
        .map(|error| error.to_string())
        .collect();
    assert_eq!(errors, [""; 0]);
    assert!(
        !validator.is_valid(&json!({"stars": 6})) && !validator.is_valid(&json!({"nothing": 1}))
    );
}

#[test]
fn names_that_the_program_uses_itself_are_no_names_of_types() {
    let world = World::new();
    let make = |name: &str| world.create_type(json!({"name": name, "label": "X"}));
    for name in [
        "user",
        "users",
        "team",
        "role",
        "file",
        "view",
        "record",
        "batch",
        "search",
        "field",
        "object_type",
        "session",
        "api_key",
        "key",
        "portal",
        "system",
        "tenant",
        "change",
        "event",
        "webhook",
        "automation",
        "import",
        "export",
        "audit",
    ] {
        assert_eq!(
            make(name).unwrap_err(),
            ("NAME_TAKEN".into(), json!({"name": name})),
            "{name}"
        );
    }
    for name in [
        "boiler",
        "user_group",
        "asset",
        "device",
        "vehicle",
        "contract",
    ] {
        make(name).unwrap();
    }
}

#[test]
fn a_type_that_had_a_reserved_name_before_goes_on_working() {
    let world = World::new();
    world.store.run(&crate::ports::store::Statement::new(
        "INSERT INTO object_types (name, version, definition, created_at, updated_at) SELECT 'team', 1, definition, 0, 0 FROM object_types WHERE name = 'thing'",
        [],
    ));
    world.store.run(&crate::ports::store::Statement::new(
        "UPDATE meta SET schema_rev = schema_rev + 1",
        [],
    ));
    let field = json!({"name": "colour", "type": "text", "label": "Colour"});
    world.create_field("team", field).unwrap();
    let made = world
        .create("team", None, json!({"colour": "red"}))
        .unwrap();
    assert_eq!(fields(&made), json!({"colour": "red"}));
    world
        .update_type("team", None, json!({"label": "Crew"}))
        .unwrap();
}

#[test]
fn the_texts_of_a_definition_hold_no_control_characters() {
    let world = World::new();
    let options = |value: &str, label: &str| json!({"name": "f", "type": "select", "label": "F", "options": [{"value": value, "label": label}]});
    for field in [
        json!({"name": "f", "type": "text", "label": "a\u{0007}b"}),
        json!({"name": "f", "type": "text", "label": "F", "help": "a\u{0000}b"}),
        options("a\u{0001}", "A"),
        options("a", "A\u{007f}"),
    ] {
        let (code, _) = world.create_field("contact", field.clone()).unwrap_err();
        assert_eq!(code, "DEFINITION_INVALID", "{field}");
        let body = json!({"name": "boat", "label": "Boat", "fields": [field]});
        assert_eq!(world.create_type(body).unwrap_err().0, "DEFINITION_INVALID");
    }
    for body in [
        json!({"name": "boat", "label": "a\u{0000}"}),
        json!({"name": "boat", "label": "a", "plural_label": "b\u{001b}"}),
        json!({"name": "boat", "label": "a", "description": "b\u{0008}"}),
    ] {
        assert_eq!(world.create_type(body).unwrap_err().0, "DEFINITION_INVALID");
    }
    let (code, _) = world
        .update_type("thing", None, json!({"label": "\u{0000}"}))
        .unwrap_err();
    assert_eq!(code, "DEFINITION_INVALID");
    let (code, _) = world
        .update_field("contact", "last_name", json!({"help": "\u{0000}"}))
        .unwrap_err();
    assert_eq!(code, "DEFINITION_INVALID");
}
