//! `crm import` and `crm export`.

use std::{io, path::Path};

use crm_core::core::Config;

use super::{
    Error, Export, Import,
    operator::{self, Operator},
};
use crate::{
    export::{self, Format},
    host::Host,
    import::{
        run::{self, Failed, Options},
        schema,
    },
};

pub async fn import(arguments: Import) -> Result<(), Error> {
    let Import {
        mapping,
        tenant,
        schema: _,
        dry_run,
        batch,
        data,
    } = arguments;
    // Without --schema both are there.
    let (Some(mapping), Some(tenant)) = (mapping, tenant) else {
        println!("{:#}", schema::schema().as_value());
        return Ok(());
    };
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
                    None => "no errors; nothing was written".to_owned(),
                    Some(summary) => format!(
                        "{} new, {} changed, {} unchanged",
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
    let rows = match &out {
        None => {
            let format = format.unwrap_or(Format::Csv);
            export::export(&operator, &object_type, format, &mut io::stdout().lock()).await?
        }
        Some(path) => {
            let format = format
                .or_else(|| Format::of(path))
                .ok_or_else(|| Error::NoFormat(path.clone()))?;
            let failed = |error: io::Error| Error::Write(path.clone(), error);
            // Written to a temporary file and renamed at the end: an interrupted export replaces nothing.
            let folder = path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            let part = tempfile::Builder::new()
                .prefix(".crm-export-")
                .tempfile_in(folder.unwrap_or(Path::new(".")))
                .map_err(failed)?;
            let mut file = io::BufWriter::new(part);
            let rows = export::export(&operator, &object_type, format, &mut file).await?;
            let part = file
                .into_inner()
                .map_err(|error| failed(error.into_error()))?;
            part.as_file().sync_all().map_err(failed)?;
            part.persist(path).map_err(|error| failed(error.error))?;
            rows
        }
    };
    eprintln!("{rows} rows");
    Ok(())
}
