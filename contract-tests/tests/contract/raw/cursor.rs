//! Pages and their cursors.

use std::collections::BTreeSet;

use contract_tests::{
    business::{Business, mark},
    contract::elements,
    raw::{Answer, Draft},
    world::World,
};
use serde_json::{Value, json};

use super::next;

/// Makes price items whose names begin with `prefix`.
async fn items(business: &Business, prefix: &str, number: usize) {
    let operations: Vec<Value> = (0..number)
        .map(|at| {
            let mut fields = json!({"name": format!("{prefix} {:02}", at % 7), "unit_price": {"amount": 1, "currency": "GBP"}});
            if at % 3 == 0 {
                fields["unit"] = json!("x");
            }
            if at % 2 == 0 {
                fields["kind"] = json!("material");
                fields["unit_cost"] = json!({"amount": at / 8, "currency": "GBP"});
            }
            json!({"op": "create", "type": "price_item", "fields": fields})
        })
        .collect();
    let body = json!({"mode": "atomic", "operations": operations});
    business
        .raw
        .post("/records/batch", body)
        .bearer(&business.owner_token)
        .send()
        .await
        .expect(200);
}

fn only(prefix: &str) -> String {
    json!({"field": "name", "op": "starts_with", "value": prefix}).to_string()
}

fn page(business: &Business, prefix: &str, sort: &str) -> Draft {
    let draft = business
        .raw
        .get("/records/price_item?limit=4")
        .query("filter", &only(prefix))
        .bearer(&business.owner_token);
    if sort.is_empty() {
        draft
    } else {
        draft.query("sort", sort)
    }
}

/// The first page's cursor.
async fn cursor(business: &Business, prefix: &str) -> String {
    items(business, prefix, 6).await;
    let page = page(business, prefix, "").send().await.expect(200);
    next(&page).expect("a next page")
}

pub async fn pages_neither_skip_nor_repeat(world: &World) {
    let business = world.business("web").await;
    for sort in [
        "",
        "name",
        "-name",
        "unit,name",
        "-unit",
        "-updated_at",
        "id",
        "-unit,-kind,-unit_cost",
        "unit,kind,unit_cost,active,name",
        "-unit,-kind,-unit_cost,-active,-name",
        "-kind,unit,-unit_cost,updated_at,-created_at",
    ] {
        let prefix = format!("page{}", mark());
        items(&business, &prefix, 23).await;
        let mut seen = BTreeSet::new();
        let mut names = Vec::new();
        let mut pages = Vec::new();
        let mut cursor: Option<String> = None;
        for turn in 0..10 {
            let mut draft = page(&business, &prefix, sort);
            if let Some(cursor) = &cursor {
                draft = draft.query("cursor", cursor);
            }
            let answer = draft.send().await.expect(200);
            for record in elements(&answer["items"]) {
                assert!(seen.insert(record["id"].to_string()), "{sort}: a row twice");
                names.push(record["fields"]["name"].as_str().unwrap().to_owned());
            }
            let next = next(&answer);
            pages.push(answer);
            match next {
                Some(next) => cursor = Some(next),
                None => break,
            }
            if turn == 0 && sort == "name" {
                // An item that is inserted before the current place does not shift the next page.
                items(&business, &format!("{prefix} 0"), 1).await;
            }
        }
        assert!(seen.len() == 23, "{sort}: {} rows", seen.len());
        // The inserted item appears when paging back.
        if world.version > 1 && sort != "name" {
            let mut back = pages.pop().expect("a page");
            while let Some(expected) = pages.pop() {
                let cursor = back["page"]["previous"].as_str().expect("a page before");
                let draft = page(&business, &prefix, sort).query("cursor", cursor);
                back = draft.send().await.expect(200);
                assert_eq!(back["items"], expected["items"], "{sort}");
            }
            assert_eq!(back["page"]["previous"], Value::Null, "{sort}");
        }
        let mut sorted = names.clone();
        sorted.sort();
        match sort {
            "name" => assert_eq!(names, sorted),
            "-name" => {
                sorted.reverse();
                assert_eq!(names, sorted);
            }
            _ => {}
        }
    }
}

pub async fn cursors_that_were_tampered_with(world: &World) {
    let business = world.business("web").await;
    let prefix = format!("tamper{}", mark());
    let cursor = cursor(&business, &prefix).await;
    let send = async |cursor: &str| {
        page(&business, &prefix, "")
            .query("cursor", cursor)
            .send()
            .await
    };
    send(&cursor).await.expect(200);
    for at in [0, cursor.len() / 3, cursor.len() / 2, cursor.len() - 2] {
        let mut changed: Vec<char> = cursor.chars().collect();
        changed[at] = if changed[at] == 'A' { 'B' } else { 'A' };
        send(&changed.into_iter().collect::<String>())
            .await
            .refused("CURSOR_INVALID");
    }
    for wrong in [
        "x",
        ".",
        "..",
        "AAAA.BBBB",
        "e30.e30",
        "null",
        "%00",
        "é",
        &cursor[..cursor.len() / 2],
        &format!("{cursor}A"),
    ] {
        send(wrong).await.refused("CURSOR_INVALID");
    }
}

pub async fn cursors_of_another_list(world: &World) {
    let business = world.business("web").await;
    let prefix = format!("other{}", mark());
    let cursor = cursor(&business, &prefix).await;
    let refused = async |draft: Draft| {
        let answer: Answer = draft
            .query("cursor", &cursor)
            .bearer(&business.owner_token)
            .send()
            .await;
        answer.refused("CURSOR_INVALID");
    };
    let raw = &business.raw;
    refused(raw.get("/records/price_item")).await;
    refused(
        raw.get("/records/price_item")
            .query("filter", &only("else")),
    )
    .await;
    refused(
        raw.get("/records/price_item")
            .query("filter", &only(&prefix))
            .query("sort", "name"),
    )
    .await;
    refused(raw.get("/records/contact")).await;
    refused(raw.get("/search?q=x")).await;
    refused(raw.get("/object-types")).await;
    refused(raw.get("/object-types/contact/fields")).await;
    refused(raw.get("/users")).await;
    refused(raw.get("/roles")).await;
    refused(raw.get("/api-keys")).await;
    refused(raw.get(format!("/records/contact/{}/history", business.contact))).await;
}

pub async fn cursors_of_another_tenant(world: &World) {
    let ours = world.business("web").await;
    let theirs = world.business("mobile").await;
    let prefix = format!("tenant{}", mark());
    let cursor = cursor(&theirs, &prefix).await;
    items(&ours, &prefix, 6).await;
    let answer = page(&ours, &prefix, "")
        .query("cursor", &cursor)
        .send()
        .await;
    answer.refused("CURSOR_INVALID");
}
