//! Tables of figures, each beside its floor and its bar.

use std::fmt;

use comfy_table::presets::NOTHING;

/// A figure with its unit.
#[derive(Clone, Copy, Debug)]
pub enum Figure {
    Millis(f64),
    /// Microseconds.
    Micros(f64),
    PerSecond(f64),
    Bytes(u64),
    /// Without a unit: a ratio, an index, a count.
    Plain(f64),
}

/// The limit that a figure should keep.
#[derive(Clone, Copy, Debug)]
pub enum Bar {
    None,
    /// The figure itself.
    AtMost(Figure),
    AtLeast(Figure),
    /// The figure, as a multiple of its floor.
    TimesAtMost(f64),
    TimesAtLeast(f64),
}

/// A line of a table.
pub struct Row {
    what: String,
    here: Figure,
    note: String,
    floor: Option<Figure>,
    bar: Bar,
}

#[derive(Default)]
pub struct Table {
    rows: Vec<[String; 6]>,
    broken: bool,
}

impl Row {
    pub fn new(what: impl Into<String>, here: Figure) -> Self {
        Self { what: what.into(), here, note: String::new(), floor: None, bar: Bar::None }
    }

    /// Adds details to the figure: its spread, its parts.
    pub fn note(self, note: impl Into<String>) -> Self {
        Self { note: note.into(), ..self }
    }

    pub fn over(self, floor: Figure) -> Self {
        Self { floor: Some(floor), ..self }
    }

    pub fn bar(self, bar: Bar) -> Self {
        Self { bar, ..self }
    }

    fn times(&self) -> Option<f64> {
        self.floor.map(|floor| self.here.value() / floor.value())
    }

    fn keeps(&self) -> Option<bool> {
        match self.bar {
            Bar::None => None,
            Bar::AtMost(most) => Some(self.here.value() <= most.value()),
            Bar::AtLeast(least) => Some(self.here.value() >= least.value()),
            Bar::TimesAtMost(most) => self.times().map(|times| times <= most),
            Bar::TimesAtLeast(least) => self.times().map(|times| times >= least),
        }
    }
}

impl Table {
    pub fn row(&mut self, row: Row) {
        let here = match row.note.is_empty() {
            true => row.here.to_string(),
            false => format!("{} ({})", row.here, row.note),
        };
        let verdict = row.keeps().map_or("", |keeps| if keeps { "ok" } else { "MISSED" });
        let times = row.times().map(|times| format!("{times:.2}x"));
        self.rows.push([
            row.what,
            here,
            row.floor.map(|floor| floor.to_string()).unwrap_or_default(),
            times.unwrap_or_default(),
            row.bar.to_string(),
            verdict.to_owned(),
        ]);
    }

    /// Adds a promise that holds unless there are faults.
    pub fn must(&mut self, promise: impl Into<String>, faults: &[String]) {
        self.broken |= !faults.is_empty();
        let verdict = if faults.is_empty() { "ok" } else { "BROKEN" };
        let cells = [
            promise.into(),
            format!("{} faults", faults.len()),
            String::new(),
            String::new(),
            "must".to_owned(),
            verdict.to_owned(),
        ];
        self.rows.push(cells);
        for fault in faults.iter().take(5) {
            self.remark(fault);
        }
    }

    /// Adds a line without a figure.
    pub fn remark(&mut self, text: &str) {
        let mut cells = [const { String::new() }; 6];
        cells[0] = format!("  {text}");
        self.rows.push(cells);
    }

    pub fn is_broken(&self) -> bool {
        self.broken
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = comfy_table::Table::new();
        table.load_style(NOTHING);
        table.set_header(["what", "here", "floor", "ratio", "bar", "ok"]);
        for row in &self.rows {
            table.add_row(row);
        }
        for line in table.lines() {
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

impl Figure {
    pub fn value(self) -> f64 {
        match self {
            Self::Millis(value) | Self::Micros(value) | Self::PerSecond(value) | Self::Plain(value) => value,
            Self::Bytes(bytes) => bytes as f64,
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Millis(value) if *value >= 20.0 => write!(f, "{value:.0} ms"),
            Self::Millis(value) => write!(f, "{value:.2} ms"),
            Self::Micros(value) => write!(f, "{value:.1} us"),
            Self::PerSecond(value) => write!(f, "{value:.0} /s"),
            Self::Bytes(bytes) if *bytes >= 100_000 => {
                write!(f, "{:.1} MB", *bytes as f64 / 1e6)
            }
            Self::Bytes(bytes) => write!(f, "{bytes} B"),
            Self::Plain(value) if value.fract() == 0.0 => write!(f, "{value}"),
            Self::Plain(value) => write!(f, "{value:.2}"),
        }
    }
}

impl fmt::Display for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::AtMost(most) => write!(f, "<= {most}"),
            Self::AtLeast(least) => write!(f, ">= {least}"),
            Self::TimesAtMost(most) => write!(f, "<= {most:.2}x"),
            Self::TimesAtLeast(least) => write!(f, ">= {least:.2}x"),
        }
    }
}
