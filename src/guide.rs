//! The guide: pages for people, printed by `task-graph help TOPIC` and shown here.

/// One page of the guide.
pub struct Page {
    /// The word after `help`.
    pub topic: &'static str,
    /// Markdown, with its title in the first line.
    pub text: &'static str,
}

macro_rules! pages {
    ($($topic:ident),+ $(,)?) => {
        /// All pages, in the order in which they are best read.
        pub const PAGES: &[Page] = &[$(Page {
            topic: stringify!($topic),
            text: include_str!(concat!("docs/guide/", stringify!($topic), ".md")),
        }),+];

        $(
            #[doc = include_str!(concat!("docs/guide/", stringify!($topic), ".md"))]
            pub mod $topic {}
        )+
    };
}

pages!(tasks, agents, queues, waiting, files, messages, evidence, settings, shell, mcp, operations);

impl Page {
    /// Returns the page on a topic.
    pub fn on(topic: &str) -> Option<&'static Self> {
        PAGES.iter().find(|page| page.topic == topic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::find;

    #[test]
    fn no_topic_is_called_like_an_operation() {
        for page in PAGES {
            assert!(find(page.topic).is_err(), "{}", page.topic);
            assert!(page.text.starts_with("# "), "{}", page.topic);
        }
    }
}
