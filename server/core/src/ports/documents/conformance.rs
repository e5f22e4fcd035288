//! What every implementation of `Documents` must do, as cases that a host runs against its own.

use std::sync::Arc;

use crm_contract::documents::DOCUMENTS;

use super::Documents;
use crate::{
    platform::documents::text,
    ports::conformance::{Verdict, cases, same},
};

/// The implementation under test; it must have the files of this build.
#[derive(Clone)]
pub struct Subject {
    pub documents: Arc<dyn Documents>,
}

cases![
    every_published_text_is_put_together,
    a_file_that_is_not_there_is_an_error,
];

async fn every_published_text_is_put_together(subject: Subject) -> Verdict {
    for published in DOCUMENTS {
        let (json, yaml) = (&published.json, &published.yaml);
        let (json_3_0, yaml_3_0) = (&published.json_3_0, &published.yaml_3_0);
        for asked in [json, yaml, json_3_0, yaml_3_0, &published.page] {
            let found = text(&*subject.documents, asked).await;
            let found = found.map_err(|fault| fault.to_string())?;
            same(asked.file, found.len(), asked.length)?;
        }
    }
    Ok(())
}

async fn a_file_that_is_not_there_is_an_error(subject: Subject) -> Verdict {
    let names = ["none.gz", "", "index.html", "v1_whole_openapi.json"];
    for name in names {
        let found = subject.documents.file(name).await;
        same(
            name,
            found.map(|bytes| bytes.len()).map_err(|error| error.name),
            Err(name.to_owned()),
        )?;
    }
    Ok(())
}
