//! Mathematics.

use super::conditional::widest;
use super::family;
use super::operators::number;
use super::signature::Kind::{Float, Int, Number as Numeric};
use super::signature::{fixed, ruled};
use creta_model::DataType;

family! {
    /// Mathematics.
    Number {
        Absolute "abs": ruled(&[Numeric], number);
        Sign "sign": ruled(&[Numeric], number);
        Floor "floor": fixed(&[Numeric], Int);
        Ceiling "ceil": fixed(&[Numeric], Int);
        Round "round": ruled(&[Numeric, Int], rounded).optional(1);
        BankersRound "bankers_round": ruled(&[Numeric, Int], rounded).optional(1);
        SquareRoot "sqrt": fixed(&[Float], Float);
        CubeRoot "cbrt": fixed(&[Float], Float);
        Exponential "exp": fixed(&[Float], Float);
        NaturalLogarithm "ln": fixed(&[Float], Float);
        Logarithm2 "log2": fixed(&[Float], Float);
        Logarithm10 "log10": fixed(&[Float], Float);
        Sine "sin": fixed(&[Float], Float);
        Cosine "cos": fixed(&[Float], Float);
        ArcSine "asin": fixed(&[Float], Float);
        ArcCosine "acos": fixed(&[Float], Float);
        ArcTangent "atan": fixed(&[Float], Float);
        HyperbolicCosine "cosh": fixed(&[Float], Float);
        HyperbolicTangent "tanh": fixed(&[Float], Float);
        Sigmoid "sigmoid": fixed(&[Float], Float);
        Radians "radians": fixed(&[Float], Float);
        Degrees "degrees": fixed(&[Float], Float);
        ArcTangent2 "atan2": fixed(&[Float, Float], Float);
        SafeDivide "safe_divide": fixed(&[Float, Float], Float);
        Clamp "clamp": ruled(&[Numeric, Numeric, Numeric], widest);
        WidthBucket "width_bucket": fixed(&[Float, Float, Float, Int], Int);
        NormalCdf "normal_cdf": fixed(&[Float, Float, Float], Float);
        E "e": fixed(&[], Float);
        Pi "pi": fixed(&[], Float);
        Random "rand": fixed(&[], Float);
        RandomBelow "random": ruled(&[Int], drawn).optional(1);
        BitAnd "bitwise_and": fixed(&[Int, Int], Int);
        BitOr "bitwise_or": fixed(&[Int, Int], Int);
        BitExclusiveOr "bitwise_xor": fixed(&[Int, Int], Int);
        BitNot "bitwise_not": fixed(&[Int], Int);
        LeftShift "bitwise_left_shift": fixed(&[Int, Int], Int);
        RightShift "bitwise_right_shift": fixed(&[Int, Int], Int);
        ArithmeticRightShift "bitwise_arithmetic_shift_right": fixed(&[Int, Int], Int);
    }
}

/// Without digits an int; with digits as it was.
fn rounded(arguments: &[DataType]) -> Option<DataType> {
    match arguments {
        [_] => Some(DataType::Int),
        _ => arguments.first().cloned(),
    }
}

/// A float of [0, 1), or an int below the argument.
fn drawn(arguments: &[DataType]) -> Option<DataType> {
    Some(if arguments.is_empty() { DataType::Float } else { DataType::Int })
}
