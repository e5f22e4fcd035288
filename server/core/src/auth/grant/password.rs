//! Sign-in with address and password. If several businesses know the address and the password fits in more than one of
//! them, the request has to name one. A refusal takes one hash if a business is named and two if none is, whether the
//! address is known or not. A business that adds somebody else's address later comes after those that had it before,
//! and an unavailable business does not take the place of another.

use crm_contract::{codes, latest::types::TokenResponse};
use crm_runtime::server::check::is_plain;
use futures_util::future::join_all;
use serde_json::json;

use super::{Exchanging, answer, attempt, commit, read, refused};
use crate::{
    auth::{address::fold, password::Party, sessions},
    context::Context,
    core::Core,
    failure::Failure,
    fault::Fault,
    ports::store::{Rows, Statement, TenantId, Value},
    refusal::Refusal,
    work::Guard,
};

/// The number of businesses in which the account is looked up, those that have had the address longest first.
const MOST_TENANTS: usize = 5;
/// The number of hashes for a request that names no business, also if fewer accounts are known, so that every refusal
/// takes equally long.
const TRIED: usize = 2;

struct Account {
    tenant: TenantId,
    tenant_secret: String,
    user: String,
    hash: String,
}

pub async fn exchange(
    core: &Core,
    cx: &Context,
    email: &str,
    password: &str,
    tenant: Option<&str>,
) -> Result<TokenResponse, Refusal<Exchanging>> {
    if !is_plain(email, false) {
        return Err(Fault::Invalid(vec![Failure {
            pointer: "/body/email".into(),
            rule: "control_character",
            message: "Must hold no control characters.".into(),
        }])
        .into());
    }
    let login = fold(email);
    attempt(core, cx, &login).await?;
    let party = Party::signing_in(&login, tenant, cx.address);
    let mut unasked = None;
    let mut fitting = match tenant {
        Some(tenant) => {
            let account = match TenantId::parse(tenant) {
                Some(tenant) => account(core, tenant, &login).await?,
                None => None,
            };
            fit(core, password, [account], &party).await?
        }
        None => {
            let (known, fault) = accounts(core, &login).await?;
            unasked = fault;
            let mut known = known.into_iter();
            let tried: [Option<Account>; TRIED] = std::array::from_fn(|_| known.next());
            fit(core, password, tried, &party).await?
        }
    };
    if fitting.len() > 1 {
        return Err(several(core, &fitting).await?.into());
    }
    let account = match (fitting.pop(), unasked) {
        (Some(account), _) => account,
        // The password might fit in the unavailable business, so a refusal would be premature.
        (None, Some(fault)) => return Err(fault.into()),
        (None, None) => return Err(refused().into()),
    };
    let (refresh, opening) = sessions::open(
        &account.tenant,
        &account.tenant_secret,
        sessions::Kind::User,
        &account.user,
        cx.now,
        &*core.ports().random,
    );
    let guard = Guard::new().and(
        "EXISTS (SELECT 1 FROM users WHERE id = {} AND status = 'active' AND password_hash = {})",
        [account.user.as_str().into(), account.hash.into()],
    );
    if !commit(
        core,
        &account.tenant,
        guard.statement().into_iter().chain(opening).collect(),
    )
    .await?
    {
        return Err(refused().into());
    }
    Ok(answer(core, cx, sessions::Kind::User, account.user, &refresh).await?)
}

/// The accounts of an address in the businesses that have had it longest, and the fault of an unavailable one. A fault
/// of one business must not keep people of another out.
async fn accounts(core: &Core, login: &str) -> Result<(Vec<Account>, Option<Fault>), Fault> {
    let directory = &core.ports().directory;
    let mut tenants = directory.tenants_of_login(login).await?;
    tenants.truncate(MOST_TENANTS);
    if tenants.is_empty() {
        // Replaces the read of the accounts, so that an unknown address takes as many round trips.
        directory.tenants_of_login(login).await?;
    }
    let reads = tenants
        .into_iter()
        .map(|tenant| account(core, tenant, login));
    let (mut known, mut unasked) = (Vec::new(), None);
    for found in join_all(reads).await {
        match found {
            Ok(account) => known.extend(account),
            Err(fault) => unasked = unasked.or(Some(fault)),
        }
    }
    Ok((known, unasked))
}

/// The account of an address in a business; None unless it can sign in.
async fn account(core: &Core, tenant: TenantId, login: &str) -> Result<Option<Account>, Fault> {
    let rows = read(core, &tenant, find(login)).await?;
    Ok(parse(tenant, rows))
}

/// The accounts that the password fits. A missing account takes as long as a wrong password.
async fn fit<const N: usize>(
    core: &Core,
    password: &str,
    accounts: [Option<Account>; N],
    party: &Party,
) -> Result<Vec<Account>, Fault> {
    let hash = |account: &Option<Account>| account.as_ref().map(|account| account.hash.clone());
    let hashes = accounts.each_ref().map(hash);
    let fits = core.auth.passwords.verify(password, hashes, party).await?;
    let all = accounts.into_iter().zip(fits);
    Ok(all
        .filter_map(|(account, fits)| account.filter(|_| fits))
        .collect())
}

fn find(login: &str) -> Statement {
    Statement::new(
        "SELECT m.secret, u.id, u.password_hash FROM users u JOIN meta m WHERE u.login = ?1 AND u.status = 'active' AND u.password_hash IS NOT NULL",
        [login.into()],
    )
}

fn parse(tenant: TenantId, rows: Rows) -> Option<Account> {
    let row: [Value; 3] = rows.into_iter().next()?.try_into().ok()?;
    let [secret, user, hash] = row.map(Value::into_text);
    Some(Account {
        tenant,
        tenant_secret: secret?,
        user: user?,
        hash: hash?,
    })
}

async fn several(
    core: &Core,
    accounts: &[Account],
) -> Result<Refusal<codes::TenantRequired>, Fault> {
    let mut tenants = Vec::new();
    for account in accounts {
        let entry = core.ports().directory.tenant(&account.tenant).await?;
        tenants.push(json!({"id": account.tenant.as_str(), "name": entry.map(|entry| entry.name).unwrap_or_default()}));
    }
    Ok(Refusal::new(
        codes::TenantRequired,
        "The address is known to several businesses: name one as tenant.",
    )
    .with("tenants", tenants))
}
