//! Records through the generated client: typed fields, and changes that set, clear and keep fields.

use crm_codegen_exercise::v1::types;
use crm_runtime::{JsonObject, Patch};
use futures_util::TryStreamExt;

use crate::clients::Driven;
use crate::harness::ID;

#[tokio::test]
async fn null_and_absent_are_told_apart() {
    let driven = Driven::start().await;
    let clear = types::ThingUpdate {
        name: Some(None),
        ..types::ThingUpdate::default()
    };
    driven
        .client
        .things_update()
        .id(ID)
        .body(clear)
        .send()
        .await
        .unwrap();
    assert!(
        driven.asked().contains("name: Some(None), amount: None"),
        "{}",
        driven.asked()
    );
}

#[tokio::test]
async fn records_are_typed() {
    let driven = Driven::start().await;
    let fields = types::JobFields {
        title: Some("Tap".into()),
        ..types::JobFields::default()
    };
    let jobs = driven.client.records_of::<types::JobFields>();
    let job = jobs
        .create()
        .body(types::RecordCreate { fields })
        .send()
        .await
        .unwrap();
    assert_eq!(job.fields.title.as_deref(), Some("Tap"));
    assert!(
        driven.asked().contains(r#"type: "job""#),
        "{}",
        driven.asked()
    );
    let all: Vec<types::Record<types::JobFields>> =
        jobs.list().stream().try_collect().await.unwrap();
    assert_eq!(all[0].fields.other["b"], 1);
    let untyped = driven
        .client
        .records_list()
        .type_("job")
        .send()
        .await
        .unwrap();
    let fields: &JsonObject = &untyped.items[0].fields;
    assert_eq!(fields["a"], 2);
}

#[tokio::test]
async fn a_typed_change_sets_and_clears() {
    let driven = Driven::start().await;
    let jobs = driven.client.records_of::<types::JobFields>();
    let fields = || types::JobFields {
        title: Some("Tap".into()),
        ..types::JobFields::default()
    };
    let sent = || serde_json::from_slice::<serde_json::Value>(&driven.body()).unwrap();
    let patch = Patch::new(fields())
        .clear(types::JobFieldsName::Due)
        .clear_named("their_own");
    jobs.update()
        .id(ID)
        .body(patch.clone())
        .send()
        .await
        .unwrap();
    assert_eq!(
        sent(),
        serde_json::json!({"fields": {"title": "Tap", "due": null, "their_own": null}})
    );
    let with_note = types::RecordUpdate {
        note: Some("why".into()),
        fields: patch,
    };
    jobs.update().id(ID).body(with_note).send().await.unwrap();
    assert_eq!(sent()["note"], "why");
    let plain = types::RecordUpdate {
        note: None,
        fields: fields(),
    };
    let job: types::Record<types::JobFields> = jobs
        .update()
        .id(ID)
        .body(plain)
        .send()
        .await
        .unwrap()
        .into_inner();
    assert_eq!(sent(), serde_json::json!({"fields": {"title": "Tap"}}));
    assert_eq!(job.fields.title.as_deref(), Some("Tap"));
    assert_eq!(
        types::JobFieldsName::KNOWN,
        ["title", "due", "state", "heading"],
        "what a caller may not write is not to be cleared"
    );
    let untyped = types::RecordUpdate {
        note: None,
        fields: JsonObject::from_iter([("due".to_owned(), serde_json::Value::Null)]),
    };
    driven
        .client
        .records_update()
        .type_("job")
        .id(ID)
        .body(untyped)
        .send()
        .await
        .unwrap();
    assert_eq!(sent(), serde_json::json!({"fields": {"due": null}}));
}
