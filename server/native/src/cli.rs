//! The command line: the arguments, output and exit code of each command. 0: success; 1: failure, with the reason on
//! standard error; 2: invalid arguments.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};
use crm_core::http::{address::network, cors::request_header};
use http::HeaderName;
use ipnet::IpNet;

mod backup;
mod check;

mod import;
mod key;

mod serve;
mod signals;
mod signing_key;
pub mod tenant;
mod token;
pub mod user;

use crate::{error::Error, export::Format, operator};

/// A CRM for field-service businesses: one program, one folder of data.
#[derive(Parser)]
#[command(name = "crm", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API until SIGTERM or SIGINT
    Serve(Serve),
    /// Businesses; each has its own database
    #[command(subcommand)]
    Tenant(Tenant),
    /// People who sign in
    #[command(subcommand)]
    User(User),
    /// API keys
    #[command(subcommand)]
    Key(Key),
    /// The keys that sign access tokens
    #[command(subcommand)]
    SigningKey(SigningKey),
    /// Make an access token for a script, without a sign-in
    Token(Token),
    /// Import the files that a mapping describes
    Import(Import),
    /// Write all records of a type as CSV or JSON lines
    Export(Export),
    /// Copy everything into a new folder, while the server runs, and check the copy
    Backup(Backup),
    /// Check all data for damage; exits with 1 and a line for each finding
    Check(Check),
}

#[derive(Args)]
pub struct Backup {
    /// The folder to make, which must not exist yet; it gets the layout of a data folder
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    data: Data,
}

#[derive(Args)]
pub struct Check {
    /// Check only the business with this id
    #[arg(long, value_name = "ID")]
    tenant: Option<String>,
    #[command(flatten)]
    data: Data,
}

#[derive(Args)]
pub struct Data {
    /// The data folder
    #[arg(long, value_name = "DIR", env = "CRM_DATA", default_value = "crm-data")]
    data: PathBuf,
}

#[derive(Args)]
pub struct Serve {
    /// Make a demo business with realistic data, in a folder that is deleted when the server stops (unless --data names
    /// one). Passwords are random; the server listens on the loopback interface only
    #[arg(long)]
    demo: bool,
    /// The address and port to listen on
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:8080", value_parser = address)]
    addr: SocketAddr,
    /// The data folder; created if it does not exist [default: crm-data]
    #[arg(long, value_name = "DIR", env = "CRM_DATA")]
    data: Option<PathBuf>,
    /// Allow pages of this origin to call the API from a browser, such as https://app.example (may be repeated)
    #[arg(long, value_name = "ORIGIN", value_parser = origin)]
    allow_origin: Vec<String>,
    /// A request header that those pages may send in addition to the API's own, such as traceparent (may be repeated)
    #[arg(long, value_name = "NAME", value_parser = header_name)]
    allow_header: Vec<HeaderName>,
    /// A proxy whose X-Forwarded-For is trusted, or a network of them, such as 10.0.0.0/8 (may be repeated). All
    /// callers behind a proxy that is not named here count as one address
    #[arg(long, value_name = "IP[/LENGTH]", value_parser = proxy)]
    trust_proxy: Vec<IpNet>,
    /// The most connections from one address at one time; a trusted proxy may have more
    #[arg(long, value_name = "NUMBER", default_value = "256", value_parser = clap::value_parser!(u16).range(1..))]
    connections_per_address: u16,
    /// The issuer of access tokens: the public address of the API. Tokens of other issuers are refused
    #[arg(long, value_name = "URL", default_value = "crm", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    issuer: String,
    /// Requests per minute and caller, or `off`
    #[arg(long, value_name = "NUMBER", default_value = "6000", value_parser = rate)]
    rate_limit: Rate,
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "an address and a port, such as 127.0.0.1:8080 or [::1]:8080".into())
}

fn header_name(text: &str) -> Result<HeaderName, String> {
    request_header(text)
        .ok_or_else(|| "the name of a header that a page may set, such as traceparent".into())
}

fn proxy(text: &str) -> Result<IpNet, String> {
    network(text)
        .ok_or_else(|| "an address, such as 10.0.0.1, or a network, such as 10.0.0.0/8".into())
}

/// An origin as browsers write it (RFC 6454): scheme, host, and the port unless it is the scheme's default.
fn origin(text: &str) -> Result<String, String> {
    let url = url::Url::parse(text).ok();
    match url.filter(|url| url.origin().ascii_serialization() == text) {
        Some(_) => Ok(text.to_owned()),
        None => Err("an origin, such as https://app.example, without a path".into()),
    }
}

/// The rate limit of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    Off,
    PerMinute(u32),
}

fn rate(text: &str) -> Result<Rate, String> {
    match text {
        "off" => Ok(Rate::Off),
        number => match number.parse() {
            Ok(number @ 1..=1_000_000) => Ok(Rate::PerMinute(number)),
            _ => Err("a number from 1 to 1000000, or `off`".into()),
        },
    }
}

#[derive(Subcommand)]
pub enum Tenant {
    /// Make a business; prints its id
    Create {
        /// The name of the business
        name: String,
        /// The id to give it, a UUIDv7; repeating the command with the same id is harmless
        #[arg(long)]
        id: Option<String>,
        #[command(flatten)]
        data: Data,
    },
    /// Print the id and name of each business
    List {
        #[command(flatten)]
        data: Data,
    },
}

#[derive(Subcommand)]
pub enum User {
    /// Make a user who can sign in; prints the user's id, and the password if the program chose it
    Create {
        /// The business: its id, or its name
        #[arg(long)]
        tenant: String,
        /// The email address to sign in with
        #[arg(long)]
        email: String,
        #[arg(long)]
        name: String,
        /// owner, admin or readonly (may be repeated)
        #[arg(long, required = true)]
        role: Vec<String>,
        /// Read the password from standard input (its first line) instead of choosing one
        #[arg(long)]
        password_stdin: bool,
        #[command(flatten)]
        data: Data,
    },
}

#[derive(Subcommand)]
pub enum Key {
    /// Make an API key; prints it once and never again
    Create {
        /// The business: its id, or its name
        #[arg(long)]
        tenant: String,
        /// The name of the key, such as its purpose
        #[arg(long)]
        name: String,
        /// A scope of the key, such as records:read (may be repeated)
        #[arg(long, required = true)]
        scope: Vec<String>,
        #[command(flatten)]
        data: Data,
    },
}

#[derive(Subcommand)]
pub enum SigningKey {
    /// Make a new key and sign with it; tokens of the earlier keys stay valid until they expire. Prints the new key's
    /// id. Running servers notice within a minute
    Rotate {
        /// Delete the earlier keys, which makes their tokens invalid at once; for keys that may have leaked. People
        /// renew their tokens or sign in again, integrations exchange their API keys again
        #[arg(long)]
        end_others: bool,
        #[command(flatten)]
        data: Data,
    },
    /// Print each key that verifies tokens: its id, when it was made, and until when it verifies
    List {
        #[command(flatten)]
        data: Data,
    },
}

#[derive(Args)]
pub struct Token {
    /// The business: its id, or its name
    #[arg(long)]
    tenant: String,
    /// For the user with this email address
    #[arg(
        long,
        value_name = "EMAIL",
        required_unless_present = "key",
        conflicts_with = "key"
    )]
    user: Option<String>,
    /// For the API key with this id
    #[arg(long, value_name = "ID")]
    key: Option<String>,
    /// Seconds until it expires
    #[arg(long, value_name = "SECONDS", default_value_t = 900, value_parser = clap::value_parser!(u32).range(1..=900))]
    expires_in: u32,
    /// The issuer, the same as for `crm serve`
    #[arg(long, value_name = "URL", default_value = "crm", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    issuer: String,
    #[command(flatten)]
    data: Data,
}

#[derive(Args)]
pub struct Import {
    /// The mapping file (TOML), which says which column becomes which field
    #[arg(required_unless_present = "schema")]
    mapping: Option<PathBuf>,
    /// The business: its id, or its name
    #[arg(long, required_unless_present = "schema")]
    tenant: Option<String>,
    /// Print the JSON Schema of mapping files, for editors, and do nothing else
    #[arg(long, conflicts_with_all = ["mapping", "tenant", "dry_run"])]
    schema: bool,
    /// Read and check everything, write nothing
    #[arg(long)]
    dry_run: bool,
    /// Records per commit, which writes all or none of them
    #[arg(long, value_name = "NUMBER", default_value_t = 500, value_parser = clap::value_parser!(u16).range(1..=5000))]
    batch: u16,
    #[command(flatten)]
    data: Data,
}

#[derive(Args)]
pub struct Export {
    /// An object type, or `user`
    #[arg(value_name = "TYPE")]
    object_type: String,
    /// The business: its id, or its name
    #[arg(long)]
    tenant: String,
    /// csv or jsonl; by default from the ending of --out
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// The file to write; standard output by default
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    data: Data,
}

/// Runs the command that the arguments of this process name.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    // Only a server logs every request.
    crate::log::start(if matches!(cli.command, Command::Serve(_)) {
        "info"
    } else {
        "warn"
    });
    match runtime(&cli.command).and_then(|runtime| {
        let done = runtime.block_on(dispatch(cli.command));
        // Do not wait longer for reads whose caller is gone.
        runtime.shutdown_timeout(std::time::Duration::from_secs(1));
        done
    }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("crm: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn dispatch(command: Command) -> Result<(), Error> {
    match command {
        Command::Serve(arguments) => serve::run(arguments).await,
        Command::Tenant(command) => tenant::run(command).await,
        Command::User(command) => user::run(command).await,
        Command::Key(command) => key::run(command).await,
        Command::SigningKey(command) => signing_key::run(command).await,
        Command::Token(arguments) => token::run(arguments).await,
        Command::Import(arguments) => import::import(arguments).await,
        Command::Export(arguments) => import::export(arguments).await,
        Command::Backup(arguments) => backup::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
    }
}

fn runtime(command: &Command) -> Result<tokio::runtime::Runtime, Error> {
    let mut builder = match command {
        Command::Serve(_) => tokio::runtime::Builder::new_multi_thread(),
        _ => tokio::runtime::Builder::new_current_thread(),
    };
    // Threads that may block: writers of tenants, expensive reads, password hashing.
    builder
        .enable_all()
        .max_blocking_threads(32)
        .thread_stack_size(1 << 20)
        .build()
        .map_err(Error::Runtime)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_commands_are_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for right in ["https://app.example", "http://127.0.0.1:3000"] {
            assert_eq!(origin(right).as_deref(), Ok(right));
        }
        for wrong in [
            "*",
            "null",
            "app.example",
            "https://app.example/",
            "https://app.example:443",
        ] {
            assert!(origin(wrong).is_err(), "{wrong}");
        }
        assert!(address("localhost").is_err_and(|why| why.contains("127.0.0.1:8080")));
    }

    #[test]
    fn a_rate_is_a_number_or_off() {
        assert_eq!(rate("off"), Ok(Rate::Off));
        assert_eq!(rate("60"), Ok(Rate::PerMinute(60)));
        for wrong in ["0", "-1", "", "on", "1000001", "6/s"] {
            assert!(rate(wrong).is_err(), "{wrong}");
        }
    }
}
