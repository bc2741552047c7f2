//! SQL resolvers, read once at apply: one SELECT, its `${…}` inputs, and which column is which feature.

mod dialect;
mod incremental;

use crate::project::{Parameter, ParameterOf, Statement};
use creta_model::bundle::SqlBody;
use creta_model::errors::nearest;
use creta_model::{Code, EntityId, FeatureId, Graph, Letter, Value};
use dialect::Dialect;
use sqlparser::ast::{SelectItem, SetExpr, Statement as Ast};
use sqlparser::parser::Parser;

/// Parses and maps a statement. Errors: all that is wrong with it; the caller adds the place.
pub fn parse(graph: &Graph, body: &SqlBody) -> Result<Statement, Vec<Letter>> {
    let entity = resolved_entity(graph, body).map_err(|letter| vec![letter])?;
    let dialect = dialect(graph, body).map_err(|letter| vec![letter])?;
    let (text, parameters) = parameters(graph, &body.text, &dialect).map_err(|letter| vec![letter])?;
    let names = output_names(&text, &dialect).map_err(|letter| vec![letter])?;
    let columns = map_columns(graph, entity, body, names)?;
    let since = incremental::since(body, &text, &parameters, &dialect).map_err(|letter| vec![letter])?;
    Ok(Statement { entity, text, parameters, columns, since })
}

fn resolved_entity(graph: &Graph, body: &SqlBody) -> Result<EntityId, Letter> {
    let found = graph.entities.iter().position(|entity| entity.class.eq_ignore_ascii_case(&body.resolves));
    found.map(|position| EntityId(position as u32)).ok_or_else(|| {
        let letter = Letter::new(Code::Sql, format!("`resolves: {}` names no feature class.", body.resolves));
        match nearest(&body.resolves, graph.entities.iter().map(|entity| entity.class.as_str())) {
            Some(near) => letter.fix(format!("Did you mean `{near}`?")),
            None => letter,
        }
    })
}

fn dialect(graph: &Graph, body: &SqlBody) -> Result<Dialect, Letter> {
    let Some(source) = graph.source(&body.source) else {
        let letter = Letter::new(Code::UnknownSource, format!("There is no source called `{}`.", body.source));
        return Err(match nearest(&body.source, graph.sources.iter().map(|source| source.name.as_str())) {
            Some(near) => letter.fix(format!("Did you mean `{near}`?")),
            None => letter.fix("Declare it in Python, for example SQLiteSource(name=\"…\", path=\"…\")."),
        });
    };
    Ok(Dialect::new(&source.kind))
}

/// Replaces every `${path}` and `${path | default}` by a placeholder. Quoted text is left alone, comments are left out.
fn parameters(graph: &Graph, text: &str, dialect: &Dialect) -> Result<(String, Vec<Parameter>), Letter> {
    let mut statement = String::with_capacity(text.len());
    let mut found = Vec::new();
    let mut rest = text.trim().trim_end_matches(';');
    while let Some(position) = rest.find(['\'', '"', '-', '/', '$']) {
        let (before, from) = rest.split_at(position);
        statement.push_str(before);
        rest = match () {
            () if from.starts_with("${") => {
                let end = from.find('}').ok_or_else(|| Letter::new(Code::Sql, "A `${` is not closed by a `}`."))?;
                statement.push_str(&(dialect.placeholder)(found.len()));
                found.push(parameter(graph, &from[2..end])?);
                &from[end + 1..]
            }
            () if from.starts_with("--") => {
                let end = from.find('\n').unwrap_or(from.len());
                &from[end..]
            }
            () if from.starts_with("/*") => {
                statement.push(' ');
                &from[comment(from, dialect.grammar.supports_nested_comments())..]
            }
            () if from.starts_with(['\'', '"']) => {
                let end = from[1..].find(&from[..1]).map_or(from.len(), |end| end + 2);
                statement.push_str(&from[..end]);
                &from[end..]
            }
            () => {
                statement.push_str(&from[..1]);
                &from[1..]
            }
        };
    }
    statement.push_str(rest);
    Ok((statement, found))
}

/// Length of the comment that the text starts with.
fn comment(text: &str, nested: bool) -> usize {
    let (mut depth, mut position) = (0, 0);
    while let Some(found) = text[position..].find(['/', '*']) {
        position += found;
        match text.get(position..position + 2) {
            Some("/*") if nested || depth == 0 => (depth, position) = (depth + 1, position + 2),
            Some("*/") => (depth, position) = (depth - 1, position + 2),
            _ => position += 1,
        }
        if depth == 0 {
            return position;
        }
    }
    text.len()
}

fn parameter(graph: &Graph, text: &str) -> Result<Parameter, Letter> {
    let (path, default) = match text.split_once('|').or_else(|| text.split_once(" or ")) {
        Some((path, default)) => (path.trim(), Some(default_value(default.trim())?)),
        None => (text.trim(), None),
    };
    let of = match path {
        "now" => ParameterOf::Now,
        "creta_incremental_timestamp" | "chalk_incremental_timestamp" => ParameterOf::Since,
        path => ParameterOf::Feature(graph.path(path)?),
    };
    Ok(Parameter { of, default })
}

fn default_value(text: &str) -> Result<Value, Letter> {
    let invalid =
        || Letter::new(Code::Sql, "The default inside `${…}` is not a JSON number, string, true, false or null.");
    match serde_json::from_str(text).map_err(|_| invalid())? {
        serde_json::Value::Null => Ok(Value::Null),
        serde_json::Value::Bool(value) => Ok(Value::Bool(value)),
        serde_json::Value::String(value) => Ok(Value::Str(value)),
        serde_json::Value::Number(value) => {
            value.as_i64().map(Value::Int).or_else(|| value.as_f64().map(Value::Float)).ok_or_else(invalid)
        }
        serde_json::Value::Array(_) | serde_json::Value::Object(_) => Err(invalid()),
    }
}

/// Names of the statement's columns; None stands for `*`.
fn output_names(text: &str, dialect: &Dialect) -> Result<Option<Vec<String>>, Letter> {
    let statements = Parser::parse_sql(dialect.grammar.as_ref(), text)
        .map_err(|error| Letter::new(Code::Sql, format!("The statement does not parse: {error}.")))?;
    let [Ast::Query(query)] = statements.as_slice() else {
        return Err(Letter::new(
            Code::Sql,
            format!(
                "A resolver is one SELECT; {} statements were found, or one that is not a SELECT.",
                statements.len()
            ),
        ));
    };
    select_names(&query.body, dialect)
}

fn select_names(body: &SetExpr, dialect: &Dialect) -> Result<Option<Vec<String>>, Letter> {
    match body {
        SetExpr::Select(select) => {
            if select
                .projection
                .iter()
                .any(|item| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..)))
            {
                return match select.projection.len() {
                    1 => Ok(None),
                    _ => Err(Letter::new(Code::Sql, "`*` cannot stand beside other columns.").fix("List the columns.")),
                };
            }
            select.projection.iter().map(|item| item_name(item, dialect)).collect::<Result<_, _>>().map(Some)
        }
        SetExpr::Query(query) => select_names(&query.body, dialect),
        SetExpr::SetOperation { left, .. } => select_names(left, dialect),
        _ => Err(Letter::new(Code::Sql, "A resolver is a SELECT.")),
    }
}

fn item_name(item: &SelectItem, dialect: &Dialect) -> Result<String, Letter> {
    use sqlparser::ast::Expr;
    match item {
        SelectItem::ExprWithAlias { alias, .. } => Ok(dialect.name(alias)),
        SelectItem::UnnamedExpr(Expr::Identifier(name)) => Ok(dialect.name(name)),
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => {
            parts.last().map(|part| dialect.name(part)).ok_or_else(|| Letter::new(Code::Sql, "A column has no name."))
        }
        other => Err(Letter::new(Code::Sql, format!("The column `{other}` has no name.")).fix("Give it one with AS.")),
    }
}

fn map_columns(
    graph: &Graph,
    entity: EntityId,
    body: &SqlBody,
    names: Option<Vec<String>>,
) -> Result<Vec<(String, FeatureId)>, Vec<Letter>> {
    let Some(names) = names else { return Ok(star(graph, entity)) };
    let mut columns: Vec<(String, FeatureId)> = Vec::with_capacity(names.len());
    let mut faults = Vec::new();
    for name in names {
        match map_column(graph, entity, body, &name) {
            Ok(feature) if columns.iter().any(|(_, taken)| *taken == feature) => {
                faults.push(Letter::new(Code::Sql, format!("Two columns stand for `{}`.", graph.feature(feature).fqn)));
            }
            Ok(feature) => columns.push((name, feature)),
            Err(letter) => faults.push(letter),
        }
    }
    if faults.is_empty() { Ok(columns) } else { Err(faults) }
}

/// `SELECT *` stands for every plain feature of the class.
fn star(graph: &Graph, entity: EntityId) -> Vec<(String, FeatureId)> {
    let plain =
        |id: &FeatureId| graph.scalar(*id).is_some_and(|scalar| scalar.window.is_none() && scalar.expression.is_none());
    let plain = |id: &FeatureId| plain(id) && !graph.feature(*id).name.contains('@');
    graph.scalars(entity).filter(plain).map(|id| (graph.feature(id).name.clone(), id)).collect()
}

fn map_column(graph: &Graph, entity: EntityId, body: &SqlBody, column: &str) -> Result<FeatureId, Letter> {
    let wanted = body.fields.get(column).map_or(column, String::as_str);
    let plain = wanted.rsplit('.').next().unwrap_or(wanted);
    // A version is named with its number, exactly; `x2` is not the second version of `x`.
    let versioned = graph.member(entity, plain).filter(|_| plain.contains('@'));
    let alike = |id: &FeatureId| {
        let name = &graph.feature(*id).name;
        !name.contains('@') && normal(name) == normal(plain)
    };
    let matches: Vec<FeatureId> = match versioned {
        Some(version) => vec![version],
        None => graph.scalars(entity).filter(alike).collect(),
    };
    match matches.as_slice() {
        [one] => Ok(*one),
        [] => {
            let class = &graph.entity(entity).class;
            let letter = Letter::new(Code::Sql, format!("The column `{column}` matches no feature of {class}."));
            let known = graph.scalars(entity).map(|id| graph.feature(id).name.as_str());
            Err(match nearest(plain, known) {
                Some(near) => {
                    letter.fix(format!("Did you mean `{near}`? Rename the column with AS, or map it with `fields:`."))
                }
                None => letter.fix("Leave the column out, or map it with `fields:`."),
            })
        }
        several => {
            let names: Vec<&str> = several.iter().map(|id| graph.feature(*id).name.as_str()).collect();
            Err(Letter::new(Code::Sql, format!("The column `{column}` could be any of {}.", names.join(", ")))
                .fix("Map it with `fields:`."))
        }
    }
}

/// Framework §7: letters and digits only, lower case.
fn normal(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}
