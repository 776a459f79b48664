//! The answer of an operation as the result of a tool.
//!
//! Some clients show their model the structured content, others the text, so both are the same.
//! A refusal is text alone: structured content beside it makes some clients hide the message.

use rmcp::ErrorData;
use rmcp::model::{CallToolResult, ContentBlock, ErrorCode, MetaObject};
use serde_json::{Value, json};

use super::reach::{make_notices_reachable, reachable};

use crate::config::Toolset;
use crate::error::{Error, Kind, Result};
use crate::surface::compact::shorten_ids;

/// The field with the code of a refusal, for programs. Some clients give their model the whole
/// result, so everything else is in the text only.
const ERROR: &str = "task-graph/error";

/// Returns an answer with the messages in `riding`. The value of a success already contains them.
pub fn result(answer: Result<Value>, riding: &[String], toolset: Toolset) -> CallToolResult {
    match answer {
        Ok(mut value) => {
            shorten_ids(&mut value);
            make_notices_reachable(&mut value, toolset);
            CallToolResult::structured(value)
        }
        Err(error) => refusal(&error, riding, toolset),
    }
}

/// Returns a refusal, with the next step in the names that the caller was shown.
pub fn refusal(error: &Error, riding: &[String], toolset: Toolset) -> CallToolResult {
    if error.kind() == Kind::Internal {
        tracing::error!(%error, "a call failed");
    }
    let mut text = format!("error[{}]: {error}", error.code());
    if let Some(hint) = error.hint() {
        text += &format!("\nhint: {}", reachable(&hint, toolset));
    }
    for line in riding {
        text += &format!("\nmessage: {line}");
    }
    let mut meta = MetaObject::new();
    meta.0.insert(ERROR.into(), json!({ "code": error.code() }));
    CallToolResult::error(vec![ContentBlock::text(text)]).with_meta(Some(meta))
}

/// Returns a refusal as an error of the protocol, where only those are possible.
///
/// Clients drop the facts beside the message, so the next step is in the message.
pub fn error(error: &Error) -> ErrorData {
    let message = match error.hint() {
        Some(hint) => format!("{error}; {hint}"),
        None => error.to_string(),
    };
    let facts = Some(error.to_json());
    match error.kind() {
        Kind::NotFound => ErrorData::resource_not_found(message, facts),
        Kind::Input | Kind::Refused => ErrorData::invalid_params(message, facts),
        Kind::Busy | Kind::Setup | Kind::Internal => ErrorData::internal_error(message, facts),
    }
}

/// Returns the error for an unknown name among the parameters, which is no missing resource.
pub fn error_of_params(error: &Error) -> ErrorData {
    ErrorData { code: ErrorCode::INVALID_PARAMS, ..self::error(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "01997c5e-8a2b-7c3d-9e4f-a1b2c3d4e5f6";

    #[test]
    fn a_success_says_the_same_twice() {
        let result = json!(result(Ok(json!({ "id": ID, "status": "working" })), &[], Toolset::Core));

        assert_eq!(result["structuredContent"], json!({ "id": "c3d4e5f6", "status": "working" }));
        assert_eq!(result["content"][0]["text"], r#"{"id":"c3d4e5f6","status":"working"}"#);
        assert_eq!(result["isError"], false);
    }

    #[test]
    fn a_refusal_is_said_once_with_its_code_aside() {
        let error =
            Error::NotFound { what: "task", name: "scema".into(), near: vec![ID.into(), "schema".into()] };

        let result = json!(result(Err(error), &["#7 stop from bob: wait".into()], Toolset::Core));

        let text = result["content"][0]["text"].as_str().unwrap();
        assert!(text.starts_with("error[not_found]: no task is called `scema`\nhint: "), "{text}");
        assert!(text.ends_with("\nmessage: #7 stop from bob: wait"), "{text}");
        assert_eq!(result["isError"], true);
        assert_eq!(result.get("structuredContent"), None);
        assert_eq!(result["_meta"], json!({ "task-graph/error": { "code": "not_found" } }));
    }

    #[test]
    fn a_refusal_without_a_hint_is_one_line() {
        let result = json!(result(Err(Error::input("`title` is empty", "")), &[], Toolset::Core));

        assert_eq!(result["content"][0]["text"], "error[input]: `title` is empty");
    }

    #[test]
    fn who_knows_the_queues_names_only_is_hinted_at_those() {
        let error = Error::NotFound { what: "worker", name: "ann".into(), near: Vec::new() };

        let [own, queue] =
            [Toolset::Full, Toolset::Queue].map(|toolset| json!(refusal(&error, &[], toolset)));

        assert!(own["content"][0]["text"].as_str().unwrap().contains("`connect`"));
        assert!(queue["content"][0]["text"].as_str().unwrap().contains("`register_agent`"));
    }
}
