//! Workflows: the rules of state changes, their gates, guidance and overlays.

mod add_overlay;
mod check_gates;
mod circumstances;
mod get_advisory;
mod get_prompts;
mod list_workflows;
pub(super) mod overlaying;
mod remove_overlay;

pub use add_overlay::AddOverlay;
pub use check_gates::CheckGates;
pub use get_advisory::GetAdvisory;
pub use get_prompts::GetPrompts;
pub use list_workflows::ListWorkflows;
pub use remove_overlay::RemoveOverlay;
