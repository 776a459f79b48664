//! Reads a line as a message of the protocol, or returns an error to answer with.

use rmcp::ErrorData;
use rmcp::model::{
    CallToolRequestMethod, CallToolRequestParams, ClientJsonRpcMessage, ClientRequest, JsonRpcMessage,
    JsonRpcVersion2_0, Request, RequestId,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::id_scan::IdScan;
use super::lines::{LONGEST, Line};

/// The answer to a line that is no message.
#[derive(Debug, Serialize)]
pub struct Complaint {
    jsonrpc: &'static str,
    id: Value,
    error: ErrorData,
}

/// A call of a tool. Most lines are one, and parsing them as one costs a quarter of
/// parsing them as a message of any kind.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ToolCall {
    #[serde(rename = "jsonrpc")]
    _version: JsonRpcVersion2_0,
    id: RequestId,
    #[serde(rename = "method")]
    _method: CallToolRequestMethod,
    params: CallToolRequestParams,
}

impl From<ToolCall> for ClientJsonRpcMessage {
    fn from(ToolCall { id, mut params, .. }: ToolCall) -> Self {
        let meta = params.meta.take();
        let mut request = Request::new(params);
        if let Some(meta) = meta {
            request.extensions.insert(meta);
        }
        JsonRpcMessage::request(ClientRequest::CallToolRequest(request), id)
    }
}

/// Reads a line.
pub fn read(line: Line) -> Result<ClientJsonRpcMessage, Box<Complaint>> {
    let line = match line {
        Line::Whole(line) => line,
        Line::TooLong { id } => {
            let limit = format!("a message may have at most {LONGEST} bytes");
            return Err(Complaint::new(id.unwrap_or_default(), ErrorData::invalid_request(limit, None)));
        }
    };
    match serde_json::from_slice::<ToolCall>(line) {
        Ok(call) => Ok(call.into()),
        Err(_) => serde_json::from_slice(line).map_err(|_| complaint(line)),
    }
}

fn complaint(line: &[u8]) -> Box<Complaint> {
    let (id, error) = match serde_json::from_slice(line) {
        Err(error) => (id_if_deep(line), ErrorData::parse_error(format!("not JSON: {error}"), None)),
        Ok(Value::Array(_)) => (
            Value::Null,
            ErrorData::invalid_request("batches are not supported, send each message alone", None),
        ),
        Ok(mut value) => (
            value.get_mut("id").map(Value::take).unwrap_or_default(),
            ErrorData::invalid_request("not a JSON-RPC 2.0 message", None),
        ),
    };
    Complaint::new(id, error)
}

/// Returns the id of a message that is nested too deep to be parsed, so that its sender gets an answer
/// before its timeout. Other invalid JSON has no id that could be trusted.
fn id_if_deep(line: &[u8]) -> Value {
    /// The depth that serde_json can parse.
    const DEEPEST: usize = 127;
    let mut scan = IdScan::default();
    scan.feed(line);
    let id = scan.id().filter(|_| scan.deepest() > DEEPEST);
    id.cloned().unwrap_or_default()
}

impl Complaint {
    fn new(id: Value, error: ErrorData) -> Box<Self> {
        let jsonrpc = "2.0";
        Box::new(Self { jsonrpc, id, error })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(line: &[u8]) -> (i32, Value) {
        let complaint = read(Line::Whole(line)).unwrap_err();
        (complaint.error.code.0, complaint.id)
    }

    #[test]
    fn requests_notifications_and_responses_are_messages() {
        for line in [
            r#"{"jsonrpc":"2.0","id":"a","method":"tools/list"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"no/such","params":{"a":1}}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
            r#"{"jsonrpc":"2.0","id":7,"result":{}}"#,
            r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"?"}}"#,
        ] {
            assert!(read(Line::Whole(line.as_bytes())).is_ok(), "{line}");
        }
    }

    #[test]
    fn a_call_of_a_tool_is_the_same_read_as_such_or_as_any_message() {
        for params in [
            r#"{"name":"claim"}"#,
            r#"{"name":"claim","arguments":{"task":"t1","n":[1,{"a":null}]}}"#,
            r#"{"_meta":{"progressToken":7,"x/y":{}},"name":"claim","arguments":{}}"#,
            r#"{"name":"claim","arguments":{"_meta":1},"unknown":2,"task":{"ttl":5}}"#,
        ] {
            let line = format!(r#"{{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{params}}}"#);

            let call = read(Line::Whole(line.as_bytes())).unwrap();

            let message: ClientJsonRpcMessage = serde_json::from_str(&line).unwrap();
            assert!(serde_json::from_str::<ToolCall>(&line).is_ok(), "{line}");
            assert_eq!(format!("{call:?}"), format!("{message:?}"));
            assert_eq!(json!(call), json!(message));
        }
    }

    #[test]
    fn what_is_not_json_is_a_parse_error() {
        let deep = "[".repeat(100_000);
        let lines: [&[u8]; 6] = [
            b"hello",
            b"{\"jsonrpc\":",
            b"{} {}",
            b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}",
            b"\xff\xfe",
            deep.as_bytes(),
        ];
        for line in lines {
            assert_eq!(refused(line), (-32700, Value::Null));
        }
    }

    #[test]
    fn json_that_is_no_message_is_an_invalid_request_under_its_own_id() {
        for (line, id) in [
            (r#"{"jsonrpc":"2.0","id":3}"#, json!(3)),
            (r#"{"id":"x","method":"ping"}"#, json!("x")),
            (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, json!(null)),
            (r#"{"jsonrpc":"2.0","id":1,"method":5}"#, json!(1)),
            (r#"{"jsonrpc":"1.0","id":2,"method":"ping"}"#, json!(2)),
            (r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, json!(null)),
            ("{}", json!(null)),
            ("7", json!(null)),
            ("\"id\"", json!(null)),
        ] {
            assert_eq!(refused(line.as_bytes()), (-32600, id), "{line}");
        }
    }

    #[test]
    fn the_answer_to_a_line_that_is_too_long_says_the_limit() {
        let complaint = read(Line::TooLong { id: Some(json!(7)) }).unwrap_err();

        assert_eq!(
            json!(complaint),
            json!({
                "jsonrpc": "2.0",
                "id": 7,
                "error": { "code": -32600, "message": "a message may have at most 4194304 bytes" },
            })
        );
    }
}
