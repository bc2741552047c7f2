//! The functions of the expression language: their names, what they accept and what they give.

use creta_model::errors::nearest;
use creta_model::{Code, DataType, Letter};

/// How the types of a function's arguments are checked and its result typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Numbers, strings (`+`), times and durations, as Python's arithmetic does.
    Arithmetic,
    /// True division: always a float, or a duration by a number.
    Division,
    Comparison,
    Equality,
    /// Booleans, or ints bit by bit.
    Bitwise,
    /// Same type for all arguments; the result has it.
    Same,
    /// Condition, value, condition, value, …, otherwise.
    Branches,
    /// Any type; the result is a boolean.
    Test,
    /// The type comes from the option `type`.
    Cast,
    /// Fixed argument and result types.
    Fixed(&'static [Kind], Kind),
    /// An int stays an int, a float a float.
    Number,
}

/// A simple type in a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Int,
    Float,
    /// An int or a float.
    Number,
    Bool,
    Str,
    Time,
    /// A datetime or a date.
    Day,
    Span,
}

macro_rules! functions {
    ($($name:ident, $text:literal, $least:literal to $most:expr, $shape:expr;)+) => {
        /// Every function that `_` expressions can call. `engine` evaluates each.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Function { $($name,)+ }

        const TABLE: &[(Function, &str, usize, usize, Shape)] = &[$((Function::$name, $text, $least, $most, $shape),)+];
    };
}

const MANY: usize = usize::MAX;
use Kind::{Bool, Day, Float, Int, Number, Span, Str, Time};
use Shape::{Arithmetic, Bitwise, Branches, Comparison, Division, Equality, Fixed, Same, Test};

functions! {
    Add, "+", 2 to 2, Arithmetic;
    Subtract, "-", 2 to 2, Arithmetic;
    Multiply, "*", 2 to 2, Arithmetic;
    Divide, "/", 2 to 2, Division;
    FloorDivide, "//", 2 to 2, Arithmetic;
    Modulo, "%", 2 to 2, Arithmetic;
    Power, "**", 2 to 2, Arithmetic;
    Negate, "neg", 1 to 1, Shape::Number;
    Less, "<", 2 to 2, Comparison;
    LessOrEqual, "<=", 2 to 2, Comparison;
    Greater, ">", 2 to 2, Comparison;
    GreaterOrEqual, ">=", 2 to 2, Comparison;
    Equal, "==", 2 to 2, Equality;
    NotEqual, "!=", 2 to 2, Equality;
    And, "&", 2 to 2, Bitwise;
    Or, "|", 2 to 2, Bitwise;
    ExclusiveOr, "^", 2 to 2, Bitwise;
    Not, "~", 1 to 1, Bitwise;
    Coalesce, "coalesce", 1 to MANY, Same;
    IsNull, "is_null", 1 to 1, Test;
    IsNotNull, "is_not_null", 1 to 1, Test;
    When, "when", 3 to MANY, Branches;
    IfThenElse, "if_then_else", 3 to 3, Branches;
    Cast, "cast", 1 to 1, Shape::Cast;
    Greatest, "greatest", 1 to MANY, Same;
    Least, "least", 1 to MANY, Same;
    Lower, "lower", 1 to 1, Fixed(&[Str], Str);
    Upper, "upper", 1 to 1, Fixed(&[Str], Str);
    Trim, "trim", 1 to 1, Fixed(&[Str], Str);
    LeftTrim, "ltrim", 1 to 1, Fixed(&[Str], Str);
    RightTrim, "rtrim", 1 to 1, Fixed(&[Str], Str);
    Reverse, "reverse", 1 to 1, Fixed(&[Str], Str);
    Length, "length", 1 to 1, Fixed(&[Str], Int);
    StartsWith, "starts_with", 2 to 2, Fixed(&[Str, Str], Bool);
    EndsWith, "ends_with", 2 to 2, Fixed(&[Str, Str], Bool);
    Contains, "str_contains", 2 to 2, Fixed(&[Str, Str], Bool);
    Replace, "replace", 3 to 3, Fixed(&[Str, Str, Str], Str);
    Substring, "substr", 2 to 3, Fixed(&[Str, Int, Int], Str);
    SplitPart, "split_part", 3 to 3, Fixed(&[Str, Str, Int], Str);
    Absolute, "abs", 1 to 1, Shape::Number;
    Floor, "floor", 1 to 1, Fixed(&[Number], Int);
    Ceiling, "ceil", 1 to 1, Fixed(&[Number], Int);
    SquareRoot, "sqrt", 1 to 1, Fixed(&[Number], Float);
    Exponential, "exp", 1 to 1, Fixed(&[Number], Float);
    NaturalLogarithm, "ln", 1 to 1, Fixed(&[Number], Float);
    Logarithm2, "log2", 1 to 1, Fixed(&[Number], Float);
    Logarithm10, "log10", 1 to 1, Fixed(&[Number], Float);
    Sine, "sin", 1 to 1, Fixed(&[Number], Float);
    Cosine, "cos", 1 to 1, Fixed(&[Number], Float);
    Radians, "radians", 1 to 1, Fixed(&[Number], Float);
    Degrees, "degrees", 1 to 1, Fixed(&[Number], Float);
    ArcTangent2, "atan2", 2 to 2, Fixed(&[Number, Number], Float);
    SafeDivide, "safe_divide", 2 to 2, Fixed(&[Number, Number], Float);
    Year, "year", 1 to 1, Fixed(&[Day], Int);
    Quarter, "quarter", 1 to 1, Fixed(&[Day], Int);
    Month, "month_of_year", 1 to 1, Fixed(&[Day], Int);
    WeekOfYear, "week_of_year", 1 to 1, Fixed(&[Day], Int);
    Day, "day_of_month", 1 to 1, Fixed(&[Day], Int);
    DayOfYear, "day_of_year", 1 to 1, Fixed(&[Day], Int);
    DayOfWeek, "day_of_week", 1 to 1, Fixed(&[Day], Int);
    HourOfDay, "hour_of_day", 1 to 1, Fixed(&[Time], Int);
    TotalSeconds, "total_seconds", 1 to 1, Fixed(&[Span], Float);
    UnixSeconds, "unix_seconds", 1 to 1, Fixed(&[Time], Float);
    UnixMilliseconds, "unix_milliseconds", 1 to 1, Fixed(&[Time], Int);
    FromUnixSeconds, "from_unix_seconds", 1 to 1, Fixed(&[Number], Time);
}

impl Function {
    /// By its name in the bundle. Letters: `expression`, with the nearest name.
    pub fn named(name: &str) -> Result<Function, Letter> {
        let alias = match name {
            "day" => "day_of_month",
            "pow" | "power" => "**",
            "mod" => "%",
            other => other,
        };
        TABLE.iter().find(|row| row.1 == alias).map(|row| row.0).ok_or_else(|| {
            let letter = Letter::new(Code::Expression, format!("There is no function `{name}` for expressions."));
            match nearest(name, TABLE.iter().map(|row| row.1).filter(|known| known.len() > 2)) {
                Some(near) => letter.fix(format!("Did you mean `{near}`?")),
                None => letter.fix("Compute it in a Python resolver instead."),
            }
        })
    }

    pub fn name(self) -> &'static str {
        self.row().1
    }

    fn row(self) -> &'static (Function, &'static str, usize, usize, Shape) {
        TABLE.iter().find(|row| row.0 == self).unwrap_or(&TABLE[0])
    }

    /// The type of a call. `target` is the option `type` of `cast`. Letters: `type_mismatch`, `expression`.
    pub fn result_type(self, arguments: &[DataType], target: Option<&DataType>) -> Result<DataType, Letter> {
        let (_, name, least, most, shape) = self.row();
        if arguments.len() < *least || arguments.len() > *most {
            let message = format!("`{name}` takes {least} arguments, not {}.", arguments.len());
            return Err(Letter::new(Code::Expression, message));
        }
        let given = match shape {
            Arithmetic => arithmetic(self, &arguments[0], &arguments[1]),
            Division => division(&arguments[0], &arguments[1]),
            Comparison => {
                (comparable(&arguments[0], &arguments[1]) && ordered(&arguments[0])).then_some(DataType::Bool)
            }
            Equality => comparable(&arguments[0], &arguments[1]).then_some(DataType::Bool),
            Bitwise => bitwise(arguments),
            Same => widest(arguments),
            Branches => branches(arguments),
            Test => Some(DataType::Bool),
            Shape::Cast => target.cloned(),
            Shape::Number => arguments[0].is_number().then(|| arguments[0].clone()),
            Fixed(kinds, result) => {
                let fit = arguments.iter().zip(*kinds).all(|(argument, kind)| kind.accepts(argument));
                fit.then(|| result.data_type())
            }
        };
        given.ok_or_else(|| {
            let types: Vec<String> = arguments.iter().map(ToString::to_string).collect();
            Letter::new(Code::TypeMismatch, format!("`{name}` cannot take {}.", types.join(" and ")))
        })
    }
}

impl Kind {
    fn accepts(self, data_type: &DataType) -> bool {
        match self {
            Int => *data_type == DataType::Int,
            Float | Number => data_type.is_number(),
            Bool => *data_type == DataType::Bool,
            Str => *data_type == DataType::Str,
            Time => *data_type == DataType::Datetime,
            Day => matches!(data_type, DataType::Datetime | DataType::Date),
            Span => *data_type == DataType::Timedelta,
        }
    }

    fn data_type(self) -> DataType {
        match self {
            Int => DataType::Int,
            Float | Number => DataType::Float,
            Bool => DataType::Bool,
            Str => DataType::Str,
            Time => DataType::Datetime,
            Day => DataType::Date,
            Span => DataType::Timedelta,
        }
    }
}

fn arithmetic(function: Function, left: &DataType, right: &DataType) -> Option<DataType> {
    use DataType::{Datetime, Float, Int, Str, Timedelta};
    match (function, left, right) {
        (_, Int, Int) => Some(Int),
        (_, Int | Float, Int | Float) => Some(Float),
        (Function::Add, Str, Str) => Some(Str),
        (Function::Add | Function::Subtract, Datetime, Timedelta) | (Function::Add, Timedelta, Datetime) => {
            Some(Datetime)
        }
        (Function::Subtract, Datetime, Datetime) => Some(Timedelta),
        (Function::Add | Function::Subtract, Timedelta, Timedelta) => Some(Timedelta),
        (Function::Multiply, Timedelta, Int) | (Function::Multiply, Int, Timedelta) => Some(Timedelta),
        _ => None,
    }
}

fn division(left: &DataType, right: &DataType) -> Option<DataType> {
    match (left, right) {
        (DataType::Timedelta, DataType::Timedelta) => Some(DataType::Float),
        _ => (left.is_number() && right.is_number()).then_some(DataType::Float),
    }
}

fn comparable(left: &DataType, right: &DataType) -> bool {
    left == right || (left.is_number() && right.is_number())
}

fn ordered(data_type: &DataType) -> bool {
    !matches!(data_type, DataType::List(_) | DataType::Map(..) | DataType::Struct(_) | DataType::Vector(_))
}

fn bitwise(arguments: &[DataType]) -> Option<DataType> {
    let same = arguments.iter().all(|argument| *argument == arguments[0]);
    (same && arguments[0] == DataType::Bool).then_some(DataType::Bool)
}

fn widest(arguments: &[DataType]) -> Option<DataType> {
    let first = arguments.first()?;
    if arguments.iter().all(|argument| argument == first) {
        return Some(first.clone());
    }
    arguments.iter().all(DataType::is_number).then_some(DataType::Float)
}

fn branches(arguments: &[DataType]) -> Option<DataType> {
    if arguments.len().is_multiple_of(2) {
        return None;
    }
    let (otherwise, pairs) = arguments.split_last()?;
    let conditions = pairs.iter().step_by(2).all(|condition| *condition == DataType::Bool);
    let values: Vec<DataType> = pairs.iter().skip(1).step_by(2).chain([otherwise]).cloned().collect();
    widest(&values).filter(|_| conditions)
}
