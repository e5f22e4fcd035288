//! `contract pin` and `contract can-remove`: record and query what consumers rely on.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use crm_codegen::consumers::{Consumer, record, removal, version_of};
use crm_codegen::diff::Contract;
use crm_codegen::{Diagnostic, diagnostic::Location};

use super::{Outcome, compare, contract, print_line};

#[derive(Args)]
pub struct Pin {
    /// The contract; - is standard input.
    contract: PathBuf,
    /// The recordings: JSON, one exchange per line.
    #[arg(required = true)]
    recordings: Vec<PathBuf>,
    /// The folder of the pins: one file for each consumer, whose part for this version is replaced.
    #[arg(long)]
    out: PathBuf,
}

#[derive(Args)]
pub struct CanRemove {
    /// The JSON pointer of the thing to remove.
    pointer: String,
    /// The contract; - is standard input.
    contract: PathBuf,
    /// The folder of the pins.
    #[arg(long, value_name = "DIR")]
    consumers: PathBuf,
}

pub fn pin(command: &Pin) -> io::Result<Outcome> {
    let contract = match contract(&command.contract)?.and_then(Contract::of) {
        Ok(contract) => contract,
        Err(found) => return Ok(Outcome::Unreadable(found)),
    };
    let mut exchanges = Vec::new();
    for file in &command.recordings {
        let text = fs::read_to_string(file).map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", file.display()))
        })?;
        let read = record::read(&text).map_err(|error| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{}: {error}", file.display()),
            )
        })?;
        exchanges.extend(read);
    }
    let version = version_of(&contract.root);
    let recorded = record::pins(&contract.root, &exchanges);
    fs::create_dir_all(&command.out)?;
    for (name, operations) in recorded.consumers {
        let path = command.out.join(format!("{name}.yaml"));
        let kept = match fs::read(&path) {
            Ok(bytes) => match Consumer::read(&path.display().to_string(), &bytes) {
                Ok(consumer) => Some(consumer),
                Err(found) => return Ok(Outcome::Unreadable(found)),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let consumer = record::renewed(kept, &name, version, operations);
        let count = consumer.pins(version).count();
        fs::write(&path, consumer.to_yaml())?;
        print_line(&format!(
            "{}: {count} pins on version {version}",
            path.display()
        ))?;
    }
    if recorded.passed_by > 0 {
        let message = "exchanges are of another version, or of no operation, and were passed by";
        writeln!(io::stderr(), "{} {message}", recorded.passed_by)?;
    }
    Ok(Outcome::Fine)
}

pub fn can_remove(command: &CanRemove, json: bool) -> io::Result<Outcome> {
    let contract = match contract(&command.contract)?.and_then(Contract::of) {
        Ok(contract) => contract,
        Err(found) => return Ok(Outcome::Unreadable(found)),
    };
    let consumers = match compare::pins(Some(&command.consumers))? {
        Ok(consumers) => consumers,
        Err(found) => return Ok(Outcome::Unreadable(found)),
    };
    let Some(pins) = removal::relying(&contract.root, &consumers, &command.pointer) else {
        let at = Location {
            pointer: command.pointer.clone(),
            ..Location::of_file(&contract.file)
        };
        let message = "the contract has nothing at this place";
        let mend = "write a JSON pointer, such as /components/schemas/Note/properties/text";
        return Ok(Outcome::Unreadable(vec![Diagnostic::new(
            "pointer", &at, message, mend,
        )]));
    };
    if pins.is_empty() {
        if !json {
            print_line(&format!("nobody relies on {}", command.pointer))?;
        }
        return Ok(Outcome::Fine);
    }
    for pin in &pins {
        if json {
            print_line(&serde_json::to_string(pin)?)?;
        } else {
            print_line(&format!("{}: {pin}", pin.consumer))?;
        }
    }
    Ok(Outcome::Found)
}
