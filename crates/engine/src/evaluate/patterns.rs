//! SQL's LIKE and regular expressions. Each distinct expression is compiled once per batch.

use super::call::Call;
use super::cells::{Read, Texts};
use super::lists::TextLists;
use crate::context::internal;
use arrow::array::{ArrayRef, BooleanArray, LargeStringArray};
use creta_expr::functions::Pattern;
use creta_model::Letter;
use regex::Regex;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

const NO_EXPRESSION: &str = "the pattern is not a regular expression";
const NO_GROUP: &str = "the regular expression has no such group";

/// Regular expressions by their text; None for what is none.
#[derive(Default)]
struct Compiled<'a>(HashMap<&'a str, Option<Regex>>);

impl<'a> Compiled<'a> {
    fn get(&mut self, pattern: &'a str) -> Result<&Regex, &'static str> {
        self.0.entry(pattern).or_insert_with(|| Regex::new(pattern).ok()).as_ref().ok_or(NO_EXPRESSION)
    }
}

pub(super) fn call(function: Pattern, call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    if function == Pattern::Like {
        return like(call);
    }
    let (texts, patterns) = (call.texts(0)?, call.texts(1)?);
    let mut compiled = Compiled::default();
    Ok(match function {
        Pattern::Matches => call.two::<_, _, bool, BooleanArray>(&texts, &patterns, |text, pattern| {
            Ok(Some(compiled.get(pattern)?.is_match(text)))
        }),
        Pattern::Replace => replaced(call, &texts, &patterns)?,
        Pattern::Extract => {
            let groups = call.ints(2)?;
            call.three::<_, _, _, &str, LargeStringArray>((&texts, &patterns, &groups), |text, pattern, group| {
                let (expression, group) = with_group(&mut compiled, pattern, group)?;
                let found = expression.captures(text);
                Ok(found.and_then(|found| found.get(group).map(|part| part.as_str())))
            })
        }
        Pattern::ExtractAll => extracted_all(call, &texts, &patterns)?,
        _ => splits(call, &texts, &patterns)?,
    })
}

fn like(call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    let (texts, patterns) = (call.argument(0)?.spread(call.rows)?, call.argument(1)?.spread(call.rows)?);
    Ok(Arc::new(arrow::compute::like(&texts, &patterns).map_err(internal)?))
}

fn with_group<'c, 'a>(
    compiled: &'c mut Compiled<'a>,
    pattern: &'a str,
    group: i64,
) -> Result<(&'c Regex, usize), &'static str> {
    let expression = compiled.get(pattern)?;
    let group = usize::try_from(group).ok().filter(|group| *group < expression.captures_len()).ok_or(NO_GROUP)?;
    Ok((expression, group))
}

fn replaced(call: &mut Call<'_>, texts: &Texts<'_>, patterns: &Texts<'_>) -> Result<ArrayRef, Letter> {
    let replacements = call.optional(2, Call::texts)?;
    let mut compiled = Compiled::default();
    let mut templates: HashMap<(&str, &str), Result<String, &'static str>> = HashMap::new();
    Ok(call.each::<Cow<'_, str>, LargeStringArray>(|row| {
        let replacement = replacements.as_ref().map_or(Some(""), |replacements| replacements.get(row));
        let (Some(text), Some(pattern), Some(replacement)) = (texts.get(row), patterns.get(row), replacement) else {
            return Ok(None);
        };
        let expression = compiled.get(pattern)?;
        let template = templates.entry((pattern, replacement)).or_insert_with(|| template(expression, replacement));
        let template = template.as_ref().map_err(|message| *message)?;
        Ok(Some(expression.replace_all(text, template.as_str())))
    }))
}

/// `$1` takes digits only, `${name}` what is in the braces, `$$` is a dollar, and any other dollar too. Written here
/// so that the library, which reads `$1x` as a name, understands the same.
fn template(expression: &Regex, written: &str) -> Result<String, &'static str> {
    let (mut template, mut rest) = (String::with_capacity(written.len()), written);
    while let Some((before, after)) = rest.split_once('$') {
        template += before;
        let digits = after.len() - after.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
        let braced = after.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        let (group, left) = match braced {
            Some((name, left)) if !name.is_empty() => (name, left),
            _ if digits > 0 => after.split_at(digits),
            _ => {
                template += "$$";
                rest = after.strip_prefix('$').unwrap_or(after);
                continue;
            }
        };
        let is_there = match group.parse::<usize>() {
            Ok(number) => number < expression.captures_len(),
            Err(_) => expression.capture_names().flatten().any(|name| name == group),
        };
        if !is_there {
            return Err(NO_GROUP);
        }
        template += &format!("${{{group}}}");
        rest = left;
    }
    Ok(template + rest)
}

fn extracted_all(call: &mut Call<'_>, texts: &Texts<'_>, patterns: &Texts<'_>) -> Result<ArrayRef, Letter> {
    let groups = call.ints(2)?;
    let (mut compiled, mut lists) = (Compiled::default(), TextLists::new());
    for row in 0..call.rows {
        let outcome = match (texts.get(row), patterns.get(row), groups.get(row)) {
            (Some(text), Some(pattern), Some(group)) => {
                with_group(&mut compiled, pattern, group).map(|(expression, group)| {
                    let found = expression.captures_iter(text);
                    found.for_each(|found| lists.push(found.get(group).map(|part| part.as_str())));
                    Some(())
                })
            }
            _ => Ok(None),
        };
        let is_there = call.settle(row, outcome).is_some();
        lists.close(is_there);
    }
    lists.finish()
}

fn splits(call: &mut Call<'_>, texts: &Texts<'_>, patterns: &Texts<'_>) -> Result<ArrayRef, Letter> {
    let (mut compiled, mut lists) = (Compiled::default(), TextLists::new());
    for row in 0..call.rows {
        let outcome = match (texts.get(row), patterns.get(row)) {
            (Some(text), Some(pattern)) => compiled.get(pattern).map(|expression| {
                expression.split(text).for_each(|piece| lists.push(Some(piece)));
                Some(())
            }),
            _ => Ok(None),
        };
        let is_there = call.settle(row, outcome).is_some();
        lists.close(is_there);
    }
    lists.finish()
}
