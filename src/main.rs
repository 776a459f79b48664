//! Reads the command line, opens the project, runs a surface, sets the exit code.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Duration;

use task_graph::config::{Durability, Places, Project, Start, Toolset, Watch};
use task_graph::demo::{self, Manner};
use task_graph::domain::Timestamp;
use task_graph::store::{Options, Store};
use task_graph::surface::cli::{self, Flags, Line, Wanted};
use task_graph::surface::mcp::{Server, serve};
use task_graph::surface::top;
use task_graph::{App, Caller, Error, Result, ops, process};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

fn main() -> ExitCode {
    let Line { flags, wanted } = cli::read(std::env::args_os());
    let has_screen = matches!(wanted, Wanted::Top(look) if look.is_live());
    log_beside(flags.verbosity, has_screen);
    let start = start(&flags);
    let watch = Watch::new(&start);
    let project = Project::find(&start);
    match wanted {
        Wanted::Server => {
            let toolset = project
                .as_ref()
                .map_or(start.toolset.unwrap_or(Toolset::Core), |project| project.config.toolset);
            let opened = project.and_then(|project| {
                let process = Some(process::this().clone());
                Ok(open(project, Caller { process, ..caller(&start)? })?.watching(watch?))
            });
            match serve(Server { opened, toolset }) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => cli::fail(&error.into(), &flags),
            }
        }
        Wanted::Demo { plain } => {
            let manner = if plain { Manner::Lines } else { Manner::AsFits };
            demo::run(manner, cli::CLIENTS)
        }
        Wanted::Top(look) => {
            let shown = project.and_then(|project| {
                let (app, name) = looked_at(project, &start)?;
                top::run(&app.watching(watch?), &name, look)
            });
            shown.unwrap_or_else(|error| cli::fail(&error, &flags))
        }
        Wanted::Answer(ask) => cli::run(ask, &flags, project, |project| open(project, caller(&start)?)),
    }
}

/// Sends the log to standard error or to a file of its own, apart from the protocol and the screen.
fn log_beside(verbosity: u8, has_screen: bool) {
    let level = match verbosity {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    let default = Targets::new().with_default(level);
    let wanted = std::env::var("TASK_GRAPH_LOG").ok().map(|text| text.parse::<Targets>());
    let (filter, bad) = match wanted {
        None => (default, None),
        Some(Ok(wanted)) => (wanted, None),
        Some(Err(bad)) => (default, Some(bad)),
    };
    let (file, no_file) = match log_file().transpose() {
        Ok(file) => (file, None),
        Err(error) => (None, Some(error)),
    };
    // Colours are not built in; requesting them on a terminal would print an error there.
    let log = tracing_subscriber::fmt::layer().with_ansi(false);
    // If standard error is closed, a report about it would end the program in the middle of its work.
    let log = log.log_internal_errors(false);
    let writer = match file {
        Some(file) => BoxMakeWriter::new(Mutex::new(file)),
        None if has_screen => BoxMakeWriter::new(std::io::sink),
        None => BoxMakeWriter::new(std::io::stderr),
    };
    tracing_subscriber::registry().with(log.with_writer(writer).with_filter(filter)).init();
    if let Some(error) = bad {
        tracing::warn!(%error, "TASK_GRAPH_LOG is not understood");
    }
    if let Some(error) = no_file {
        tracing::warn!(%error, "TASK_GRAPH_LOG_DIR cannot be written to");
    }
}

/// Opens the log of this process in the folder that TASK_GRAPH_LOG_DIR names, if it names one.
fn log_file() -> Option<std::io::Result<File>> {
    let folder = std::env::var_os("TASK_GRAPH_LOG_DIR").filter(|folder| !folder.is_empty())?;
    let file = Path::new(&folder).join(format!("task-graph-{}.log", std::process::id()));
    Some(fs::create_dir_all(&folder).and_then(|()| File::options().create(true).append(true).open(file)))
}

fn start(flags: &Flags) -> Start {
    Start {
        directory: flags.directory.clone(),
        config: flags.config.clone(),
        database: flags.database.clone(),
        toolset: flags.toolset,
        ..Start::from_environment()
    }
}

fn open(project: Project, caller: Caller) -> Result<App> {
    let options = Options {
        lock_wait: Duration::from_millis(project.config.lock_wait_ms.unsigned_abs()),
        synced: project.config.durability == Durability::Full,
    };
    for name in project.config.descriptions.keys() {
        ops::find(name).map_err(|error| Error::Config {
            message: format!("`tools.{name}`: {error}"),
            hint: error.hint().unwrap_or_default(),
        })?;
    }
    let store = Store::open(&project.database, options)?;
    App::new(store, project.config, Caller { places: project.places, ..caller })
}

/// Opens an existing store for a person to view, and returns it with the project's name.
fn looked_at(project: Project, start: &Start) -> Result<(App, String)> {
    if !project.database.exists() {
        return Err(Error::not_found("store", project.database.display()));
    }
    let name = project.places.root.file_name().unwrap_or_default().to_string_lossy().into_owned();
    // Viewing neither delivers a worker's messages nor renews its lease.
    let app = open(project, Caller { worker: None, ..caller(start)? })?;
    Ok((app, name))
}

/// Returns the caller that the environment describes.
fn caller(start: &Start) -> Result<Caller> {
    Ok(Caller {
        worker: variable(&start.environment, "TASK_GRAPH_WORKER_ID")?,
        process: None,
        places: Places::default(),
        stopped_at: stopped_at(&start.environment)?,
    })
}

/// Returns the time at which the clock is stopped for tests. Release builds ignore the
/// variable, since one call by a wrong clock makes trouble for all.
fn stopped_at(environment: &BTreeMap<String, String>) -> Result<Option<Timestamp>> {
    const NAME: &str = "TASK_GRAPH_NOW";
    if !cfg!(debug_assertions) {
        return Ok(None);
    }
    let stopped_at: Option<Timestamp> = variable(environment, NAME)?;
    match stopped_at {
        Some(at) if !at.is_of_our_time() => {
            Err(Error::input(format!("{NAME}: {at} is not between 2000 and 2100"), ""))
        }
        at => Ok(at),
    }
}

fn variable<T>(environment: &BTreeMap<String, String>, name: &str) -> Result<Option<T>>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    let text = environment.get(name).filter(|text| !text.is_empty());
    let value = text.map(|text| text.parse()).transpose();
    value.map_err(|error: T::Err| Error::input(format!("{name}: {error}"), ""))
}
