//! Finds a project and reads its settings, tier by tier.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::paths::Places;
use super::read::shipped;
use super::skill::Skills;
use super::source::{Source, mistake};
use super::tree::Node;
use super::workflow::Files;
use super::{Config, Origin, Toolset, environment, shipped as compiled_in};
use crate::error::Result;

/// The flags and the environment of a process.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// The directory to work in, if not the current one: `-C`.
    pub directory: Option<PathBuf>,
    /// A file to read in place of the project's own: `--config`.
    pub config: Option<PathBuf>,
    /// The store: `--database`.
    pub database: Option<PathBuf>,
    pub toolset: Option<Toolset>,
    pub environment: BTreeMap<String, String>,
}

/// A project: its folders, its store and its settings.
#[derive(Clone, Debug)]
pub struct Project {
    pub places: Places,
    pub database: PathBuf,
    pub config: Config,
}

pub(super) const FILE: &str = "config.yaml";
const DATABASE: &[&str] = &["server", "db_path"];
const TOOLSET: &[&str] = &["server", "toolset"];

/// The environment variables that are settings.
const VARIABLES: &[(&str, &[&str])] = &[
    ("TASK_GRAPH_DB_PATH", DATABASE),
    ("TASK_GRAPH_TOOLSET", TOOLSET),
    ("TASK_GRAPH_DURABILITY", &["server", "durability"]),
];

impl Start {
    /// Returns a start without flags, in the environment of this process.
    pub fn from_environment() -> Self {
        let environment = std::env::vars_os()
            .map(|(name, value)| [name, value].map(|text| text.to_string_lossy().into_owned()))
            .filter(|[name, _]| name == "HOME" || name.starts_with("TASK_GRAPH_"))
            .map(|[name, value]| (name, value))
            .collect();
        Self { environment, ..Self::default() }
    }

    /// Returns a variable; an empty one counts as unset.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        let value = self.environment.get(name)?;
        (!value.is_empty()).then_some(value)
    }
}

impl Project {
    /// Finds the project of a process.
    ///
    /// Paths in the environment are relative to the root, as in files. Paths in flags are
    /// relative to the start directory.
    pub fn find(start: &Start) -> Result<Self> {
        let places = Places::find(start)?;
        let config = read(start, &places)?;
        Ok(Self { database: places.resolve(&config.db_path)?, places, config })
    }
}

fn read(start: &Start, places: &Places) -> Result<Config> {
    let mut tiers = Tiers { settings: shipped().clone(), files: compiled_in::files().clone() };
    if let Some(folder) = &places.installed_folder {
        tiers.add_file(&folder.join(FILE), Origin::InstalledFile)?;
    }
    if let Some(folder) = &places.user_folder {
        tiers.add_file(&folder.join(FILE), Origin::UserFile)?;
    }
    tiers.add_file(&project_file(start, places)?, |path| {
        let inside = path.strip_prefix(&places.root).map(Path::to_path_buf);
        Origin::ProjectFile(inside.unwrap_or(path))
    })?;
    for (name, key) in VARIABLES {
        if let Some(value) = start.variable(name) {
            tiers.add(Origin::Environment(name), key, value.into())?;
        }
    }
    if let Some(path) = &start.database {
        let path = text(&places.given(text(path)?)?)?.into();
        tiers.add(Origin::Flag("--database"), DATABASE, path)?;
    }
    if let Some(toolset) = start.toolset {
        tiers.add(Origin::Flag("--toolset"), TOOLSET, serde_json::to_value(toolset)?)?;
    }
    let config = Config::read(tiers.settings, tiers.files)?;
    Ok(Config { skills: Skills::of(start, places)?, unheeded: environment::unheeded(start), ..config })
}

/// Returns the file of the project's settings. It need not exist, unless it was named.
pub(super) fn project_file(start: &Start, places: &Places) -> Result<PathBuf> {
    const VARIABLE: &str = "TASK_GRAPH_CONFIG_PATH";
    let (path, named_by) = match (&start.config, start.variable(VARIABLE)) {
        (Some(path), _) => (places.given(text(path)?)?, "--config"),
        (None, Some(path)) => (places.resolve(path)?, VARIABLE),
        (None, None) => return Ok(places.project_folder.join(FILE)),
    };
    if path.exists() {
        return Ok(path);
    }
    let message = format!("there is no file `{}`, which {named_by} names", path.display());
    Err(mistake(message, ""))
}

fn text(path: &Path) -> Result<&str> {
    let refused = || mistake(format!("the path `{}` is not UTF-8", path.display()), "");
    path.to_str().ok_or_else(refused)
}

/// The tiers merged so far.
struct Tiers {
    settings: Node,
    files: Files,
}

impl Tiers {
    /// Adds a file, if it exists, and the workflows beside it.
    fn add_file(&mut self, file: &Path, origin: impl Fn(PathBuf) -> Origin) -> Result<()> {
        if let Some(source) = Source::read(file, origin(file.to_path_buf()))? {
            self.settings.lay(source.tree()?)?;
        }
        let folder = file.parent().unwrap_or(file);
        self.files.add_folder(folder, origin)
    }

    fn add(&mut self, origin: Origin, key: &[&str], value: Value) -> Result<()> {
        let source = Source::new(origin, "");
        self.settings.lay(Node::single(&source, key, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Case, Naming};
    use std::fs;

    /// A home and a project, with the files that a test writes.
    struct Disk(tempfile::TempDir);

    impl Disk {
        fn with(files: &[(&str, &str)]) -> Self {
            let disk = Self(tempfile::tempdir().unwrap());
            fs::create_dir_all(disk.path("p/.task-graph")).unwrap();
            for (file, text) in files {
                let path = disk.path(file);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            disk
        }

        fn path(&self, inside: &str) -> PathBuf {
            self.0.path().canonicalize().unwrap().join(inside)
        }

        fn start(&self, variables: &[(&str, &str)]) -> Start {
            let home = self.path("home").display().to_string();
            let mut environment = BTreeMap::from([("HOME".into(), home)]);
            environment.extend(variables.iter().map(|(name, value)| ((*name).into(), (*value).into())));
            Start { directory: Some(self.path("p")), environment, ..Start::default() }
        }
    }

    fn origin(project: &Project, key: &str) -> String {
        let settings = project.config.settings();
        let setting = settings.iter().find(|setting| setting.key == key);
        setting.map(|setting| setting.origin.to_string()).unwrap_or_default()
    }

    const USER: &str = "home/.task-graph/config.yaml";
    const PROJECT: &str = "p/.task-graph/config.yaml";
    const WORKFLOW: &str = "
settings: { initial_state: todo, claim_state: doing, disconnect_state: todo, complete_state: done }
states: { todo: { exits: [doing], blocking: true }, doing: { exits: [done], timed: true }, done: { terminal: true } }
";

    #[test]
    fn folders_may_be_named_by_variables() {
        let disk = Disk::with(&[
            ("opt/config.yaml", "server: { claim_limit: 7, default_page_size: 20 }"),
            ("me/config.yaml", "server: { default_page_size: 30 }"),
            ("settings/config.yaml", "ids: { agent_id_words: 3, agent_id_case: pascal }"),
            (PROJECT, "server: { claim_limit: 99 }"),
        ]);
        let folder = |name: &str| disk.path(name).display().to_string();
        let (opt, me, settings) = (folder("opt"), folder("me"), folder("settings"));

        let project = Project::find(&disk.start(&[
            ("TASK_GRAPH_INSTALL_DIR", &opt),
            ("TASK_GRAPH_USER_DIR", &me),
            ("TASK_GRAPH_PROJECT_DIR", &settings),
        ]))
        .unwrap();

        assert_eq!((project.config.claim_limit, project.config.page_size), (7, 30));
        assert_eq!(project.config.worker_names, Naming { words: 3, case: Case::Pascal });
        assert_eq!(project.places.root, disk.path("p"), "the store stays with the project");
        assert!(origin(&project, "server.claim_limit").starts_with("installed file "));
    }

    #[test]
    fn without_any_file_the_defaults_hold() {
        let disk = Disk::with(&[]);

        let project = Project::find(&disk.start(&[])).unwrap();

        assert_eq!(project.places.root, disk.path("p"));
        assert_eq!(project.database, disk.path("p/.task-graph/tasks.db"));
        assert!(project.config.settings().iter().all(|setting| setting.origin == Origin::Default));
    }

    #[test]
    fn each_tier_goes_over_the_one_before() {
        let all = |n| {
            format!("server: {{ claim_limit: {n}, default_page_size: {n}, db_path: {n}.db, toolset: core }}")
        };
        let disk =
            Disk::with(&[(USER, &all(1)), (PROJECT, "server: { default_page_size: 2, db_path: 2.db }")]);
        let mut start = disk.start(&[
            ("TASK_GRAPH_DB_PATH", "3.db"),
            ("TASK_GRAPH_TOOLSET", "core"),
            ("TASK_GRAPH_DURABILITY", "normal"),
        ]);
        start.toolset = Some(Toolset::Full);

        let project = Project::find(&start).unwrap();

        let Config { claim_limit, page_size, toolset, .. } = project.config;
        assert_eq!((claim_limit, page_size, toolset), (1, 2, Toolset::Full));
        assert_eq!(project.database, disk.path("p/3.db"));
        let user = format!("user file {}", disk.path(USER).display());
        for (key, tier) in [
            ("server.lock_wait_seconds", "default"),
            ("server.claim_limit", user.as_str()),
            ("server.default_page_size", "project file .task-graph/config.yaml"),
            ("server.db_path", "environment TASK_GRAPH_DB_PATH"),
            ("server.durability", "environment TASK_GRAPH_DURABILITY"),
            ("server.toolset", "flag --toolset"),
        ] {
            assert_eq!(origin(&project, key), tier, "{key}");
        }
    }

    #[test]
    fn a_database_on_the_command_line_is_relative_to_the_start() {
        let disk = Disk::with(&[("p/deep/x", "")]);
        let mut start = disk.start(&[("TASK_GRAPH_DB_PATH", "other.db")]);
        start.directory = Some(disk.path("p/deep"));
        start.database = Some("mine.db".into());

        let project = Project::find(&start).unwrap();

        assert_eq!(project.places.root, disk.path("p"));
        assert_eq!(project.database, disk.path("p/deep/mine.db"));
        assert_eq!(origin(&project, "server.db_path"), "flag --database");
    }

    #[test]
    fn a_named_file_is_read_in_place_of_the_projects_own() {
        let disk = Disk::with(&[
            (PROJECT, "server: { claim_limit: 1 }"),
            ("p/env.yaml", "server: { default_page_size: 2 }"),
            ("p/flag.yaml", "server: { default_page_size: 3 }"),
        ]);
        let mut start = disk.start(&[("TASK_GRAPH_CONFIG_PATH", "env.yaml")]);

        let by_variable = Project::find(&start).unwrap().config;
        start.config = Some("flag.yaml".into());
        let by_flag = Project::find(&start).unwrap().config;

        assert_eq!((by_variable.claim_limit, by_variable.page_size), (5, 2));
        assert_eq!((by_flag.claim_limit, by_flag.page_size), (5, 3));
    }

    #[test]
    fn a_named_file_has_to_be_there() {
        let disk = Disk::with(&[]);
        let start = disk.start(&[("TASK_GRAPH_CONFIG_PATH", "/no/such.yaml")]);

        let refused = Project::find(&start).unwrap_err();

        assert_eq!(
            refused.to_string(),
            "there is no file `/no/such.yaml`, which TASK_GRAPH_CONFIG_PATH names"
        );
    }

    #[test]
    fn another_folder_may_be_the_users() {
        let disk = Disk::with(&[("mine/config.yaml", "server: { claim_limit: 9 }"), (USER, "nonsense: 1")]);
        let folder = disk.path("mine").display().to_string();

        let project = Project::find(&disk.start(&[("TASK_GRAPH_USER_DIR", &folder)])).unwrap();

        assert_eq!(project.config.claim_limit, 9);
    }

    #[test]
    fn a_mistake_is_told_with_the_tier_it_was_made_in() {
        let disk = Disk::with(&[(USER, "\nserver: { claim_limt: 1 }")]);
        let user = disk.path(USER).display().to_string();

        let in_the_users_file = Project::find(&disk.start(&[])).unwrap_err();
        fs::remove_file(disk.path(USER)).unwrap();
        let in_a_variable = Project::find(&disk.start(&[("TASK_GRAPH_TOOLSET", "all")])).unwrap_err();

        assert_eq!(in_the_users_file.to_string(), format!("{user}:2: `server.claim_limt` is not a setting"));
        assert_eq!(in_the_users_file.code(), "config");
        assert_eq!(
            in_a_variable.to_string(),
            "TASK_GRAPH_TOOLSET: `server.toolset` cannot be used: unknown variant `all`, expected one of `core`, `full`, `queue`"
        );
    }

    #[test]
    fn a_file_that_is_not_text_is_refused() {
        let disk = Disk::with(&[(PROJECT, "")]);
        fs::write(disk.path(PROJECT), [0xff, 0xfe]).unwrap();

        let refused = Project::find(&disk.start(&[])).unwrap_err();

        assert!(refused.to_string().contains("config.yaml` cannot be read: "), "{refused}");
    }

    #[test]
    fn workflows_come_from_files_and_the_projects_replace_the_users() {
        let disk = Disk::with(&[
            ("home/.task-graph/workflow-solo.yaml", WORKFLOW),
            ("home/.task-graph/workflow-kanban.yaml", WORKFLOW),
            ("p/.task-graph/workflow-kanban.yaml", &format!("description: ours{WORKFLOW}")),
            (PROJECT, "server: { default_workflow: kanban }"),
        ]);

        let workflows = Project::find(&disk.start(&[])).unwrap().config.workflows;

        let names: Vec<_> = workflows.by_name.keys().collect();
        let shipped = ["default", "solo", "swarm", "relay", "hierarchical", "push", "kanban", "sprint"];
        assert_eq!(names, shipped);
        assert_eq!(workflows.by_name["solo"].states.len(), 3, "the user's own");
        assert_eq!(workflows.default, "kanban");
        assert_eq!(workflows.by_name["kanban"].description, "ours");
    }

    #[test]
    fn a_broken_workflow_is_told_with_its_file() {
        let disk = Disk::with(&[("p/.task-graph/workflow-x.yaml", "settings: 1")]);

        let refused = Project::find(&disk.start(&[])).unwrap_err();

        assert_eq!(
            refused.to_string(),
            ".task-graph/workflow-x.yaml:1: `settings` is a section of settings, not 1"
        );
    }

    #[test]
    fn the_settings_of_this_repository_can_be_used() {
        let disk = Disk::with(&[]);
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let start = Start { config: Some(root.join(".task-graph").join(FILE)), ..disk.start(&[]) };

        let config = Project::find(&start).unwrap().config;

        assert!(!config.known_tags.is_empty());
    }
}
