//! Templates: recipes for tasks.

mod applying;
mod define_template;
mod instantiate;
mod making;
mod sets;
mod templates;

pub use define_template::DefineTemplate;
pub use instantiate::Instantiate;
pub use templates::ListTemplates;
