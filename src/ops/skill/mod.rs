//! Skills: guides for agents.

mod get_skill;
mod list_skills;
mod pages;

pub use get_skill::GetSkill;
pub use list_skills::ListSkills;
