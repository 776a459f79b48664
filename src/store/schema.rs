//! The tables, for callers that write their own queries.

use rusqlite::named_params;

use super::Tx;
use crate::error::Result;

/// A table or view.
#[derive(Clone, Debug)]
pub struct Relation {
    pub name: String,
    pub kind: RelationKind,
    pub columns: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelationKind {
    Table,
    View,
    /// A full-text index, queried with `match`.
    Search,
}

#[derive(Clone, Debug)]
pub struct ColumnRow {
    pub name: String,
    pub kind: String,
    pub default: Option<String>,
    pub is_nullable: bool,
    /// Its position in the primary key; 0 if it is not a part of it.
    pub key: i64,
    pub is_computed: bool,
}

#[derive(Clone, Debug)]
pub struct IndexRow {
    pub name: String,
    pub columns: Vec<String>,
    pub is_unique: bool,
    pub is_partial: bool,
}

/// A column that refers to a row of another table.
#[derive(Clone, Debug)]
pub struct ReferenceRow {
    pub column: String,
    pub table: String,
    pub to: Option<String>,
}

/// The relations that only this program reads.
const INTERNAL: &[&str] = &[
    "answers",
    "attachment_numbers",
    "attachment_texts",
    "estimates",
    "facts",
    "loose_media",
    "metric_totals",
    "ready_tags",
    "search_due",
    "search_progress",
    "task_texts",
    "thought_texts",
    "unsettled_groups",
];

impl Relation {
    /// Returns true if the relation is of no use to callers.
    pub fn is_internal(&self) -> bool {
        INTERNAL.contains(&self.name.as_str())
    }
}

impl Tx<'_> {
    /// Returns the tables and views, without the internal tables of the full-text indexes.
    pub fn relations(&self) -> Result<Vec<Relation>> {
        const SQL: &str = "
            select list.name, list.type, (
                select group_concat(info.name, char(10)) from pragma_table_xinfo(list.name) as info
                where info.hidden <> 1)
            from pragma_table_list as list
            where schema = 'main' and type <> 'shadow' and list.name not like 'sqlite\\_%' escape '\\'
            order by list.name";
        let mut statement = self.0.prepare_cached(SQL)?;
        let rows = statement.query_map([], |row| {
            let kind = match row.get_ref(1)?.as_str()? {
                "view" => RelationKind::View,
                "virtual" => RelationKind::Search,
                _ => RelationKind::Table,
            };
            let columns: Option<String> = row.get(2)?;
            let columns = columns.iter().flat_map(|names| names.lines()).map(str::to_owned).collect();
            Ok(Relation { name: row.get(0)?, kind, columns })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the columns of a table.
    pub fn columns_of(&self, table: &str) -> Result<Vec<ColumnRow>> {
        const SQL: &str = "
            select name, type, dflt_value, \"notnull\" = 0, pk, hidden > 1
            from pragma_table_xinfo(:table)
            where hidden <> 1
            order by cid";
        let mut statement = self.0.prepare_cached(SQL)?;
        let rows = statement.query_map(named_params! { ":table": table }, |row| {
            Ok(ColumnRow {
                name: row.get(0)?,
                kind: row.get(1)?,
                default: row.get(2)?,
                is_nullable: row.get(3)?,
                key: row.get(4)?,
                is_computed: row.get(5)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the indexes of a table.
    pub fn indexes_of(&self, table: &str) -> Result<Vec<IndexRow>> {
        const SQL: &str = "
            select list.name, list.\"unique\", list.partial, (
                select group_concat(coalesce(info.name, '(expression)'), char(10))
                from pragma_index_info(list.name) as info)
            from pragma_index_list(:table) as list
            order by list.name";
        let mut statement = self.0.prepare_cached(SQL)?;
        let rows = statement.query_map(named_params! { ":table": table }, |row| {
            let columns: Option<String> = row.get(3)?;
            Ok(IndexRow {
                name: row.get(0)?,
                is_unique: row.get(1)?,
                is_partial: row.get(2)?,
                columns: columns.iter().flat_map(|names| names.lines()).map(str::to_owned).collect(),
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the columns of a table that refer to rows of others.
    pub fn references_of(&self, table: &str) -> Result<Vec<ReferenceRow>> {
        const SQL: &str = "
            select \"from\", \"table\", \"to\"
            from pragma_foreign_key_list(:table)
            order by id, seq";
        let mut statement = self.0.prepare_cached(SQL)?;
        let rows = statement.query_map(named_params! { ":table": table }, |row| {
            Ok(ReferenceRow { column: row.get(0)?, table: row.get(1)?, to: row.get(2)? })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the statements that created a table or view with its indexes and triggers.
    pub fn sql_of(&self, table: &str) -> Result<Vec<String>> {
        const SQL: &str = "
            select sql
            from sqlite_schema
            where tbl_name = :table and sql is not null
            order by type = 'trigger', type = 'index', name";
        let mut statement = self.0.prepare_cached(SQL)?;
        let rows = statement.query_map(named_params! { ":table": table }, |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the version of SQLite.
    pub fn sqlite_version(&self) -> &'static str {
        rusqlite::version()
    }
}
