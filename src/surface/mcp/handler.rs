//! What the server answers to each request of the protocol.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rmcp::model::{
    CacheScope, CallToolRequestMethod, CallToolRequestParams, CallToolResponse, CallToolResult, ConstString,
    CustomRequest, CustomResult, ErrorCode, Implementation, InitializeRequestParams, InitializeResult,
    InitializeResultMethod, ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig,
    SubscriptionFilter, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::call::Call;
use super::{Server, answer, tools};
use crate::config::Config;
use crate::{App, Error};

/// Under which name a client tells what it calls a call.
const CALL_ID: &str = "claudecode/toolUseId";
/// The list stands as long as the process; a new one may have other settings.
const LIST_STANDS_MS: u64 = 3_600_000;

pub struct Handler {
    opened: Result<Arc<App>, Error>,
    tools: Vec<Tool>,
}

impl Handler {
    /// Returns what agents are told when they connect.
    fn instructions(&self) -> &str {
        let own = self.opened.as_ref().ok().and_then(|app| app.config.instructions.as_deref());
        own.unwrap_or(include_str!("instructions.md").trim_end())
    }

    pub fn new(Server { opened, toolset }: Server) -> Self {
        let tools = match &opened {
            Ok(app) => tools::listed(toolset, &app.config),
            Err(_) => tools::listed(toolset, &Config::builtin()),
        };
        Self { opened: opened.map(Arc::new), tools }
    }
}

impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().build();
        let this = Implementation::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
        ServerConfig::new(capabilities).with_server_info(this).with_instructions(self.instructions())
    }

    async fn initialize(
        &self,
        mut request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        let agreed = self.negotiate_initialize(&request)?;
        request.protocol_version = agreed.protocol_version.clone();
        context.peer.set_peer_info(request);
        Ok(agreed)
    }

    async fn list_tools(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(self.tools.clone())
            .with_ttl_ms(LIST_STANDS_MS)
            .with_cache_scope(CacheScope::Private))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let id = context.meta.get(CALL_ID).and_then(Value::as_str);
        let call = Call {
            tool: request.name.into_owned(),
            arguments: request.arguments.unwrap_or_default(),
            id: id.map(str::to_owned),
        };
        let result = match &self.opened {
            Ok(app) => answered(call, app).await,
            Err(error) => answer::refusal(error),
        };
        Ok(result.into())
    }

    /// Clients that listen for changes get their stream: nothing that is offered changes yet.
    fn accepted_subscription_filter(&self, wanted: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(wanted.clone())
    }

    /// Gets the methods that are unknown, and those whose parameters cannot be read.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        Err(match request.method.as_str() {
            CallToolRequestMethod::VALUE => unreadable::<CallToolRequestParams>(&request),
            InitializeResultMethod::VALUE => unreadable::<InitializeRequestParams>(&request),
            method => {
                let unknown = format!("no method is called `{method}`");
                ErrorData::new(ErrorCode::METHOD_NOT_FOUND, unknown, None)
            }
        })
    }
}

/// Answers a call here if it can be done at once; else on a thread that may wait, while other calls are answered.
async fn answered(call: Call, app: &Arc<App>) -> CallToolResult {
    if call.may_change() {
        tokio::spawn(tidy(Arc::clone(app)));
    }
    let answered = match catch_unwind(AssertUnwindSafe(|| call.answer_at_once(app))) {
        Ok(Some(result)) => return result,
        Ok(None) => {
            let app = Arc::clone(app);
            tokio::task::spawn_blocking(move || call.answer(&app)).await.ok()
        }
        Err(_) => None,
    };
    // A panic has said on stderr where it was.
    answered.unwrap_or_else(|| answer::refusal(&Error::internal("the operation broke off, see the log")))
}

/// Looks after the store when the answer is out.
async fn tidy(app: Arc<App>) {
    let tidied = match app.store.is_untidy() {
        Ok(false) => return,
        Ok(true) => tokio::task::spawn_blocking(move || app.tidy()).await.ok(),
        Err(error) => Some(Err(error)),
    };
    if let Some(Err(error)) = tidied {
        tracing::debug!(%error, "the store was not tidied");
    }
}

fn unreadable<P: DeserializeOwned>(request: &CustomRequest) -> ErrorData {
    let problem = match request.params_as::<P>() {
        Err(error) => error.to_string(),
        Ok(_) => "`params` is missing".to_owned(),
    };
    ErrorData::invalid_params(format!("`{}`: {problem}", request.method), None)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_instructions_are_short() {
        let instructions = include_str!("instructions.md");

        assert!(instructions.split_whitespace().count() <= 120);
    }
}
