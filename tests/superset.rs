//! What a tool of this kind has to do that others do not: each demand with the tests that show it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

/// A demand, and the tests of this binary that fail where it is not met.
const DEMANDS: &[(&str, &[&str])] = &[
    (
        "an agent that was prompted for the public implementation works on unchanged",
        &[
            "surfaces::every_example_goes_as_it_says_and_the_same_through_both_faces",
            "ops::common::names_from_other_tools_are_understood",
            "ops::common::what_means_nothing_here_is_taken_and_the_caller_is_told",
            "reload::a_variable_that_means_nothing_is_told_once_and_in_the_settings",
            "readme::the_page_of_operations_is_the_catalogue",
        ],
    ),
    (
        "a thousand jobs are rows of one call or lines of a file, and a lost answer makes no second batch",
        &[
            "ops::create::rows_are_tasks_with_fields_in_common",
            "ops::create::each_of_a_partial_list_is_there_wholly_or_not_at_all",
            "ops::create::a_repeated_call_creates_nothing_twice",
            "feeding::what_is_wrong_is_named_by_its_line_and_the_rest_goes_on_where_it_stopped",
        ],
    ),
    (
        "what came of them, who did what, and the figures leave the store as tables and for a monitor",
        &[
            "feeding::nothing_is_cut_short_in_what_is_written",
            "feeding::a_monitor_can_read_the_figures",
            "ops::stats::the_last_hour_is_measured",
        ],
    ),
    (
        "a job is tried again as often as it may and no oftener, whoever fails, dies or takes too long",
        &[
            "crash::jobs::every_job_ends_as_its_workers_said_whoever_was_killed",
            "ops::retries::what_kills_whoever_touches_it_comes_to_an_end",
            "ops::leases::what_always_takes_too_long_comes_to_an_end",
            "ops::selectors::what_a_claim_asks_is_answered_by_an_index",
        ],
    ),
    (
        "resources and templates have addresses, types, limits, and say when they change",
        &[
            "protocol::resources::templates_are_filled_in_with_names_as_they_are_or_escaped",
            "protocol::news::a_change_is_told_to_who_subscribed_to_what_it_changes",
        ],
    ),
    (
        "the shipped workflows and overlays are data, and a task goes through each of them",
        &[
            "workflows::a_task_goes_through_every_shipped_workflow",
            "workflows::a_task_goes_through_every_shipped_workflow_under_every_overlay",
        ],
    ),
    (
        "advice reaches whom it concerns, and a tag that names a risk asks for its evidence",
        &[
            "ops::get_advisory::advice_is_what_concerns_the_task_and_the_rest_is_named",
            "ops::get_advisory::who_claims_is_told_once_on_what_there_is_advice_and_again_when_there_is_more",
            "workflows::the_risk_that_a_tag_names_asks_for_its_evidence",
        ],
    ),
    (
        "a gate that rejects is passed by nobody, in no way, without its evidence",
        &[
            "gates_hold::nothing_is_done_without_the_evidence_that_is_insisted_on",
            "ops::gates::force_opens_no_gate_that_rejects",
            "ops::gates::who_takes_a_task_over_needs_evidence_too",
        ],
    ),
    (
        "a caller's own SQL only reads, ends in time and size, and holds up nobody",
        &[
            "ops::query::it_does_nothing_but_read",
            "ops::query::what_never_ends_is_stopped",
            "ops::query::what_would_fill_the_memory_is_refused",
            "protocol::long_calls::others_are_answered_while_a_query_runs_away",
        ],
    ),
    (
        "what was written is found: words, phrases, punctuation, also in attachments and thoughts",
        &[
            "ops::search::words_are_found_as_people_write_them",
            "ops::search::a_broken_expression_is_read_as_words_and_says_so",
            "ops::search::attachments_and_thoughts_are_searched_too",
        ],
    ),
    (
        "any number of processes write: no lock error, no lost count, no circle, one winner who is named",
        &[
            "race::claims::one_of_many_claims_wins",
            "race::reports::no_report_is_lost",
            "race::drains::a_queue_is_drained_by_those_who_list_and_choose",
            "race::links::of_two_opposite_links_one_is_refused_with_the_circle",
        ],
    ),
    (
        "any number of processes start at once, on no file or an old one",
        &[
            "race::starts::sixty_four_processes_that_start_at_once_all_connect",
            "race::starts::the_first_calls_to_a_new_store_may_all_be_writes",
            "upgrade::every_released_schema_becomes_the_fresh_one",
        ],
    ),
    (
        "a call is one transaction with all that belongs to it",
        &[
            "protocol::wrong_calls::a_call_that_fails_half_way_leaves_nothing",
            "ops::update::a_refused_update_leaves_no_attachment",
            "ops::update::a_refused_update_leaves_no_file",
            "crash::kills::a_process_that_is_killed_among_thousands_of_writes_leaves_no_half_of_one",
        ],
    ),
    (
        "what is attached can be read in parts, has a limit, and no name leads out of the folder",
        &[
            "ops::attachments::a_long_text_is_read_in_parts_that_fit",
            "ops::attachments::bytes_come_back_as_they_were",
            "ops::attach::the_id_of_a_task_is_no_path",
            "ops::attach::as_much_as_is_allowed_may_be_attached",
            "ops::attach::a_text_is_kept_with_its_maker_and_attempt",
            "race::reports::a_file_that_something_refers_to_is_never_swept",
        ],
    ),
    (
        "what ends a task is declared, and whoever ends it goes the same way",
        &[
            "ops::update::a_task_cannot_be_done_before_what_is_in_it",
            "ops::disconnect::what_is_in_a_task_holds_back_its_end_here_too",
            "replay::every_rule_has_moved_something",
        ],
    ),
    (
        "a workflow says what a claim enters, a task carries its workflow, an unknown one is an error",
        &[
            "ops::connect::an_unknown_workflow_is_refused_with_the_valid_ones",
            "workflows::a_task_goes_through_every_shipped_workflow",
            "workflows::a_task_goes_through_every_shipped_workflow_under_every_overlay",
        ],
    ),
    (
        "evidence is looked at, counts for its attempt, and nobody gets past a gate by another way",
        &[
            "gates_hold::nothing_is_done_without_the_evidence_that_is_insisted_on",
            "ops::gates::an_empty_text_is_no_evidence",
            "ops::gates::the_evidence_of_an_earlier_attempt_does_not_count",
            "ops::check_gates::each_step_is_judged",
        ],
    ),
    (
        "listing, claiming and explaining agree on what is ready",
        &[
            "ops::explain::what_it_says_is_what_claim_says",
            "properties::whatever_is_called_some_things_stay_true",
        ],
    ),
    (
        "every call renews the lease, the program decides who is gone, and who was gone is told",
        &[
            "ops::common::every_call_of_a_worker_is_a_sign_of_life",
            "ops::cleanup_stale::a_live_worker_cannot_be_put_out",
            "ops::common::a_worker_that_was_gone_is_told_so",
        ],
    ),
    (
        "an assignment survives edits, and its start is checked like a claim",
        &[
            "ops::update::an_assignment_survives_edits",
            "ops::update::an_assignee_starts_only_when_nothing_speaks_against_it",
        ],
    ),
    (
        "history says who, why, from what to what",
        &[
            "ops::events::an_entry_says_who_did_what_and_why",
            "ops::update::edits_say_what_changed_and_are_recorded",
            "ops::link::a_link_is_in_the_feed",
            "ops::rename::it_is_in_the_feed",
        ],
    ),
    (
        "the next task is taken in one call",
        &[
            "ops::claim::without_a_task_it_takes_the_best_ready_one",
            "race::drains::a_queue_is_drained_by_claims_without_a_name",
        ],
    ),
    (
        "who waits is told of work, ends, files and messages, also of what other processes do",
        &[
            "race::waits::of_ten_that_wait_for_one_task_nine_go_on_waiting",
            "race::waits::whoever_goes_on_from_a_cursor_misses_nothing",
            "protocol::news::what_another_process_changes_is_told_to_clients_of_both_eras",
            "race::messages::what_eight_processes_send_at_once_is_told_once_each",
        ],
    ),
    (
        "a conflict of marks names holder, reason, task and age, and the holder sees who waits",
        &[
            "ops::mark_file::who_comes_second_learns_who_was_first_and_is_noted",
            "ops::mark_updates::the_holder_hears_who_waits",
        ],
    ),
    (
        "exclusive names are taken all or none, and a file has one name from every worktree",
        &[
            "ops::mark_file::exclusive_names_are_taken_all_or_none",
            "ops::mark_file::the_same_file_is_one_from_every_worktree_and_through_links",
        ],
    ),
    (
        "every change of a mark is told to everybody once and in order, also that somebody died",
        &[
            "race::marks::every_worker_is_told_every_event_once_and_in_order",
            "race::marks::what_a_killed_process_had_marked_is_free_within_a_look",
        ],
    ),
    (
        "a wrong argument is refused with the right one, and what agents are told is true",
        &[
            "ops::common::an_unknown_argument_is_refused_with_the_nearest_name",
            "ops::common::a_wrong_type_is_refused",
            "catalogue::every_array_says_what_is_in_it",
            "protocol::instructions::every_call_in_the_instructions_works_in_their_order",
            "skills::every_call_in_a_text_can_be_made",
            "skills::every_query_in_a_text_runs_and_finds_what_it_should",
        ],
    ),
    (
        "every list has a limit, a total and a way to go on, and all filters combine",
        &[
            "ops::list_tasks::the_default_is_a_page_of_ten_with_a_total_and_a_way_to_go_on",
            "ops::list_tasks::every_combination_of_filters_shows_what_a_naive_one_would",
            "answers::no_plain_answer_is_above_a_thousand_tokens",
        ],
    ),
    (
        "the process ends with its client, and a mistake in the settings is told with its place",
        &[
            "crash::clients::the_end_of_its_input_ends_a_server",
            "crash::clients::no_server_outlives_its_client_that_was_killed",
            "shell::a_setting_that_is_not_one_is_told_to_people_and_to_agents",
            "reload::what_cannot_be_used_is_told_once_and_the_old_settings_hold",
        ],
    ),
    (
        "what is asked all the time costs the same among 20,000 tasks and 50 workers",
        &["src/ops/flat.rs::what_is_asked_all_the_time_costs_the_same_in_a_large_store"],
    ),
    (
        "every refusal has a code, the facts and the next step",
        &["errors::every_code_is_brought_about_by_some_call", "errors::every_refusal_names_the_next_step"],
    ),
];

#[test]
fn every_demand_has_tests_that_are_there() {
    let listed = Command::new(std::env::current_exe().unwrap()).args(["--list", "--format=terse"]).output();
    let listed = String::from_utf8(listed.unwrap().stdout).unwrap();
    let tests: BTreeSet<&str> = listed.lines().filter_map(|line| line.strip_suffix(": test")).collect();

    for (demand, shown_by) in DEMANDS {
        assert!(!shown_by.is_empty(), "{demand}");
        for test in *shown_by {
            let is_there = match test.strip_prefix("src/") {
                Some(inner) => is_in_source(inner),
                None => tests.contains(test),
            };
            assert!(is_there, "{demand}: there is no test `{test}`");
        }
    }
}

/// Says whether a file of the program has a test, named as `folder/file.rs::test`.
fn is_in_source(test: &str) -> bool {
    let (file, name) = test.split_once("::").unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(file);
    fs::read_to_string(source).unwrap().contains(&format!("#[test]\nfn {name}()"))
}
