use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::nearest;
use crate::error::{Error, Result};
use crate::ops::Operation;
use crate::store::{ColumnRow, IndexRow, ReferenceRow, Relation, RelationKind, Tx};
use crate::{Context, Effect};

/// Show the tables for `query` with their columns; with `table`, details of one.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetSchema {
    table: Option<String>,
    /// With table: its SQL.
    #[serde(default)]
    #[schemars(extend("x-rare" = true))]
    include_sql: bool,
}

#[derive(Serialize)]
#[serde(untagged)]
pub enum Schema {
    All(Overview),
    One(Whole),
}

/// All tables, views and indexes by name, each with its columns separated by spaces.
#[derive(Serialize)]
pub struct Overview {
    tables: IndexMap<String, String>,
    views: IndexMap<String, String>,
    /// Full-text indexes, used as `where tasks_fts match 'word'`; complete after a `search`.
    search: IndexMap<String, String>,
    sqlite_version: &'static str,
}

#[derive(Serialize)]
pub struct Whole {
    name: String,
    r#type: &'static str,
    /// The type of each column, with `key`, `null` if nullable, `default …`, `computed`.
    columns: IndexMap<String, String>,
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    references: IndexMap<String, String>,
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    indexes: IndexMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sql: Vec<String>,
}

impl Operation for GetSchema {
    const NAME: &'static str = "get_schema";
    const EFFECT: Effect = Effect::Read;
    const POSITIONAL: &'static [&'static str] = &["table"];

    type Output = Schema;

    fn run(&self, tx: &Tx, _cx: &Context) -> Result<Schema> {
        let relations = tx.relations()?;
        let Some(table) = &self.table else {
            if self.include_sql {
                return Err(Error::input("`include_sql` needs `table`", "name one; all would be long"));
            }
            return Ok(Schema::All(overview(tx, &relations)));
        };
        let found = relations.iter().find(|relation| relation.name.eq_ignore_ascii_case(table));
        let relation = found.ok_or_else(|| unknown(table, &relations))?;
        let name = &relation.name;
        let columns = tx.columns_of(name)?;
        let references = tx.references_of(name)?;
        let indexes = tx.indexes_of(name)?;
        Ok(Schema::One(Whole {
            name: name.clone(),
            r#type: match relation.kind {
                RelationKind::Table => "table",
                RelationKind::View => "view",
                RelationKind::Search => "search",
            },
            columns: columns.iter().map(|column| (column.name.clone(), told(column))).collect(),
            references: references.iter().map(|row| (row.column.clone(), referred(row))).collect(),
            indexes: indexes.iter().map(|index| (index.name.clone(), indexed(index))).collect(),
            sql: if self.include_sql { tx.sql_of(name)? } else { Vec::new() },
        }))
    }
}

fn overview(tx: &Tx, relations: &[Relation]) -> Overview {
    let of = |kind: RelationKind| {
        let shown = relations.iter().filter(|relation| relation.kind == kind && !relation.is_internal());
        shown.map(|relation| (relation.name.clone(), relation.columns.join(" "))).collect()
    };
    Overview {
        tables: of(RelationKind::Table),
        views: of(RelationKind::View),
        search: of(RelationKind::Search),
        sqlite_version: tx.sqlite_version(),
    }
}

fn unknown(table: &str, relations: &[Relation]) -> Error {
    let names: Vec<&str> = relations.iter().map(|relation| relation.name.as_str()).collect();
    let near = match nearest(table, &names) {
        Some(near) => vec![near.to_owned()],
        None => names.into_iter().map(str::to_owned).collect(),
    };
    Error::NotFound { what: "table", name: table.chars().take(60).collect(), near }
}

fn told(column: &ColumnRow) -> String {
    let ColumnRow { name: _, kind, default, is_nullable, key, is_computed } = column;
    let default = default.as_ref().map(|value| format!("default {value}"));
    let words = [
        Some(kind.to_lowercase()),
        (*key > 0).then(|| "key".to_owned()),
        (*is_nullable && *key == 0 && !is_computed).then(|| "null".to_owned()),
        is_computed.then(|| "computed".to_owned()),
        default,
    ];
    let words = words.into_iter().flatten().filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

fn referred(ReferenceRow { column: _, table, to }: &ReferenceRow) -> String {
    match to {
        Some(to) => format!("{table}.{to}"),
        None => table.clone(),
    }
}

fn indexed(index: &IndexRow) -> String {
    let IndexRow { name: _, columns, is_unique, is_partial } = index;
    let columns = columns.join(" ");
    let unique = if *is_unique { " unique" } else { "" };
    let partial = if *is_partial { " partial" } else { "" };
    format!("{columns}{unique}{partial}")
}
