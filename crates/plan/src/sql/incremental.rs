//! The statement of an incremental resolver under a lower bound (framework §7.1), worked out once at apply.

use super::dialect::Dialect;
use crate::project::{Parameter, ParameterOf};
use creta_model::bundle::{Incremental, IncrementalMode, SqlBody};
use creta_model::{Code, Letter};
use sqlparser::ast::{Expr, GroupByExpr, Query, Select, SelectItem, SetExpr, Statement as Ast};
use sqlparser::parser::Parser;

/// The statement with a condition on one more parameter, the lower bound, behind its own. Nothing when the resolver is
/// not incremental, or when its statement places the bound itself.
pub(super) fn since(
    body: &SqlBody,
    text: &str,
    parameters: &[Parameter],
    dialect: &Dialect,
) -> Result<Option<String>, Letter> {
    let placed = parameters.iter().any(|parameter| matches!(parameter.of, ParameterOf::Since));
    let Some(incremental) = &body.incremental else {
        return match placed {
            false => Ok(None),
            true => Err(Letter::new(Code::Sql, "The statement has an incremental bound but no `incremental` header.")
                .fix("Add `incremental: {mode: parameter}` to the header.")),
        };
    };
    if parameters.iter().any(|parameter| matches!(parameter.of, ParameterOf::Feature(_))) {
        return Err(Letter::new(Code::Sql, "A statement with inputs cannot be incremental: it never lists all rows.")
            .fix("Leave out the `${…}` inputs, or `incremental`."));
    }
    match (incremental.mode, placed) {
        (IncrementalMode::Parameter, true) => Ok(None),
        (IncrementalMode::Parameter, false) => {
            Err(Letter::new(Code::Sql, "`mode: parameter` needs `${creta_incremental_timestamp}` in the statement."))
        }
        (_, true) => {
            Err(Letter::new(Code::Sql, "`${creta_incremental_timestamp}` needs `mode: parameter` in the header."))
        }
        (IncrementalMode::Row | IncrementalMode::Group, false) => {
            let placeholder = (dialect.placeholder)(parameters.len());
            bounded(incremental, text, &placeholder, dialect).map(Some)
        }
    }
}

fn bounded(incremental: &Incremental, text: &str, placeholder: &str, dialect: &Dialect) -> Result<String, Letter> {
    let column = incremental.column.as_deref().ok_or_else(|| {
        Letter::new(Code::Sql, "`incremental` does not say which column tells when a row changed.")
            .fix("Add `incremental_column`, or choose `mode: parameter`.")
    })?;
    let mut query = parse_query(text, dialect)?;
    if query.limit_clause.is_some() || query.fetch.is_some() {
        return Err(Letter::new(Code::Sql, "A statement with a LIMIT cannot be incremental: it never lists all rows.")
            .fix("Leave out the LIMIT, or choose `mode: parameter` and place the bound yourself."));
    }
    match (query.body.as_mut(), incremental.mode) {
        (SetExpr::Select(select), IncrementalMode::Group) => {
            if matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty()) {
                return Err(Letter::new(Code::Sql, "`mode: group` needs a GROUP BY in the statement.")
                    .fix("Choose `mode: row` to read the rows that changed."));
            }
            let changed = underlying(select, column, dialect)?;
            let latest = if is_latest(&changed) { changed.to_string() } else { format!("max({changed})") };
            let condition = parse_condition(&(dialect.no_earlier)(&latest, placeholder), dialect)?;
            select.having = Some(both(select.having.take(), condition));
        }
        (SetExpr::Select(select), _) => {
            let changed = underlying(select, column, dialect)?;
            let condition = parse_condition(&(dialect.no_earlier)(&changed.to_string(), placeholder), dialect)?;
            select.selection = Some(both(select.selection.take(), condition));
        }
        _ => {
            return Err(Letter::new(Code::Sql, "A UNION, INTERSECT or EXCEPT cannot be bounded by one column.")
                .fix("Make it a subquery of one SELECT, or choose `mode: parameter` and place the bound yourself."));
        }
    }
    Ok(query.to_string())
}

fn parse_query(text: &str, dialect: &Dialect) -> Result<Box<Query>, Letter> {
    let mut statements = Parser::parse_sql(dialect.grammar.as_ref(), text).map_err(|error| unreadable(&error))?;
    match statements.pop() {
        Some(Ast::Query(query)) => Ok(query),
        _ => Err(Letter::new(Code::Sql, "A resolver is one SELECT.")),
    }
}

fn parse_condition(text: &str, dialect: &Dialect) -> Result<Expr, Letter> {
    let parser = Parser::new(dialect.grammar.as_ref()).try_with_sql(text);
    parser.and_then(|mut parser| parser.parse_expr()).map_err(|error| unreadable(&error))
}

fn unreadable(error: &dyn std::fmt::Display) -> Letter {
    Letter::new(Code::Sql, format!("The incremental bound cannot be placed: {error}."))
}

/// What an output column is computed from; a name that is no output is a column of the tables.
fn underlying(select: &Select, column: &str, dialect: &Dialect) -> Result<Expr, Letter> {
    let aliased = select.projection.iter().find_map(|item| match item {
        SelectItem::ExprWithAlias { expr, alias } if dialect.name(alias) == column => Some(expr.clone()),
        _ => None,
    });
    aliased.map_or_else(|| parse_condition(column, dialect), Ok)
}

fn is_latest(expression: &Expr) -> bool {
    matches!(expression, Expr::Function(function) if function.name.to_string().eq_ignore_ascii_case("max"))
}

fn both(present: Option<Expr>, condition: Expr) -> Expr {
    use sqlparser::ast::BinaryOperator::And;
    let nested = |expression| Box::new(Expr::Nested(Box::new(expression)));
    match present {
        None => condition,
        Some(present) => Expr::BinaryOp { left: nested(present), op: And, right: nested(condition) },
    }
}
