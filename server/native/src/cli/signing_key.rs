//! `crm signing-key`.

use crm_core::{
    auth::keys::{self, Before, KeySet},
    ports::Clock,
};

use super::{Error, SigningKey};
use crate::{clock::SystemClock, host::Host};

pub async fn run(command: SigningKey) -> Result<(), Error> {
    match command {
        SigningKey::Rotate { end_others, data } => {
            let host = Host::open_existing(&data.data)?;
            let before = if end_others {
                Before::End
            } else {
                Before::Fade
            };
            println!("{}", keys::rotate(&host.ports, before).await?);
        }
        SigningKey::List { data } => {
            let host = Host::open_existing(&data.data)?;
            let now = SystemClock.now();
            let set = KeySet::new(host.ports.directory.signing_keys().await?, now);
            let signs = set.current().map(|key| key.kid.clone());
            for key in set.keys() {
                let until = match key.expires_at {
                    Some(at) => format!("verifies until {}", time(at)),
                    None if signs.as_ref() == Some(&key.kid) => "signs".to_owned(),
                    None => "verifies".to_owned(),
                };
                println!("{}  since {}  {until}", key.kid, time(key.created_at));
            }
        }
    }
    Ok(())
}

/// UTC, to the second.
fn time(ms: i64) -> String {
    match jiff::Timestamp::from_millisecond(ms) {
        Ok(time) => time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        Err(_) => ms.to_string(),
    }
}
