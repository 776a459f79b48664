//! Lines that are no requests: each gets an answer, and the conversation goes on.

use serde_json::{Value, json};

use crate::support::team::Team;

const PARSE_ERROR: i64 = -32700;
const INVALID_REQUEST: i64 = -32600;
const METHOD_NOT_FOUND: i64 = -32601;
const INVALID_PARAMS: i64 = -32602;

/// Sends a line to a fresh server, and returns the code and the id of its answer.
fn complaint(line: &[u8]) -> (i64, Value) {
    let team = Team::new();
    let mut agent = team.server();
    agent.answer("create", json!({ "id": "t", "title": "T" }));
    agent.send_bytes(line);
    agent.send_bytes(b"\n");
    let said = agent.hear();
    // It is still there, and nothing was stored.
    assert_eq!(agent.answer("status_summary", json!({}))["total"], 1);
    (said["error"]["code"].as_i64().unwrap(), said["id"].clone())
}

#[test]
fn what_is_not_json_is_a_parse_error() {
    let lines: [&[u8]; 4] = [
        b"hello",
        br#"{"jsonrpc":"2.0","id":77,"method":"#,
        b"\xff\xfe\x00",
        b"{\"jsonrpc\":\"2.0\",\"id\":77,\"method\":\"tools/list\xc3\x28\"}",
    ];

    for line in lines {
        let name = String::from_utf8_lossy(line);
        assert_eq!(complaint(line), (PARSE_ERROR, Value::Null), "{name}");
    }
}

/// Returns a call with its id before and behind these parameters, as clients differ in that.
fn before_and_behind(params: &str) -> [String; 2] {
    [
        format!(r#"{{"jsonrpc":"2.0","id":77,"method":"tools/call","params":{params}}}"#),
        format!(r#"{{"method":"tools/call","params":{params},"jsonrpc":"2.0","id":77}}"#),
    ]
}

#[test]
fn a_line_that_is_nested_too_deep_is_refused_under_its_own_id() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));

    for line in before_and_behind(&deep) {
        assert_eq!(complaint(line.as_bytes()), (PARSE_ERROR, json!(77)), "{line}");
    }
}

#[test]
fn a_line_of_ten_megabytes_is_refused_under_its_own_id_and_not_kept() {
    let text = "x".repeat(10 << 20);
    let call = json!({ "name": "create", "arguments": { "title": "T", "id": "x", "description": text } });

    for line in before_and_behind(&call.to_string()) {
        assert_eq!(complaint(line.as_bytes()), (INVALID_REQUEST, json!(77)));
    }
}

#[test]
fn json_that_is_no_message_is_an_invalid_request_under_its_own_id() {
    for (line, id) in [
        (r#"{"jsonrpc":"2.0","id":77}"#, json!(77)),
        (r#"{"id":"x","method":"tools/list"}"#, json!("x")),
        (r#"[{"jsonrpc":"2.0","id":77,"method":"ping"}]"#, Value::Null),
        (r#"{"jsonrpc":"2.0","id":77,"method":"tools/call","params":[]}"#, json!(77)),
        ("7", Value::Null),
    ] {
        assert_eq!(complaint(line.as_bytes()), (INVALID_REQUEST, id), "{line}");
    }
}

#[test]
fn a_method_or_parameters_that_are_unknown_are_refused_under_their_own_id() {
    let call =
        |params: &str| format!(r#"{{"jsonrpc":"2.0","id":77,"method":"tools/call","params":{params}}}"#);
    for (line, code) in [
        (r#"{"jsonrpc":"2.0","id":77,"method":"tasks/list"}"#.to_owned(), METHOD_NOT_FOUND),
        (call("{}"), INVALID_PARAMS),
        (call(r#"{"name":7}"#), INVALID_PARAMS),
        (call(r#"{"name":"get","arguments":["t"]}"#), INVALID_PARAMS),
    ] {
        assert_eq!(complaint(line.as_bytes()), (code, json!(77)), "{line}");
    }
}

#[test]
fn blank_lines_and_notifications_are_passed_over() {
    let team = Team::new();
    let mut agent = team.server();

    agent.send_bytes(b"\n  \r\n");
    agent.send_line(r#"{"jsonrpc":"2.0","method":"notifications/nobody/knows"}"#);
    let cancelled = json!({ "requestId": 99, "reason": "nobody waits" });
    let notification = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": cancelled });
    agent.send_line(&notification.to_string());

    assert_eq!(agent.answer("status_summary", json!({}))["total"], 0);
}
