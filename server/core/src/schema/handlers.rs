//! The operations of the contract's tag `schema`: translate, call, translate back.

use std::sync::Arc;

use crm_contract::{
    codes::Code,
    v1::{
        server::{SchemaHandlers, schema},
        types,
    },
};
use crm_runtime::{
    RawJson,
    server::{Problem, Reply, StoredAnswer},
};
use serde_json::{Map, Value as Json};

use super::{
    Field, ObjectType, Schema, TypeDefinition, api,
    change::{self, TypeUpdate},
    json_schema,
};
use crate::{
    Core,
    access::visibility::Mask,
    context::Context,
    fault::Fault,
    ports::store::{Rows, Statement, Value},
    records::{cursor::List, etag},
    refusal::Refusal,
    work::{AsyncViolation, Decision, Guard, Issued, Outcome, Scope, Violation},
};

fn type_of<'a>(scope: &'a Scope, name: &str) -> Result<&'a Arc<ObjectType>, Refusal> {
    scope
        .state
        .schema
        .get(name)
        .ok_or_else(|| Refusal::not_found(format!("There is no object type {name}.")))
}

fn field_of<'a>(object_type: &'a ObjectType, name: &str) -> Result<&'a Arc<Field>, Refusal> {
    object_type.field(name).ok_or_else(|| {
        Refusal::not_found(format!(
            "The type {} has no field {name}.",
            object_type.name
        ))
    })
}

fn mask(fields: Option<&str>, known: &[&str]) -> Result<Mask, Refusal> {
    Mask::parse(fields, |name| known.contains(&name))
}

fn object(value: &impl serde::Serialize) -> Result<Map<String, Json>, Refusal> {
    match serde_json::to_value(value) {
        Ok(Json::Object(object)) => Ok(object),
        _ => Err(Fault::Internal("a definition is no object".into()).into()),
    }
}

fn expect(object_type: &ObjectType, if_match: Option<&str>) -> Result<(), Refusal> {
    match etag::if_match(if_match) {
        Some(versions) if !versions.contains(&object_type.version) => Err(Refusal::new(
            Code::VersionMismatch,
            "The object type has changed since. Read it again and decide again.",
        )
        .with("version", object_type.version)),
        _ => Ok(()),
    }
}

/// A page out of a list that is at hand: the items after the one that the cursor names.
fn page<T: Clone>(
    list: &List<'_>,
    items: &[T],
    name: impl Fn(&T) -> &str,
    cursor: Option<&str>,
    limit: i64,
) -> Result<(Vec<T>, Option<String>), Refusal> {
    let invalid = || {
        Refusal::new(
            Code::CursorInvalid,
            "This cursor was changed or belongs to another list. Begin without one.",
        )
    };
    let limit = usize::try_from(limit).unwrap_or(1).clamp(1, 200);
    let from = match cursor {
        None => 0,
        Some(cursor) => {
            let position = list.open(cursor).map_err(|_| invalid())?;
            let (place, last) = (
                position.get(0).and_then(Json::as_u64),
                position.get(1).and_then(Json::as_str),
            );
            let (Some(place), Some(last)) = (place, last) else {
                return Err(invalid());
            };
            // By name where it still is, else by its place.
            items
                .iter()
                .position(|item| name(item) == last)
                .map_or(usize::try_from(place).unwrap_or(usize::MAX), |at| at + 1)
        }
    };
    let shown: Vec<T> = items.iter().skip(from).take(limit).cloned().collect();
    let next = match shown.last() {
        Some(last) if from + shown.len() < items.len() => {
            list.seal(&serde_json::json!([from + shown.len(), name(last)]))
        }
        _ => None,
    };
    Ok((shown, next))
}

/// A unique index could not be made: two records hold one value.
struct Duplicates<'a> {
    field: &'a str,
}

impl AsyncViolation<Refusal> for Duplicates<'_> {
    async fn explain(&self, _: &Scope, violation: Violation) -> Refusal {
        tracing::debug!(
            constraint = violation.constraint,
            "a unique index was refused"
        );
        Refusal::new(
            Code::UniqueViolation,
            format!(
                "Two records hold the same {}: it cannot be unique.",
                self.field
            ),
        )
        .with("field", self.field)
    }
}

type Answer<R> = Box<dyn Fn(&Issued) -> R + Send>;

fn decision<R>(statements: Vec<Statement>, answer: Answer<R>) -> Decision<R> {
    Decision {
        guard: Guard::new(),
        versions: 1,
        counters: Vec::new(),
        statements,
        answer,
        secret: false,
    }
}

fn nothing<R>(answer: Answer<R>) -> Decision<R> {
    Decision {
        versions: 0,
        ..decision(Vec::new(), answer)
    }
}

fn done<R: From<StoredAnswer>>(outcome: Outcome<R>) -> R {
    match outcome {
        Outcome::Done(reply) => reply,
        Outcome::Replayed(stored) => stored.into(),
    }
}

impl Core {
    /// A change of a field, which may change what is searched in the records.
    async fn change_field<R: Reply + From<StoredAnswer>>(
        &self,
        cx: &Context,
        type_name: &str,
        name: &str,
        change: impl Fn(&Schema, &ObjectType, &Field) -> Result<Option<Field>, Refusal> + Send + Sync,
        statements: impl Fn(&ObjectType, &Field, Option<&Field>) -> Result<Vec<Statement>, Refusal>
        + Send
        + Sync,
        answer: impl Fn(Option<&Field>) -> Result<Answer<R>, Refusal> + Send + Sync,
    ) -> Result<R, Refusal> {
        let searched = |field: &Field| field.definition.searchable;
        let plan = |scope: &Scope| {
            let object_type = type_of(scope, type_name)?;
            let old = field_of(object_type, name)?;
            let new = change(&scope.state.schema, object_type, old)?;
            if searched(old) == new.as_ref().is_some_and(searched) {
                return Ok(Vec::new());
            }
            Ok::<_, Refusal>(vec![
                Statement::new("SELECT seq FROM meta", []),
                change::records_with(type_name, old),
            ])
        };
        let decide = |scope: &Scope, rows: Vec<Rows>| {
            let object_type = type_of(scope, type_name)?;
            let old = field_of(object_type, name)?;
            let new = change(&scope.state.schema, object_type, old)?;
            if new
                .as_ref()
                .is_some_and(|new| new.definition == old.definition)
            {
                return Ok(nothing(answer(new.as_ref())?));
            }
            let mut decided = decision(
                statements(object_type, old, new.as_ref())?,
                answer(new.as_ref())?,
            );
            let mut rows = rows.into_iter();
            if let (Some(seq), Some(rows)) = (rows.next(), rows.next()) {
                let mut after = ObjectType::clone(object_type);
                match &new {
                    Some(new) => drop(after.fields.insert(name.to_owned(), Arc::new(new.clone()))),
                    None => drop(after.fields.shift_remove(name)),
                }
                decided
                    .statements
                    .extend(change::reindex(object_type, &after, rows)?);
                // The words are those of the records as they were read: none may have changed since.
                let seq = seq
                    .first()
                    .and_then(|row| row.first().and_then(Value::as_i64))
                    .unwrap_or_default();
                decided.guard = decided
                    .guard
                    .and("(SELECT seq = {} FROM meta)", [seq.into()]);
            }
            Ok(decided)
        };
        self.work
            .write(cx, plan, decide, Duplicates { field: name })
            .await
            .map(done)
    }
}

impl SchemaHandlers<Context> for Core {
    async fn list(
        &self,
        cx: &Context,
        request: schema::ListRequest,
    ) -> Result<schema::ListResponse, Problem<schema::ListError>> {
        let run = async {
            let mask = mask(request.fields.as_deref(), &api::TYPE_PROPERTIES)?;
            let (scope, _) = self.work.read(cx, |_| Ok::<_, Refusal>(Vec::new())).await?;
            let list = List {
                secret: &scope.state.secret,
                parts: &["object-types"],
            };
            let all: Vec<&Arc<ObjectType>> = scope.state.schema.types().collect();
            let (shown, next_cursor) = page(
                &list,
                &all,
                |object_type| &object_type.name,
                request.cursor.as_deref(),
                request.limit,
            )?;
            let items = shown
                .into_iter()
                .map(|object_type| api::object_type(object_type, &mask))
                .collect::<Result<_, _>>()?;
            Ok(types::ObjectTypePage { items, next_cursor })
        };
        run.await
            .map(|body| schema::ListResponse { body })
            .map_err(Refusal::narrow)
    }

    async fn create(
        &self,
        cx: &Context,
        request: schema::CreateRequest,
    ) -> Result<schema::CreateResponse, Problem<schema::CreateError>> {
        let body = request.body;
        let run = async {
            let fields = body
                .fields
                .iter()
                .flatten()
                .map(object)
                .collect::<Result<Vec<_>, _>>()?;
            let definition = TypeDefinition {
                label: body.label.clone(),
                plural_label: body.plural_label.clone(),
                description: body.description.clone(),
                indexes: body.indexes.clone().unwrap_or_default(),
            };
            let plan = |_: &Scope| {
                Ok::<_, Refusal>(vec![Statement::new(
                    "SELECT 1 FROM object_types WHERE name = ?1",
                    [body.name.as_str().into()],
                )])
            };
            let decide = |scope: &Scope, rows: Vec<Rows>| {
                let kept = rows.first().is_some_and(|rows| !rows.is_empty());
                let change = change::create_type(
                    &scope.state.schema,
                    &body.name,
                    definition.clone(),
                    fields.clone(),
                    kept,
                    cx.now,
                )?;
                let shown = api::object_type(&change.object_type, &Mask::default())?;
                let answer: Answer<schema::CreateResponse> = Box::new(move |issued| {
                    let mut body = shown.clone();
                    body.version = Some(issued.base);
                    schema::CreateResponse::Created(schema::CreateCreated {
                        e_tag: Some(format!("\"{}\"", issued.base)),
                        location: Some(format!("/object-types/{}", body.name)),
                        body,
                    })
                });
                Ok(decision(change.statements, answer))
            };
            self.work
                .write(cx, plan, decide, crate::work::NoneExpected)
                .await
                .map(done)
        };
        run.await.map_err(Refusal::narrow)
    }

    async fn get(
        &self,
        cx: &Context,
        request: schema::GetRequest,
    ) -> Result<schema::GetResponse, Problem<schema::GetError>> {
        let run = async {
            let mask = mask(request.fields.as_deref(), &api::TYPE_PROPERTIES)?;
            let (scope, _) = self.work.read(cx, |_| Ok::<_, Refusal>(Vec::new())).await?;
            let object_type = type_of(&scope, &request.r#type)?;
            let tag = mask.etag(object_type.version, std::iter::empty::<&str>());
            if etag::none_match(request.if_none_match.as_deref(), &tag) {
                return Ok(schema::GetResponse::NotModified(schema::GetNotModified {
                    e_tag: Some(tag),
                }));
            }
            let body = api::object_type(object_type, &mask)?;
            Ok(schema::GetResponse::Ok(schema::GetOk {
                body,
                e_tag: Some(tag),
            }))
        };
        run.await.map_err(Refusal::narrow)
    }

    async fn update(
        &self,
        cx: &Context,
        request: schema::UpdateRequest,
    ) -> Result<schema::UpdateResponse, Problem<schema::UpdateError>> {
        let run = async {
            let decide = |scope: &Scope, _: Vec<Rows>| {
                let object_type = type_of(scope, &request.r#type)?;
                expect(object_type, request.if_match.as_deref())?;
                let update = TypeUpdate {
                    label: request.body.label.clone(),
                    plural_label: request.body.plural_label.clone(),
                    description: request.body.description.clone(),
                    indexes: request.body.indexes.clone(),
                };
                let answer = |object_type: &ObjectType,
                              changed: bool|
                 -> Result<Answer<schema::UpdateResponse>, Refusal> {
                    let shown = api::object_type(object_type, &Mask::default())?;
                    Ok(Box::new(move |issued| {
                        let mut body = shown.clone();
                        body.version = if changed {
                            Some(issued.base)
                        } else {
                            body.version
                        };
                        let e_tag = body.version.map(|version| format!("\"{version}\""));
                        schema::UpdateResponse::Ok(schema::UpdateOk { body, e_tag })
                    }))
                };
                match change::update_type(&scope.state.schema, object_type, update, cx.now)? {
                    None => Ok(nothing(answer(object_type, false)?)),
                    Some(change) => Ok(decision(
                        change.statements,
                        answer(&change.object_type, true)?,
                    )),
                }
            };
            self.work
                .write(
                    cx,
                    |_| Ok::<_, Refusal>(Vec::new()),
                    decide,
                    crate::work::NoneExpected,
                )
                .await
                .map(done)
        };
        run.await.map_err(Refusal::narrow)
    }

    async fn delete(
        &self,
        cx: &Context,
        request: schema::DeleteRequest,
    ) -> Result<schema::DeleteResponse, Problem<schema::DeleteError>> {
        let run = async {
            let name = request.r#type.as_str();
            let plan = |scope: &Scope| {
                // The name is spliced once it is known to be one of the schema.
                let object_type = type_of(scope, name)?;
                let sql = format!(
                    "SELECT count(*) FROM (SELECT 1 FROM records WHERE type = '{}' AND first_version > -1 AND deleted_at IS NULL LIMIT 1000)",
                    object_type.name
                );
                Ok::<_, Refusal>(vec![Statement::new(sql, [])])
            };
            let decide = |scope: &Scope, rows: Vec<Rows>| {
                let object_type = type_of(scope, name)?;
                expect(object_type, request.if_match.as_deref())?;
                let records = rows
                    .first()
                    .and_then(|rows| rows.first()?.first()?.as_i64())
                    .unwrap_or_default();
                let statements =
                    change::delete_type(&scope.state.schema, object_type, records, cx.now)?;
                let mut decided =
                    decision(statements, Box::new(|_| schema::DeleteResponse::NoContent));
                decided.guard = decided.guard.and(
                    "NOT EXISTS (SELECT 1 FROM records WHERE type = {} AND first_version > -1 AND deleted_at IS NULL)",
                    [name.into()],
                );
                Ok(decided)
            };
            self.work
                .write(cx, plan, decide, crate::work::NoneExpected)
                .await
                .map(done)
        };
        run.await.map_err(Refusal::narrow)
    }

    async fn list_fields(
        &self,
        cx: &Context,
        request: schema::ListFieldsRequest,
    ) -> Result<schema::ListFieldsResponse, Problem<schema::ListFieldsError>> {
        let run = async {
            let mask = mask(request.fields.as_deref(), &api::FIELD_PROPERTIES)?;
            let (scope, _) = self.work.read(cx, |_| Ok::<_, Refusal>(Vec::new())).await?;
            let object_type = type_of(&scope, &request.r#type)?;
            let list = List {
                secret: &scope.state.secret,
                parts: &["fields", &object_type.name],
            };
            let all: Vec<&Arc<Field>> = object_type.fields.values().collect();
            let (shown, next_cursor) = page(
                &list,
                &all,
                |field| &field.name,
                request.cursor.as_deref(),
                request.limit,
            )?;
            let items = shown
                .into_iter()
                .map(|field| api::field(field, &mask))
                .collect::<Result<_, _>>()?;
            Ok(types::FieldDefinitionPage { items, next_cursor })
        };
        run.await
            .map(|body| schema::ListFieldsResponse { body })
            .map_err(Refusal::narrow)
    }

    async fn create_field(
        &self,
        cx: &Context,
        request: schema::CreateFieldRequest,
    ) -> Result<schema::CreateFieldResponse, Problem<schema::CreateFieldError>> {
        let run = async {
            let written = object(&request.body)?;
            let decide = |scope: &Scope, _: Vec<Rows>| {
                let object_type = type_of(scope, &request.r#type)?;
                let (field, statements) = change::create_field(
                    &scope.state.schema,
                    object_type,
                    written.clone(),
                    cx.now,
                )?;
                let body = api::field(&field, &Mask::default())?;
                let answer: Answer<schema::CreateFieldResponse> = Box::new(move |_| {
                    schema::CreateFieldResponse::Created(schema::CreateFieldCreated {
                        body: body.clone(),
                    })
                });
                Ok(decision(statements, answer))
            };
            self.work
                .write(
                    cx,
                    |_| Ok::<_, Refusal>(Vec::new()),
                    decide,
                    crate::work::NoneExpected,
                )
                .await
                .map(done)
        };
        run.await.map_err(Refusal::narrow)
    }

    async fn update_field(
        &self,
        cx: &Context,
        request: schema::UpdateFieldRequest,
    ) -> Result<schema::UpdateFieldResponse, Problem<schema::UpdateFieldError>> {
        let run = async {
            let update = object(&request.body)?;
            let change = |schema: &Schema, object_type: &ObjectType, old: &Field| {
                change::changed_field(schema, object_type, old, update.clone()).map(Some)
            };
            let statements = |object_type: &ObjectType, old: &Field, new: Option<&Field>| {
                new.map_or_else(
                    || Ok(Vec::new()),
                    |new| change::update_field(object_type, old, new, cx.now),
                )
            };
            let answer =
                |new: Option<&Field>| -> Result<Answer<schema::UpdateFieldResponse>, Refusal> {
                    let new = new
                        .ok_or_else(|| Fault::Internal("a field was changed to nothing".into()))?;
                    let body = api::field(new, &Mask::default())?;
                    Ok(Box::new(move |_| {
                        schema::UpdateFieldResponse::Ok(schema::UpdateFieldOk {
                            body: body.clone(),
                        })
                    }))
                };
            self.change_field(
                cx,
                &request.r#type,
                &request.field,
                change,
                statements,
                answer,
            )
            .await
        };
        run.await.map_err(Refusal::narrow)
    }

    async fn delete_field(
        &self,
        cx: &Context,
        request: schema::DeleteFieldRequest,
    ) -> Result<schema::DeleteFieldResponse, Problem<schema::DeleteFieldError>> {
        let run = async {
            let change = |_: &Schema, _: &ObjectType, old: &Field| {
                if old.built_in {
                    Err(change::built_in(&old.name, &[]))
                } else {
                    Ok(None)
                }
            };
            let statements = |object_type: &ObjectType, old: &Field, _: Option<&Field>| {
                change::delete_field(object_type, old, cx.now)
            };
            let answer =
                |_: Option<&Field>| -> Result<Answer<schema::DeleteFieldResponse>, Refusal> {
                    Ok(Box::new(|_| schema::DeleteFieldResponse::NoContent))
                };
            self.change_field(
                cx,
                &request.r#type,
                &request.field,
                change,
                statements,
                answer,
            )
            .await
        };
        run.await.map_err(Refusal::narrow)
    }

    async fn json_schema(
        &self,
        cx: &Context,
        request: schema::JsonSchemaRequest,
    ) -> Result<schema::JsonSchemaResponse, Problem<schema::JsonSchemaError>> {
        let run = async {
            let (scope, _) = self.work.read(cx, |_| Ok::<_, Refusal>(Vec::new())).await?;
            let object_type = type_of(&scope, &request.r#type)?;
            // A built-in type as it came has no version of its own: the document's hash tells one from another.
            let document = json_schema::of_type(object_type).to_string();
            let tag = Mask::default().etag(object_type.version, [&document]);
            if etag::none_match(request.if_none_match.as_deref(), &tag) {
                return Ok(schema::JsonSchemaResponse::NotModified(
                    schema::JsonSchemaNotModified { e_tag: Some(tag) },
                ));
            }
            let body =
                RawJson::from_text(document).map_err(|error| Fault::Internal(error.to_string()))?;
            Ok(schema::JsonSchemaResponse::Ok(schema::JsonSchemaOk {
                body,
                e_tag: Some(tag),
            }))
        };
        run.await.map_err(Refusal::narrow)
    }
}
