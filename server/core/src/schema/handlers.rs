//! The operations of the contract's tag `schema`: translate, call, translate back.

use std::sync::Arc;

use crm_contract::{
    codes,
    latest::{
        server::{SchemaHandlers, schema},
        types,
    },
};
use crm_runtime::{RawJson, server::Problem};
use serde_json::{Map, Value as Json};

use super::{
    Field, ObjectType, Schema, TypeDefinition, api,
    change::{self, TypeUpdate},
    editing::Updated,
    json_schema,
    refusals::{Creating, CreatingField, DeletingType, ListingFields, UpdatingType},
};
use crate::{
    Core,
    context::Context,
    etag,
    fault::Fault,
    page::{self, of_items},
    ports::store::Statement,
    refusal::Refusal,
    shown::Shown,
    work::{Decision, Found, Issued, MakeAnswer, NoneExpected, Reads, Scope, Wanted},
};

fn object(value: &impl serde::Serialize) -> Result<Map<String, Json>, Fault> {
    match serde_json::to_value(value) {
        Ok(Json::Object(object)) => Ok(object),
        _ => Err(Fault::Internal("a definition is no object".into())),
    }
}

fn expect(
    object_type: &ObjectType,
    if_match: Option<&str>,
) -> Result<(), Refusal<codes::VersionMismatch>> {
    let changed = "The object type has changed since. Read it again and decide again.";
    etag::expect(if_match, object_type.version, changed)
}

impl SchemaHandlers<Context> for Core {
    async fn list(
        &self,
        cx: &Context,
        request: schema::ListRequest,
    ) -> Result<schema::ListResponse, Problem<schema::ListError>> {
        let run = async {
            let shown = Shown::parse(
                request.fields.as_deref(),
                "name",
                types::ObjectType::PROPERTIES,
            )?;
            let scope = self.work.scope(cx).await?;
            let all: Vec<&Arc<ObjectType>> = scope.state.schema.types().collect();
            let (items, page) = of_items(
                &scope,
                &["object-types"],
                &all,
                |object_type| &object_type.name,
                |object_type| api::object_type(object_type, &shown),
                page::Asked {
                    fields: request.fields.as_deref(),
                    cursor: request.cursor.as_deref(),
                    limit: request.limit,
                    total: request.total,
                },
            )?;
            Ok(types::ObjectTypePage { items, page })
        };
        run.await
            .map(|body| schema::ListResponse { body })
            .map_err(Refusal::<codes::CursorInvalid>::narrow)
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
                let sql = "SELECT 1 FROM object_types WHERE name = ?1";
                let kept = Statement::new(sql, [body.name.as_str().into()]);
                Ok::<_, Refusal<Creating>>(Reads::one::<bool>(kept))
            };
            let decide = |scope: &Scope, kept: Wanted<bool>, mut found: Found| {
                let kept = found.take(kept)?;
                let change = change::create_type(
                    &scope.state.schema,
                    &body.name,
                    definition.clone(),
                    fields.clone(),
                    kept,
                    cx.now,
                )?;
                let shown = api::object_type(&change.object_type, &Shown::default())?;
                let answer: MakeAnswer<schema::CreateResponse> = Box::new(move |issued| {
                    let mut body = shown.clone();
                    body.version = Some(issued.base);
                    schema::CreateResponse::Created(schema::CreateCreated {
                        e_tag: Some(format!("\"{}\"", issued.base)),
                        location: Some(format!("/object-types/{}", body.name)),
                        body,
                    })
                });
                let entry = change::of_type(None, Some(&change.object_type))?;
                Ok(Decision::change(vec![entry], change.statements, answer))
            };
            self.define(cx, plan, decide).await
        };
        run.await.map_err(Refusal::narrow)
    }

    async fn get(
        &self,
        cx: &Context,
        request: schema::GetRequest,
    ) -> Result<schema::GetResponse, Problem<schema::GetError>> {
        let run = async {
            let shown = Shown::parse(
                request.fields.as_deref(),
                "name",
                types::ObjectType::PROPERTIES,
            )?;
            let scope = self.work.scope(cx).await?;
            let object_type = scope.state.schema.find(&request.r#type)?;
            let tag = shown.etag(object_type.version);
            if etag::none_match(request.if_none_match.as_deref(), &tag) {
                return Ok(schema::GetResponse::NotModified(schema::GetNotModified {
                    e_tag: Some(tag),
                }));
            }
            let body = api::object_type(object_type, &shown)?;
            Ok(schema::GetResponse::Ok(schema::GetOk {
                body,
                e_tag: Some(tag),
            }))
        };
        run.await.map_err(Refusal::<codes::NotFound>::narrow)
    }

    async fn update(
        &self,
        cx: &Context,
        request: schema::UpdateRequest,
    ) -> Result<schema::UpdateResponse, Problem<schema::UpdateError>> {
        let run = async {
            let decide = |scope: &Scope, (), _: Found| {
                let object_type = scope.state.schema.find(&request.r#type)?;
                expect(object_type, request.if_match.as_deref())?;
                let update = TypeUpdate {
                    label: request.body.label.clone(),
                    plural_label: request.body.plural_label.clone(),
                    description: request.body.description.clone(),
                    indexes: request.body.indexes.clone(),
                };
                let answer = |object_type: &ObjectType,
                              changed: bool|
                 -> Result<MakeAnswer<schema::UpdateResponse>, Fault> {
                    let shown = api::object_type(object_type, &Shown::default())?;
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
                    None => Ok(Decision::nothing(answer(object_type, false)?)),
                    Some(change) => Ok(Decision::change(
                        vec![change::of_type(
                            Some(object_type),
                            Some(&change.object_type),
                        )?],
                        change.statements,
                        answer(&change.object_type, true)?,
                    )),
                }
            };
            self.define(
                cx,
                |_| Ok::<_, Refusal<UpdatingType>>((Reads::default(), ())),
                decide,
            )
            .await
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
                // Only a name that is in the schema is put into SQL.
                let object_type = scope.state.schema.find(name)?;
                let sql = format!(
                    "SELECT count(*) FROM (SELECT 1 FROM records WHERE type = '{}' AND first_version > -1 AND deleted_at IS NULL LIMIT 1000)",
                    object_type.name
                );
                let records = Reads::one::<i64>(Statement::new(sql, []));
                Ok::<_, Refusal<DeletingType>>(records)
            };
            let decide = |scope: &Scope, records: Wanted<i64>, mut found: Found| {
                let object_type = scope.state.schema.find(name)?;
                expect(object_type, request.if_match.as_deref())?;
                let records = found.take(records)?;
                let statements =
                    change::delete_type(&scope.state.schema, object_type, records, cx.now)?;
                let entry = change::of_type(Some(object_type), None)?;
                let answer = Box::new(|_: &Issued| schema::DeleteResponse::NoContent);
                let mut decided = Decision::change(vec![entry], statements, answer);
                decided.guard = decided.guard.and(
                    "NOT EXISTS (SELECT 1 FROM records WHERE type = {} AND first_version > -1 AND deleted_at IS NULL)",
                    [name.into()],
                );
                Ok(decided)
            };
            self.define(cx, plan, decide).await
        };
        run.await.map_err(Refusal::narrow)
    }

    async fn list_fields(
        &self,
        cx: &Context,
        request: schema::ListFieldsRequest,
    ) -> Result<schema::ListFieldsResponse, Problem<schema::ListFieldsError>> {
        let run = async {
            let shown = Shown::parse(
                request.fields.as_deref(),
                "name",
                types::FieldDefinition::PROPERTIES,
            )?;
            let scope = self.work.scope(cx).await?;
            let object_type = scope.state.schema.find(&request.r#type)?;
            let all: Vec<&Arc<Field>> = object_type.fields.values().collect();
            let (items, page) = of_items(
                &scope,
                &["fields", &object_type.name],
                &all,
                |field| &field.name,
                |field| api::field(field, &shown),
                page::Asked {
                    fields: request.fields.as_deref(),
                    cursor: request.cursor.as_deref(),
                    limit: request.limit,
                    total: request.total,
                },
            )?;
            Ok(types::FieldDefinitionPage { items, page })
        };
        run.await
            .map(|body| schema::ListFieldsResponse { body })
            .map_err(Refusal::<ListingFields>::narrow)
    }

    async fn create_field(
        &self,
        cx: &Context,
        request: schema::CreateFieldRequest,
    ) -> Result<schema::CreateFieldResponse, Problem<schema::CreateFieldError>> {
        let run = async {
            let written = object(&request.body)?;
            let decide = |scope: &Scope, (), _: Found| {
                let object_type = scope.state.schema.find(&request.r#type)?;
                let (field, statements) =
                    change::create_field(&scope.state.schema, object_type, written.clone(), cx.now)
                        .map_err(Refusal::widen::<CreatingField>)?;
                let body = api::field(&field, &Shown::default())?;
                let entry = change::of_field(&object_type.name, None, Some(&field))?;
                let answer: MakeAnswer<schema::CreateFieldResponse> = Box::new(move |_| {
                    schema::CreateFieldResponse::Created(schema::CreateFieldCreated {
                        body: body.clone(),
                    })
                });
                Ok(Decision::change(vec![entry], statements, answer))
            };
            self.define(
                cx,
                |_| Ok::<_, Refusal<CreatingField>>((Reads::default(), ())),
                decide,
            )
            .await
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
                    |new| Ok(change::update_field(object_type, old, new, cx.now)?),
                )
            };
            let answer =
                |new: Option<&Field>| -> Result<MakeAnswer<schema::UpdateFieldResponse>, Fault> {
                    let new = new
                        .ok_or_else(|| Fault::Internal("a field was changed to nothing".into()))?;
                    let body = api::field(new, &Shown::default())?;
                    Ok(Box::new(move |_| {
                        schema::UpdateFieldResponse::Ok(schema::UpdateFieldOk {
                            body: body.clone(),
                        })
                    }))
                };
            self.change_field(
                cx,
                (&request.r#type, &request.field),
                change,
                statements,
                answer,
                Updated(&request.field),
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
                    Err(change::built_in(&old.name, &[]).into())
                } else {
                    Ok(None)
                }
            };
            let statements = |object_type: &ObjectType, old: &Field, _: Option<&Field>| {
                Ok(change::delete_field(object_type, old, cx.now)?)
            };
            let answer =
                |_: Option<&Field>| -> Result<MakeAnswer<schema::DeleteFieldResponse>, Fault> {
                    Ok(Box::new(|_| schema::DeleteFieldResponse::NoContent))
                };
            self.change_field(
                cx,
                (&request.r#type, &request.field),
                change,
                statements,
                answer,
                NoneExpected,
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
            let scope = self.work.scope(cx).await?;
            let object_type = scope.state.schema.find(&request.r#type)?;
            // A built-in type that was never changed has version 0, so the tag uses a hash of the document.
            let document = json_schema::of_type(object_type).to_value().to_string();
            let tag = Shown::default().etag_without(object_type.version, [&document]);
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
        run.await.map_err(Refusal::<codes::NotFound>::narrow)
    }
}
