//! Rows of a has-many relationship that a caller gives: lists of objects, tables of columns, Arrow lists of structs.
//!
//! They become one column of lists of structs, whose fields are called as the features; the input is then called
//! `vessel.calls[port_call.id,port_call.teu]`, so that a question says by its names which features are given.

use super::inputs::{Nulls, arrow_column, json_column};
use arrow::array::{Array, ArrayRef, AsArray, LargeListArray, StructArray, new_empty_array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType as ArrowType, Field};
use creta_model::graph::Step;
use creta_model::{Code, EntityId, Graph, Letter};
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// An input that stands for rows.
pub(super) struct RowsInput<'a> {
    graph: &'a Graph,
    /// Without brackets.
    name: &'a str,
    entity: EntityId,
}

/// The rows of all parents, one after the other.
struct Listed {
    /// Rows per parent.
    lengths: Vec<usize>,
    /// Full name and values of each feature.
    columns: Vec<(String, ArrayRef)>,
}

impl<'a> RowsInput<'a> {
    /// None when the name does not lead from an entity straight to rows.
    pub fn named(graph: &'a Graph, name: &'a str) -> Option<RowsInput<'a>> {
        let (path, _) = graph.projection(name).ok()?;
        let entity = graph.rows_of(&path).filter(|_| matches!(path.steps.as_slice(), [Step::HasMany(_)]))?;
        let name = name.split_once('[').map_or(name, |(name, _)| name);
        Some(RowsInput { graph, name, entity })
    }

    /// One value per parent: a list of objects, or `{"columns": […], "values": [[column] …]}`.
    pub fn read_json(&self, values: &[Json], nulls: Nulls) -> Result<(String, ArrayRef), Letter> {
        let mut lengths = Vec::with_capacity(values.len());
        let mut rows: Vec<Map<String, Json>> = Vec::new();
        for value in values {
            let before = rows.len();
            match value {
                Json::Array(items) => {
                    for item in items {
                        rows.push(item.as_object().ok_or_else(|| self.misfit("a row is not an object"))?.clone());
                    }
                }
                Json::Object(table) => rows.extend(self.objects(table)?),
                _ => return Err(self.misfit("its rows are neither a list of objects nor a table")),
            }
            lengths.push(rows.len() - before);
        }
        let mut columns = Vec::new();
        for name in rows.first().into_iter().flat_map(Map::keys) {
            let column: Option<Vec<&Json>> = rows.iter().map(|row| row.get(name)).collect();
            let column = column.filter(|_| rows.iter().all(|row| row.len() == rows[0].len()));
            let column = column.ok_or_else(|| {
                self.misfit("its rows do not all give the same features").fix("Give null where a row has no value.")
            })?;
            let feature = self.feature(name)?;
            columns.push((feature.clone(), json_column(self.graph, &feature, column, nulls)?));
        }
        self.input(Listed { lengths, columns })
    }

    /// The rows of a table of columns.
    fn objects(&self, table: &Map<String, Json>) -> Result<Vec<Map<String, Json>>, Letter> {
        let list = |name: &str| table.get(name).and_then(Json::as_array);
        let (Some(names), Some(columns)) = (list("columns"), list("values")) else {
            return Err(self.misfit("its rows are an object without `columns` and `values`"));
        };
        let columns: Option<Vec<&Vec<Json>>> = columns.iter().map(Json::as_array).collect();
        let columns = columns.filter(|columns| columns.len() == names.len());
        let columns = columns.ok_or_else(|| self.misfit("its table has not one list of values per column"))?;
        let rows = columns.first().map_or(0, |column| column.len());
        if columns.iter().any(|column| column.len() != rows) {
            return Err(self.misfit("the columns of its table differ in length"));
        }
        let names: Option<Vec<&str>> = names.iter().map(Json::as_str).collect();
        let names = names.ok_or_else(|| self.misfit("a column's name is not text"))?;
        let object = |row: usize| {
            let pairs = names.iter().zip(&columns).map(|(name, column)| ((*name).to_owned(), column[row].clone()));
            pairs.collect::<Map<String, Json>>()
        };
        Ok((0..rows).map(object).collect())
    }

    /// A column of lists of structs.
    pub fn read_arrow(&self, column: &ArrayRef, nulls: Nulls) -> Result<(String, ArrayRef), Letter> {
        let item = match column.data_type() {
            ArrowType::List(item) | ArrowType::LargeList(item) | ArrowType::FixedSizeList(item, _) => item.clone(),
            _ => return Err(self.misfit("it is not a column of lists")),
        };
        let lists =
            cast(column, &ArrowType::LargeList(item)).map_err(|_| self.misfit("it is not a column of lists"))?;
        let lists = lists.as_list::<i64>();
        if lists.null_count() > 0 {
            return Err(self.misfit("its rows are null").fix("An empty list says that there are none."));
        }
        let lengths: Vec<usize> = lists.offsets().lengths().collect();
        let first = usize::try_from(lists.value_offsets()[0]).unwrap_or_default();
        let items = lists.values().slice(first, lengths.iter().sum());
        let mut columns = Vec::new();
        match items.as_struct_opt() {
            Some(rows) if rows.null_count() == 0 => {
                for (name, column) in rows.column_names().into_iter().zip(rows.columns()) {
                    let feature = self.feature(name)?;
                    columns.push((feature.clone(), arrow_column(self.graph, &feature, column, nulls)?));
                }
            }
            Some(_) => return Err(self.misfit("one of its rows is null")),
            None if items.is_empty() => {}
            None => return Err(self.misfit("its rows are not structs")),
        }
        self.input(Listed { lengths, columns })
    }

    /// Where no parent has a row, every feature counts as given.
    fn input(&self, mut listed: Listed) -> Result<(String, ArrayRef), Letter> {
        if listed.lengths.iter().all(|length| *length == 0) {
            let empty = |id| {
                let scalar = self.graph.scalar(id)?;
                Some((self.graph.feature(id).fqn.clone(), new_empty_array(&scalar.data_type.arrow())))
            };
            listed.columns = self.graph.scalars(self.entity).filter_map(empty).collect();
        }
        let broken = |error: arrow::error::ArrowError| self.misfit(&error.to_string());
        let (names, columns): (Vec<String>, Vec<ArrayRef>) = listed.columns.into_iter().unzip();
        let fields: Vec<Field> = names
            .iter()
            .zip(&columns)
            .map(|(name, column)| Field::new(name, column.data_type().clone(), true))
            .collect();
        let count = listed.lengths.iter().sum();
        let rows = StructArray::try_new_with_length(fields.into(), columns, None, count).map_err(broken)?;
        let item = Arc::new(Field::new("item", rows.data_type().clone(), true));
        let lists = LargeListArray::try_new(item, OffsetBuffer::from_lengths(listed.lengths), Arc::new(rows), None);
        Ok((format!("{}[{}]", self.name, names.join(",")), Arc::new(lists.map_err(broken)?)))
    }

    /// The full name of a feature of the rows.
    fn feature(&self, name: &str) -> Result<String, Letter> {
        let found = self.graph.column(self.entity, name);
        let id = found.map_err(|letter| Letter { code: Code::UnknownQueryFeature, ..letter }.feature(self.name))?;
        Ok(self.graph.feature(id).fqn.clone())
    }

    fn misfit(&self, why: &str) -> Letter {
        let namespace = &self.graph.entity(self.entity).namespace;
        Letter::new(Code::InvalidInput, format!("What is given for `{}` cannot be read: {why}.", self.name))
            .fix(format!("Give a list of rows, each with features of `{namespace}` and their values."))
            .feature(self.name)
    }
}
