//! The types of PostgreSQL as far as they differ for us, and how letters name them.

use crate::columns::Misfit;
use tokio_postgres::types::{Kind, Type};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SqlType {
    Bool,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    Numeric,
    /// `text` and `varchar`, which are compared as they are.
    PlainText,
    /// `char(n)`, whose trailing blanks count in no comparison.
    PaddedText,
    /// Everything else whose binary form is text: names, enums, JSON, …
    Text,
    Jsonb,
    Uuid,
    Bytea,
    Date,
    Time,
    Timestamp,
    Timestamptz,
    Interval,
    Array,
    /// Composites, ranges, addresses, …: nothing here has their values.
    Other,
}

/// What a column of the statement holds.
#[derive(Debug)]
pub(super) struct Held {
    pub sql: SqlType,
    /// What an array consists of.
    pub item: Option<Box<Held>>,
    name: String,
}

impl Held {
    pub fn new(data_type: &Type) -> Held {
        match data_type.kind() {
            Kind::Domain(base) => Held { name: data_type.name().to_owned(), ..Held::new(base) },
            Kind::Array(item) => {
                let item = Held::new(item);
                Held { sql: SqlType::Array, name: format!("{}[]", item.name), item: Some(Box::new(item)) }
            }
            _ => Held { sql: plain(data_type), item: None, name: data_type.name().to_owned() },
        }
    }

    pub fn misfit(&self) -> Misfit {
        Misfit::holds(&self.name)
    }

    pub fn misfit_because(&self, why: &str) -> Misfit {
        Misfit(format!("{} {why}", self.name))
    }
}

fn plain(data_type: &Type) -> SqlType {
    match *data_type {
        Type::BOOL => SqlType::Bool,
        Type::INT2 => SqlType::Int2,
        Type::INT4 => SqlType::Int4,
        Type::INT8 => SqlType::Int8,
        Type::FLOAT4 => SqlType::Float4,
        Type::FLOAT8 => SqlType::Float8,
        Type::NUMERIC => SqlType::Numeric,
        Type::TEXT | Type::VARCHAR => SqlType::PlainText,
        Type::BPCHAR => SqlType::PaddedText,
        Type::NAME | Type::JSON | Type::XML | Type::UNKNOWN => SqlType::Text,
        Type::JSONB => SqlType::Jsonb,
        Type::UUID => SqlType::Uuid,
        Type::BYTEA => SqlType::Bytea,
        Type::DATE => SqlType::Date,
        Type::TIME => SqlType::Time,
        Type::TIMESTAMP => SqlType::Timestamp,
        Type::TIMESTAMPTZ => SqlType::Timestamptz,
        Type::INTERVAL => SqlType::Interval,
        _ if matches!(data_type.kind(), Kind::Enum(_)) || data_type.name() == "citext" => SqlType::Text,
        _ => SqlType::Other,
    }
}
