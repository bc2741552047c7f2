//! Operators, by their Python spelling.

use super::family;
use super::signature::{
    Kind::{Any, Int},
    fixed, ruled,
};
use creta_model::DataType;

family! {
    /// What Python writes between or before its operands.
    Operator {
        Add "+": ruled(&[Any, Any], addition);
        Subtract "-": ruled(&[Any, Any], subtraction);
        Multiply "*": ruled(&[Any, Any], multiplication);
        Divide "/": ruled(&[Any, Any], division);
        FloorDivide "//": ruled(&[Any, Any], numbers);
        Modulo "%": ruled(&[Any, Any], numbers);
        Power "**": ruled(&[Any, Any], numbers);
        Negate "neg": ruled(&[Any], number);
        Less "<": ruled(&[Any, Any], order);
        LessOrEqual "<=": ruled(&[Any, Any], order);
        Greater ">": ruled(&[Any, Any], order);
        GreaterOrEqual ">=": ruled(&[Any, Any], order);
        Equal "==": ruled(&[Any, Any], equality);
        NotEqual "!=": ruled(&[Any, Any], equality);
        And "&": ruled(&[Any, Any], logic);
        Or "|": ruled(&[Any, Any], logic);
        ExclusiveOr "^": ruled(&[Any, Any], logic);
        Not "~": ruled(&[Any], logic);
        ShiftLeft "<<": fixed(&[Int, Int], Int);
        ShiftRight ">>": fixed(&[Int, Int], Int);
    }
}

fn numbers(arguments: &[DataType]) -> Option<DataType> {
    use DataType::{Float, Int};
    match arguments {
        [Int, Int] => Some(Int),
        [Int | Float, Int | Float] => Some(Float),
        _ => None,
    }
}

fn addition(arguments: &[DataType]) -> Option<DataType> {
    use DataType::{Datetime, Str, Timedelta};
    match arguments {
        [Str, Str] => Some(Str),
        [Datetime, Timedelta] | [Timedelta, Datetime] => Some(Datetime),
        [Timedelta, Timedelta] => Some(Timedelta),
        _ => numbers(arguments),
    }
}

fn subtraction(arguments: &[DataType]) -> Option<DataType> {
    use DataType::{Datetime, Timedelta};
    match arguments {
        [Datetime, Timedelta] => Some(Datetime),
        [Datetime, Datetime] | [Timedelta, Timedelta] => Some(Timedelta),
        _ => numbers(arguments),
    }
}

fn multiplication(arguments: &[DataType]) -> Option<DataType> {
    use DataType::{Int, Timedelta};
    match arguments {
        [Timedelta, Int] | [Int, Timedelta] => Some(Timedelta),
        _ => numbers(arguments),
    }
}

/// True division: always a float, or a duration by another.
fn division(arguments: &[DataType]) -> Option<DataType> {
    match arguments {
        [DataType::Timedelta, DataType::Timedelta] => Some(DataType::Float),
        _ => numbers(arguments).map(|_| DataType::Float),
    }
}

pub(super) fn number(arguments: &[DataType]) -> Option<DataType> {
    arguments.first().filter(|argument| argument.is_number()).cloned()
}

pub(super) fn equality(arguments: &[DataType]) -> Option<DataType> {
    let [left, right] = arguments else { return None };
    (left == right || (left.is_number() && right.is_number())).then_some(DataType::Bool)
}

fn order(arguments: &[DataType]) -> Option<DataType> {
    let nested = |own: &DataType| {
        matches!(own, DataType::List(_) | DataType::Map(..) | DataType::Struct(_) | DataType::Vector(_))
    };
    equality(arguments).filter(|_| !nested(&arguments[0]))
}

fn logic(arguments: &[DataType]) -> Option<DataType> {
    let kind = arguments.first().filter(|kind| matches!(kind, DataType::Bool | DataType::Int))?;
    arguments.iter().all(|argument| argument == kind).then(|| kind.clone())
}
