//! What a function accepts and gives. Type variables stand for what is inside lists and maps: `contains` takes a list
//! of something and something.

use creta_model::{Code, DataType, Letter, Value};

/// A type in a signature.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Int,
    /// An int is accepted and widened.
    Float,
    /// An int or a float.
    Number,
    Bool,
    Str,
    Bytes,
    Time,
    Date,
    /// A datetime or a date.
    Day,
    Span,
    Any,
    /// A type variable.
    Item(usize),
    List(&'static Kind),
    Map(&'static Kind, &'static Kind),
}

/// The first type variable, and a list of it.
pub(super) const ITEM: Kind = Kind::Item(0);
pub(super) const OTHER: Kind = Kind::Item(1);
pub(super) const LIST: Kind = Kind::List(&ITEM);

/// How the result is typed.
#[derive(Debug, Clone, Copy)]
enum Gives {
    Kind(Kind),
    Rule(fn(&[DataType]) -> Option<DataType>),
}

/// Looks at the constants among the arguments and says what can never be right.
pub(super) type Check = fn(&[Option<&Value>]) -> Result<(), String>;

/// What a function accepts and gives.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signature {
    takes: &'static [Kind],
    optional: usize,
    repeats: bool,
    gives: Gives,
    check: Option<Check>,
}

/// An argument as far as its type and, for a constant, its value are known.
#[derive(Debug, Clone)]
pub struct Given<'a> {
    pub data_type: DataType,
    pub constant: Option<&'a Value>,
}

/// The type of a call, and the type that each argument is converted to (None: it stays as it is).
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    pub result: DataType,
    pub arguments: Vec<Option<DataType>>,
}

pub(super) const fn fixed(takes: &'static [Kind], gives: Kind) -> Signature {
    Signature { takes, optional: 0, repeats: false, gives: Gives::Kind(gives), check: None }
}

/// The types decide the result by a rule.
pub(super) const fn ruled(takes: &'static [Kind], rule: fn(&[DataType]) -> Option<DataType>) -> Signature {
    Signature { takes, optional: 0, repeats: false, gives: Gives::Rule(rule), check: None }
}

impl Signature {
    /// So many arguments at the end may be left out.
    pub const fn optional(mut self, optional: usize) -> Signature {
        self.optional = optional;
        self
    }

    /// The last argument may be repeated.
    pub const fn repeats(mut self) -> Signature {
        self.repeats = true;
        self
    }

    pub const fn checked(mut self, check: Check) -> Signature {
        self.check = Some(check);
        self
    }

    /// How many of the arguments count: an optional one that is None at the end is as good as left out.
    pub fn counted(&self, given: &[Given<'_>]) -> usize {
        let least = self.takes.len() - self.optional;
        let written = given.iter().rposition(|argument| argument.constant != Some(&Value::Null));
        let written = written.map_or(0, |last| last + 1);
        if self.repeats || given.len() > self.takes.len() { given.len() } else { written.max(least).min(given.len()) }
    }

    /// Letters: `type_mismatch`, `expression`.
    pub fn resolve(&self, name: &str, given: &[Given<'_>]) -> Result<Resolved, Letter> {
        let least = self.takes.len() - self.optional;
        if given.len() < least || (given.len() > self.takes.len() && !self.repeats) {
            let takes = match (self.optional, self.repeats) {
                (0, false) => format!("{least}"),
                (_, true) => format!("at least {least}"),
                _ => format!("{least} to {}", self.takes.len()),
            };
            let message = format!("`{name}` takes {takes} arguments, not {}.", given.len());
            return Err(Letter::new(Code::Expression, message));
        }
        let resolved = self.types(given).ok_or_else(|| {
            let types: Vec<String> = given.iter().map(|argument| argument.data_type.to_string()).collect();
            Letter::new(Code::TypeMismatch, format!("`{name}` cannot take {}.", types.join(" and ")))
        })?;
        let constants: Vec<Option<&Value>> = given.iter().map(|argument| argument.constant).collect();
        match self.check.map_or(Ok(()), |check| check(&constants)) {
            Ok(()) => Ok(resolved),
            Err(message) => Err(Letter::new(Code::Expression, format!("`{name}`: {message}."))),
        }
    }

    fn types(&self, given: &[Given<'_>]) -> Option<Resolved> {
        let kinds = || (0..given.len()).map(|position| self.takes[position.min(self.takes.len() - 1)]);
        let mut bound = [None, None];
        let fit = given
            .iter()
            .zip(kinds())
            .all(|(argument, kind)| is_open(argument) || kind.accepts(&argument.data_type, &mut bound));
        if !fit {
            return None;
        }
        // Among booleans may be conditions, which say nothing about the values beside them.
        let known = || given.iter().filter(|argument| !is_open(argument)).map(|argument| &argument.data_type);
        let neighbour = known().find(|known| **known != DataType::Bool).or_else(|| known().next());
        let converted = |(argument, kind): (&Given<'_>, Kind)| {
            let wanted = kind.concrete(&bound).or_else(|| neighbour.filter(|_| is_open(argument)).cloned());
            wanted.filter(|wanted| *wanted != argument.data_type)
        };
        let arguments: Vec<Option<DataType>> = given.iter().zip(kinds()).map(converted).collect();
        let own = given.iter().zip(&arguments);
        let types: Vec<DataType> =
            own.map(|(argument, converted)| converted.as_ref().unwrap_or(&argument.data_type).clone()).collect();
        let result = match self.gives {
            Gives::Kind(kind) => kind.concrete(&bound),
            Gives::Rule(rule) => rule(&types),
        };
        Some(Resolved { result: result?, arguments })
    }
}

/// A constant that says nothing about its type: None, and a list without items.
fn is_open(argument: &Given<'_>) -> bool {
    match argument.constant {
        Some(Value::Null) => true,
        Some(Value::List(items)) => items.is_empty(),
        _ => false,
    }
}

impl Kind {
    fn accepts(self, data_type: &DataType, bound: &mut [Option<DataType>; 2]) -> bool {
        match (self, data_type) {
            (Kind::Any, _) => true,
            (Kind::Item(variable), _) => bind(&mut bound[variable], data_type),
            (Kind::List(item), DataType::List(own)) => item.accepts(own, bound),
            (Kind::List(item), DataType::Vector(_)) => item.accepts(&DataType::Float, bound),
            (Kind::Map(key, value), DataType::Map(own, item)) => key.accepts(own, bound) && value.accepts(item, bound),
            (Kind::Float | Kind::Number, _) => data_type.is_number(),
            (Kind::Day, _) => matches!(data_type, DataType::Datetime | DataType::Date),
            _ => self.concrete(bound).as_ref() == Some(data_type),
        }
    }

    /// None where the kind leaves a choice.
    fn concrete(self, bound: &[Option<DataType>; 2]) -> Option<DataType> {
        Some(match self {
            Kind::Int => DataType::Int,
            Kind::Float => DataType::Float,
            Kind::Bool => DataType::Bool,
            Kind::Str => DataType::Str,
            Kind::Bytes => DataType::Bytes,
            Kind::Time => DataType::Datetime,
            Kind::Date => DataType::Date,
            Kind::Span => DataType::Timedelta,
            Kind::Number | Kind::Day | Kind::Any => return None,
            Kind::Item(variable) => bound[variable].clone()?,
            Kind::List(item) => DataType::List(Box::new(item.concrete(bound)?)),
            Kind::Map(key, value) => DataType::Map(Box::new(key.concrete(bound)?), Box::new(value.concrete(bound)?)),
        })
    }
}

/// Int and float together are float.
fn bind(variable: &mut Option<DataType>, data_type: &DataType) -> bool {
    match variable {
        None => *variable = Some(data_type.clone()),
        Some(known) if known == data_type => {}
        Some(known) if known.is_number() && data_type.is_number() => *known = DataType::Float,
        Some(_) => return false,
    }
    true
}
