//! `crm import` and `crm export`.

use std::{fs::File, io};

use crm_core::core::Config;

use super::{
    Error, Export, Import,
    operator::{self, Operator},
};
use crate::{
    export::{self, Format},
    host::Host,
    import::run::{self, Failed, Options},
};

pub async fn import(arguments: Import) -> Result<(), Error> {
    let Import {
        mapping,
        tenant,
        dry_run,
        batch,
        data,
    } = arguments;
    let host = Host::open_existing(&data.data)?;
    let tenant = operator::tenant(&host, &tenant).await?;
    let core = operator::core(&host, Config::default()).await?;
    let options = Options {
        dry_run,
        batch: usize::from(batch),
    };
    match run::run(&core, &tenant, &mapping, &options).await {
        Ok(done) => {
            for done in done {
                let what = match done.summary {
                    None => "fine; nothing was written".to_owned(),
                    Some(summary) => format!(
                        "{} new, {} changed, {} as they were",
                        summary.created, summary.updated, summary.unchanged
                    ),
                };
                println!(
                    "{:<14}{:>7} rows of {}: {what}",
                    done.into, done.rows, done.file
                );
            }
            Ok(())
        }
        Err(Failed::Issues(issues)) => {
            for issue in issues.iter() {
                eprintln!("{issue}");
            }
            if issues.more() > 0 {
                eprintln!("... and {} more", issues.more());
            }
            Err(Error::Import(Failed::Issues(issues).to_string()))
        }
        Err(Failed::Command(error)) => Err(error),
        Err(other) => Err(Error::Import(other.to_string())),
    }
}

pub async fn export(arguments: Export) -> Result<(), Error> {
    let Export {
        object_type,
        tenant,
        format,
        out,
        data,
    } = arguments;
    let host = Host::open_existing(&data.data)?;
    let tenant = operator::tenant(&host, &tenant).await?;
    let core = operator::core(&host, Config::default()).await?;
    let operator = Operator::new(core, tenant);
    let named_csv = out
        .as_ref()
        .and_then(|path| path.extension())
        .is_none_or(|ending| ending == "csv");
    let format = format.unwrap_or(if named_csv {
        Format::Csv
    } else {
        Format::Jsonl
    });
    let rows = match &out {
        None => export::export(&operator, &object_type, format, &mut io::stdout().lock()).await?,
        Some(path) => {
            // Written beside it and put in its place when whole: an export that was cut off replaces nothing.
            let part = path.with_added_extension("part");
            let file = File::create(&part).map_err(Error::Output)?;
            let mut file = io::BufWriter::new(file);
            let rows = export::export(&operator, &object_type, format, &mut file).await?;
            file.into_inner()
                .map_err(|error| Error::Output(error.into_error()))?
                .sync_all()
                .map_err(Error::Output)?;
            std::fs::rename(&part, path).map_err(Error::Output)?;
            rows
        }
    };
    eprintln!("{rows} rows");
    Ok(())
}
