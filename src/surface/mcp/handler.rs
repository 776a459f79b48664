//! The server's answers to the requests of the protocol.

use std::sync::Arc;

use rmcp::model::{
    CacheScope, CallToolRequestMethod, CallToolRequestParams, CallToolResponse, CancelledNotificationParam,
    CompleteRequestMethod, CompleteRequestParams, CompleteResult, ConstString, CustomRequest, CustomResult,
    ErrorCode, GetPromptRequestMethod, GetPromptRequestParams, GetPromptResponse, Implementation,
    InitializeRequestParams, InitializeResult, InitializeResultMethod, ListPromptsResult,
    ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, PaginatedRequestParams,
    ReadResourceRequestMethod, ReadResourceRequestParams, ReadResourceResponse, ServerCapabilities,
    ServerConfig, SubscribeRequestMethod, SubscribeRequestParams, SubscriptionFilter, Tool,
    UnsubscribeRequestMethod, UnsubscribeRequestParams,
};
use rmcp::service::{NotificationContext, RequestContext, SubscriptionContext};
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::ask::ask;
use super::call::Call;
use super::completion::Begun;
use super::news::News;
use super::receipts::Receipts;
use super::resources::{self, Asked};
use super::{Server, answer, prompts, staying, tools};
use crate::config::{Config, Toolset};
use crate::{App, Patience, Result};

/// The field in which a client sends its own id of a call.
const CALL_ID: &str = "claudecode/toolUseId";
/// The list is valid as long as the process; a new one may have other settings.
const LIST_STANDS_MS: u64 = 3_600_000;

pub struct Handler {
    opened: Result<Arc<App>>,
    toolset: Toolset,
    news: Arc<News>,
    receipts: Arc<Receipts>,
}

impl Handler {
    /// Returns the instructions for agents that connect.
    fn instructions(&self) -> String {
        let own = self.opened.as_ref().ok().and_then(|app| app.config().instructions.clone());
        own.unwrap_or_else(|| shipped_instructions(self.toolset).trim_end().to_owned())
    }

    pub fn new(Server { opened, toolset }: Server, receipts: Arc<Receipts>) -> Self {
        Self { opened: opened.map(Arc::new), toolset, news: Arc::default(), receipts }
    }

    /// Returns the tools as the current settings describe them.
    fn tools(&self) -> Vec<Tool> {
        let Ok(app) = &self.opened else {
            return tools::listed(self.toolset, &Config::builtin());
        };
        if let Err(error) = app.refresh(Patience::Waits) {
            tracing::warn!(%error, "the settings were not read again");
        }
        let config = app.config();
        tools::listed(config.toolset, &config)
    }

    /// Returns the project, if there is one.
    pub fn project(&self) -> Option<Arc<App>> {
        self.opened.as_ref().ok().cloned()
    }

    fn app(&self) -> Result<&Arc<App>, ErrorData> {
        self.opened.as_ref().map_err(answer::error)
    }
}

impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        // No list changes while the server runs, so the server offers no notice of that.
        let capabilities = ServerCapabilities::builder()
            .enable_completions()
            .enable_prompts()
            .enable_resources()
            .enable_resources_subscribe()
            .enable_tools()
            .build();
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
        Ok(ListToolsResult::with_all_items(self.tools())
            .with_ttl_ms(LIST_STANDS_MS)
            .with_cache_scope(CacheScope::Private))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let id = context.meta.get(CALL_ID).and_then(Value::as_str);
        let stay = staying::stay();
        let call = Call {
            tool: request.name.into_owned(),
            arguments: request.arguments.unwrap_or_default(),
            id: id.map(str::to_owned),
            stay: stay.clone(),
        };
        let app = match &self.opened {
            Ok(app) => app,
            Err(error) => return Ok(answer::refusal(error, &[], self.toolset).into()),
        };
        if call.may_change() {
            tokio::spawn(tidy(Arc::clone(app)));
        }
        let answering = call.answered(app);
        let (result, receipt) = staying::answered(answering, &stay, &context).await;
        self.news.look();
        // The answer to a cancelled call is never sent.
        if let Some(receipt) = receipt.filter(|_| !context.ct.is_cancelled()) {
            self.receipts.keep(context.id, app, receipt);
        }
        Ok(result.into())
    }

    async fn list_resources(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let listed = match &self.opened {
            Ok(app) => ask(app, |app, patience| resources::listed(Some(app), patience)).await,
            Err(_) => resources::listed(None, Patience::Hurries),
        };
        let listed = listed.map_err(|error| answer::error(&error))?;
        Ok(ListResourcesResult::with_all_items(listed).with_ttl_ms(0).with_cache_scope(CacheScope::Private))
    }

    async fn list_resource_templates(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Ok(ListResourceTemplatesResult::with_all_items(resources::templates())
            .with_ttl_ms(LIST_STANDS_MS)
            .with_cache_scope(CacheScope::Private))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let read = move |app: &App, patience| Asked::find(&request.uri)?.read(app, patience);
        let read = ask(self.app()?, read).await.map_err(|error| answer::error(&error))?;
        Ok(read.with_ttl_ms(0).with_cache_scope(CacheScope::Private).into())
    }

    async fn subscribe(
        &self,
        request: SubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        let subscribed = self.news.subscribe(self.app()?, &request.uri, context.peer).await;
        subscribed.map_err(|error| answer::error(&error))
    }

    async fn unsubscribe(
        &self,
        request: UnsubscribeRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.news.unsubscribe(&request.uri);
        Ok(())
    }

    /// Clients of the newer era get a stream for those resources that exist.
    fn accepted_subscription_filter(&self, wanted: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        let mut accepted = wanted.clone();
        accepted.resource_subscriptions = wanted.resource_subscriptions.as_deref().map(News::accepted);
        if let Ok(app) = &self.opened {
            self.news.grant(app);
        }
        Some(accepted)
    }

    async fn listen(&self, stream: SubscriptionContext) -> Result<(), ErrorData> {
        match &self.opened {
            Ok(app) => self.news.stream(app, stream).await.map_err(|error| answer::error(&error)),
            Err(_) => {
                stream.cancelled().await;
                Ok(())
            }
        }
    }

    async fn list_prompts(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        Ok(ListPromptsResult::with_all_items(prompts::listed())
            .with_ttl_ms(LIST_STANDS_MS)
            .with_cache_scope(CacheScope::Private))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let arguments = request.arguments.unwrap_or_default();
        let prompt = prompts::find(&request.name).and_then(|prompt| prompt.filled_in(&arguments));
        Ok(prompt.map_err(|error| answer::error_of_params(&error))?.into())
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let begun = Begun::read(request).map_err(|error| answer::error_of_params(&error))?;
        let completed = ask(self.app()?, move |app, patience| begun.completed(app, patience)).await;
        Ok(CompleteResult::new(completed.map_err(|error| answer::error_of_params(&error))?))
    }

    /// Keeps the messages in a cancelled answer, so that a later one carries them.
    async fn on_cancelled(&self, called_off: CancelledNotificationParam, _: NotificationContext<RoleServer>) {
        if let Some(request) = &called_off.request_id {
            self.receipts.forget(request);
        }
    }

    /// Refuses unknown methods, and known ones whose parameters cannot be read.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        Err(match request.method.as_str() {
            CallToolRequestMethod::VALUE => unreadable::<CallToolRequestParams>(&request),
            InitializeResultMethod::VALUE => unreadable::<InitializeRequestParams>(&request),
            ReadResourceRequestMethod::VALUE => unreadable::<ReadResourceRequestParams>(&request),
            SubscribeRequestMethod::VALUE => unreadable::<SubscribeRequestParams>(&request),
            UnsubscribeRequestMethod::VALUE => unreadable::<UnsubscribeRequestParams>(&request),
            GetPromptRequestMethod::VALUE => unreadable::<GetPromptRequestParams>(&request),
            CompleteRequestMethod::VALUE => unreadable::<CompleteRequestParams>(&request),
            method => {
                let unknown = format!("no method is called `{method}`");
                ErrorData::new(ErrorCode::METHOD_NOT_FOUND, unknown, None)
            }
        })
    }
}

/// Tidies the store after an answer.
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

fn shipped_instructions(toolset: Toolset) -> &'static str {
    match toolset {
        Toolset::Core | Toolset::Full => include_str!("instructions.md"),
        Toolset::Queue => include_str!("instructions-queue.md"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_instructions_are_short() {
        for toolset in [Toolset::Core, Toolset::Full, Toolset::Queue] {
            assert!(shipped_instructions(toolset).split_whitespace().count() <= 120, "{toolset:?}");
        }
    }
}
