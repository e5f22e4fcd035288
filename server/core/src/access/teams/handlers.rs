//! The operations of the contract's tag `teams`.

use std::collections::HashSet;

use crm_contract::{
    codes,
    latest::{
        server::{TeamsHandlers, teams},
        types,
    },
};
use crm_runtime::server::Problem;

use super::{
    row::{self, Team},
    rules::{Around, apply, check},
};
use crate::{
    access::users::rules::distinct,
    code_set,
    context::Context,
    core::Core,
    etag,
    fault::Fault,
    new_id::{self, NewId},
    page,
    ports::store::{Rows, Statement},
    refusal::Refusal,
    rows,
    shown::Shown,
    work::{Decision, Found, Guard, Issued, NoneExpected, Reads, Scope, Wanted},
};

code_set! {
    pub enum Adding { IdTaken, FieldInvalid }
}

code_set! {
    pub enum Changing { NotFound, VersionMismatch, FieldInvalid }
}

code_set! {
    pub enum Deleting { NotFound, VersionMismatch, InUse }
}

fn missing() -> Refusal<codes::NotFound> {
    Refusal::new(codes::NotFound, "There is no such team.")
}

fn expect(team: &Team, if_match: Option<&str>) -> Result<(), Refusal<codes::VersionMismatch>> {
    let changed = "The team has changed since. Read it again and decide again.";
    etag::expect(if_match, team.version, changed)
}

/// What is read to check a team.
struct Asked {
    people: Wanted<Rows>,
    above: Wanted<Rows>,
    below: Wanted<i64>,
    newest: Wanted<i64>,
}

impl Asked {
    fn of(team: &Team, reads: &mut Reads) -> Self {
        Self {
            people: reads.add(row::people(team)),
            above: reads.add(row::above(team.parent.as_deref())),
            below: reads.add(row::below(&team.id)),
            newest: reads.add(Statement::new(row::NEWEST, [])),
        }
    }

    /// The people and teams around the team, and the guard that the tree is unchanged at the commit.
    fn take(self, found: &mut Found) -> Result<(Around, Guard), Fault> {
        let ids = |rows: Rows| {
            rows.into_iter()
                .filter_map(|row| row.into_iter().next()?.into_text())
        };
        let people: HashSet<String> = ids(found.take(self.people)?).collect();
        let above = found.take(self.above)?;
        let versions: Vec<(String, i64)> = above
            .iter()
            .filter_map(|row| Some((row.first()?.as_str()?.to_owned(), row.get(1)?.as_i64()?)))
            .collect();
        let guard = Guard::new()
            .and(
                &format!("({}) = {{}}", row::NEWEST),
                [found.take(self.newest)?.into()],
            )
            .versions(
                "teams",
                versions.iter().map(|(id, version)| (id.as_str(), *version)),
            );
        let around = Around {
            people,
            above: versions.into_iter().map(|(id, _)| id).collect(),
            below: found.take(self.below)?,
        };
        Ok((around, guard))
    }
}

impl TeamsHandlers<Context> for Core {
    async fn list(
        &self,
        cx: &Context,
        request: teams::ListRequest,
    ) -> Result<teams::ListResponse, Problem<teams::ListError>> {
        let asked = page::Asked {
            fields: request.fields.as_deref(),
            cursor: request.cursor.as_deref(),
            limit: request.limit,
            total: request.total,
        };
        let (items, page) = page::of_table(&self.work, cx, asked, Team::shown)
            .await
            .map_err(Refusal::narrow)?;
        Ok(teams::ListResponse {
            body: types::TeamPage { items, page },
        })
    }

    async fn create(
        &self,
        cx: &Context,
        request: teams::CreateRequest,
    ) -> Result<teams::CreateResponse, Problem<teams::CreateError>> {
        let body = request.body;
        let content_hash = new_id::content_hash(&body);
        let new_id = NewId::of(self, cx, body.id);
        let team = Team {
            id: new_id.id.clone(),
            version: 0,
            name: body.name,
            parent: body.parent,
            members: distinct(&body.members.unwrap_or_default()),
            leads: distinct(&body.leads.unwrap_or_default()),
            content_hash,
            created_at: cx.now,
            updated_at: cx.now,
        };
        let answer = |team: &Team| {
            teams::CreateResponse::Created(teams::CreateCreated {
                e_tag: Some(Shown::default().etag(team.version)),
                location: Some(format!("/teams/{}", team.id)),
                body: team.shown(),
            })
        };
        let plan = |_: &Scope| {
            let mut reads = Reads::default();
            let there = reads.add::<Option<Team>>(rows::find::<Team>(&team.id));
            let around = Asked::of(&team, &mut reads);
            Ok::<_, Refusal<Adding>>((reads, (there, around)))
        };
        type Planned = (Wanted<Option<Team>>, Asked);
        let decide = |_: &Scope, (there, around): Planned, mut found: Found| {
            let there = found.take(there)?;
            let there = new_id.repeated(there, |team| &team.content_hash, &team.content_hash)?;
            if let Some(there) = there {
                return Ok(Decision::nothing(move |_| answer(&there)));
            }
            let (around, guard) = around.take(&mut found)?;
            check(&team, &around)?;
            let entry = Team::entry("create", None, Some(&team))?;
            let (statement, made) = (rows::insert(&team, &[], 0), team.clone());
            let decision =
                Decision::change(vec![entry], vec![statement], move |issued: &Issued| {
                    answer(&Team {
                        version: issued.base,
                        ..made.clone()
                    })
                });
            Ok(decision.under(guard.versions("teams", [(team.id.as_str(), 0)])))
        };
        let outcome = self.work.write(cx, plan, decide, NoneExpected).await;
        Ok(outcome.map_err(Refusal::narrow)?.into_reply())
    }

    async fn get(
        &self,
        cx: &Context,
        request: teams::GetRequest,
    ) -> Result<teams::GetResponse, Problem<teams::GetError>> {
        let shown = Shown::parse(request.fields.as_deref(), "id", types::Team::PROPERTIES)?;
        let team: Option<Team> = self.work.row(cx, &request.id).await?;
        let team = team.ok_or_else(|| missing().narrow())?;
        let tag = shown.etag(team.version);
        if etag::none_match(request.if_none_match.as_deref(), &tag) {
            return Ok(teams::GetResponse::NotModified(teams::GetNotModified {
                e_tag: Some(tag),
            }));
        }
        Ok(teams::GetResponse::Ok(teams::GetOk {
            body: shown.of(team.shown())?,
            e_tag: Some(tag),
        }))
    }

    async fn update(
        &self,
        cx: &Context,
        request: teams::UpdateRequest,
    ) -> Result<teams::UpdateResponse, Problem<teams::UpdateError>> {
        let id = request.id.as_str();
        // The people and the parent in the change decide what must be read.
        let named = apply(&Team::unnamed(id), &request.body, cx.now);
        let answer = |team: &Team| {
            teams::UpdateResponse::Ok(teams::UpdateOk {
                e_tag: Some(Shown::default().etag(team.version)),
                body: team.shown(),
            })
        };
        let plan = |_: &Scope| {
            let mut reads = Reads::default();
            let team = reads.add::<Option<Team>>(rows::find::<Team>(id));
            let around = Asked::of(&named, &mut reads);
            Ok::<_, Refusal<Changing>>((reads, (team, around)))
        };
        type Planned = (Wanted<Option<Team>>, Asked);
        let decide = |_: &Scope, (team, around): Planned, mut found: Found| {
            let before = found.take(team)?.ok_or_else(missing)?;
            expect(&before, request.if_match.as_deref())?;
            let after = apply(&before, &request.body, cx.now);
            if after == before {
                return Ok(Decision::nothing(move |_| answer(&before)));
            }
            let (around, guard) = around.take(&mut found)?;
            check(&named, &around)?;
            let entry = Team::entry("update", Some(&before), Some(&after))?;
            let statement = rows::update(id, &before, &after, &[], 0);
            let guard = guard.versions("teams", [(id, before.version)]);
            let decision =
                Decision::change(vec![entry], vec![statement], move |issued: &Issued| {
                    answer(&Team {
                        version: issued.base,
                        ..after.clone()
                    })
                });
            Ok(decision.under(guard))
        };
        let outcome = self.work.write(cx, plan, decide, NoneExpected).await;
        Ok(outcome.map_err(Refusal::narrow)?.into_reply())
    }

    async fn delete(
        &self,
        cx: &Context,
        request: teams::DeleteRequest,
    ) -> Result<teams::DeleteResponse, Problem<teams::DeleteError>> {
        let id = request.id.as_str();
        let plan = |_: &Scope| {
            let mut reads = Reads::default();
            let team = reads.add::<Option<Team>>(rows::find::<Team>(id));
            let below = reads.add::<i64>(row::below(id));
            Ok::<_, Refusal<Deleting>>((reads, (team, below)))
        };
        type Planned = (Wanted<Option<Team>>, Wanted<i64>);
        let decide = |_: &Scope, (team, below): Planned, mut found: Found| {
            let team = found.take(team)?.ok_or_else(missing)?;
            expect(&team, request.if_match.as_deref())?;
            if found.take(below)? > 0 {
                let message = "There are teams below this one. Move or delete them first.";
                return Err(Refusal::new(Deleting::InUse, message));
            }
            let entry = Team::entry("delete", Some(&team), None)?;
            let guard = Guard::new().versions("teams", [(id, team.version)]).and(
                "NOT EXISTS (SELECT 1 FROM teams WHERE parent = {})",
                [id.into()],
            );
            let answer = |_: &Issued| teams::DeleteResponse::NoContent;
            let decision = Decision::change(vec![entry], vec![rows::delete::<Team>(id)], answer);
            Ok(decision.under(guard))
        };
        let outcome = self.work.write(cx, plan, decide, NoneExpected).await;
        Ok(outcome.map_err(Refusal::narrow)?.into_reply())
    }
}
