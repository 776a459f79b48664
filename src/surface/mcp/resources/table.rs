//! The resources. A row is an address and the call it stands for.

use super::{Asks, Row, Shows, Topic};
use crate::ops::Subject;
use Asks::{Given, GivenAfter, Number, Text, Yes};
use Topic::{Marks, Tasks, Workers};

/// The most rows of a resource; the tool has the rest.
const ROWS: Asks = Number(100);
/// The most bytes of a text.
const BYTES: Asks = Number(60_000);

/// The fields that most rows have in common.
const LIST: Row = Row {
    address: "",
    name: "",
    about: "",
    operation: "list_tasks",
    arguments: &[("limit", ROWS)],
    shows: Shows::Json,
    topics: &[Tasks],
    subject: None,
};

const SETTINGS: Row = Row { operation: "config", topics: &[], ..LIST };

/// The resources, in the order in which they are listed.
pub const RESOURCES: &[Row] = &[
    Row { address: "query://tasks/all", name: "tasks", about: "The newest tasks", ..LIST },
    Row {
        address: "query://tasks/ready",
        name: "ready tasks",
        about: "What can be claimed now, the best first",
        arguments: &[("ready", Yes), ("limit", ROWS)],
        ..LIST
    },
    Row {
        address: "query://tasks/blocked",
        name: "blocked tasks",
        about: "What waits for other tasks",
        arguments: &[("blocked", Yes), ("limit", ROWS)],
        ..LIST
    },
    Row {
        address: "query://tasks/claimed",
        name: "claimed tasks",
        about: "What workers hold",
        arguments: &[("claimed", Yes), ("limit", ROWS)],
        ..LIST
    },
    Row {
        address: "query://tasks/agent/{agent_id}",
        name: "a worker's tasks",
        about: "What this worker holds",
        arguments: &[("owner", Given), ("limit", ROWS)],
        subject: Some(Subject::Worker),
        ..LIST
    },
    Row {
        address: "query://tasks/tree/{task_id}",
        name: "a task's tree",
        about: "The tasks in this one, nearest first",
        operation: "scan",
        arguments: &[("task", Given), ("below", Number(-1)), ("limit", ROWS)],
        subject: Some(Subject::Task),
        ..LIST
    },
    Row {
        address: "query://files/marks",
        name: "marks",
        about: "Who works on which files, and who waits for them",
        operation: "list_marks",
        topics: &[Marks],
        ..LIST
    },
    Row {
        address: "query://agents/all",
        name: "workers",
        about: "Who is here, and what they hold and think",
        operation: "list_agents",
        topics: &[Tasks, Workers],
        ..LIST
    },
    Row {
        address: "query://stats/summary",
        name: "summary",
        about: "The tasks, counted",
        operation: "status_summary",
        arguments: &[],
        topics: &[Tasks, Workers],
        ..LIST
    },
    Row {
        address: "config://current",
        name: "settings",
        about: "Every setting, and where it comes from",
        arguments: &[("key", Text(""))],
        ..SETTINGS
    },
    Row {
        address: "config://states",
        name: "states",
        about: "The states of tasks, and what may follow each",
        arguments: &[("key", Text("states."))],
        ..SETTINGS
    },
    Row {
        address: "config://phases",
        name: "phases",
        about: "The kinds of work a task can be in",
        arguments: &[("key", Text("phases"))],
        ..SETTINGS
    },
    Row {
        address: "config://dependencies",
        name: "kinds of links",
        about: "How tasks can be linked, and what each link holds back",
        arguments: &[("key", Text("dependencies."))],
        ..SETTINGS
    },
    Row {
        address: "config://tags",
        name: "tags",
        about: "The tags the project has declared",
        arguments: &[("key", Text("tags."))],
        ..SETTINGS
    },
    Row {
        address: "docs://skills/list",
        name: "skills",
        about: "Guides for agents",
        operation: "list_skills",
        topics: &[],
        ..LIST
    },
    Row {
        address: "docs://skills/{name}",
        name: "a skill",
        about: "A guide for agents",
        operation: "get_skill",
        arguments: &[("name", Given), ("limit", BYTES)],
        shows: Shows::Markdown("content"),
        topics: &[],
        subject: Some(Subject::Skill),
    },
    Row {
        address: "docs://workflows/list",
        name: "workflows",
        about: "The ways in which teams can work, and what can be laid over them",
        operation: "list_workflows",
        arguments: &[],
        topics: &[],
        ..LIST
    },
    Row {
        address: "docs://workflows/{name}",
        name: "a workflow",
        about: "The states, phases, gates and roles of a workflow, or what an overlay adds",
        operation: "list_workflows",
        arguments: &[("name", Given)],
        topics: &[],
        subject: Some(Subject::Workflow),
        ..LIST
    },
    Row {
        address: "docs://overlays/list",
        name: "overlays",
        about: "What workers can lay over the workflow of their tasks",
        operation: "list_workflows",
        arguments: &[],
        shows: Shows::Part("overlays"),
        topics: &[],
        ..LIST
    },
    Row {
        address: "docs://overlays/{name}",
        name: "an overlay",
        about: "The states, phases, gates, roles and advice that an overlay adds",
        operation: "list_workflows",
        arguments: &[("name", GivenAfter("overlay-"))],
        topics: &[],
        subject: Some(Subject::Overlay),
        ..LIST
    },
];
