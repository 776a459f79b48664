//! Every operation, once per outcome: its answer, and each way to fail.
//!
//! A refusal is taken through `Project::refusal`, which also checks that the
//! call left nothing behind.

mod add_overlay;
mod attach;
mod attachments;
mod bulk_update;
mod check_gates;
mod claim;
mod cleanup_stale;
mod common;
mod config;
mod connect;
mod create;
mod create_tree;
mod delete;
mod detach;
mod disconnect;
mod events;
mod explain;
mod gates;
mod get;
mod get_advisory;
mod get_metrics;
mod get_prompts;
mod get_schema;
mod get_skill;
mod give_feedback;
mod inbox;
mod link;
mod list_agents;
mod list_feedback;
mod list_marks;
mod list_skills;
mod list_tasks;
mod list_workflows;
mod log_metrics;
mod mark_file;
mod mark_updates;
mod project_history;
mod query;
mod relink;
mod remove_overlay;
mod rename;
mod scan;
mod search;
mod send;
mod status_summary;
mod task_history;
mod thinking;
mod undelete;
mod unlink;
mod unmark_file;
mod update;
mod wait;
