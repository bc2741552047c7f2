"""Types that a feature declares beside its annotation: `encoder`/`decoder` of foreign classes, and `dtype`."""

import typing
from collections.abc import Callable
from typing import Any

import pyarrow

from creta.definition.value_types import ARROW, NotAType, ValueType, split_optional, value_type

# More ways to say a type that the bundle has.
EQUAL = {pyarrow.string(): "str", pyarrow.date64(): "date", pyarrow.binary(): "bytes"}
CONVERTED = "`encoder` and `decoder` belong together"


def declared_type(annotation: Any, options: Any) -> ValueType:
    """The type of a feature with an encoder, a decoder or a dtype. Raises NotAType."""
    if options.encoder is None:
        if options.decoder is not None:
            raise NotAType(f"{CONVERTED}; the encoder is missing.")
        return _overridden(value_type(annotation), options.dtype)
    if options.decoder is None:
        raise NotAType(f"{CONVERTED}; the decoder is missing.")
    return _converted(_emitted(options), options.encoder, options.decoder)


def _emitted(options: Any) -> ValueType:
    """The type that the encoder returns: `dtype`, or what its return annotation says."""
    if options.dtype is not None:
        return _of_arrow(options.dtype)
    try:
        returned = typing.get_type_hints(options.encoder).get("return")
    except (NameError, TypeError):
        returned = None
    if returned is None:
        raise NotAType("the encoder does not say what it returns; annotate its return, or give `dtype`.")
    return value_type(split_optional(returned)[0])


def _converted(inner: ValueType, encoder: Callable[[Any], Any], decoder: Callable[[Any], Any]) -> ValueType:
    def encode(value: Any) -> Any:
        try:
            return inner.encode(encoder(value))
        except TypeError:
            raise
        except Exception as error:
            raise TypeError(f"the encoder raises {type(error).__name__} for a {type(value).__name__}") from error

    read = inner.decode or (lambda value: value)
    return ValueType(inner.data_type, encode, lambda value: decoder(read(value)))


def _overridden(declared: ValueType, dtype: Any) -> ValueType:
    if dtype is None:
        return declared
    wanted = _of_arrow(dtype)
    if wanted.data_type != declared.data_type:
        raise NotAType(f"`dtype={dtype}` does not hold the values of the annotation.")
    return declared


def _of_arrow(dtype: Any) -> ValueType:
    """The type of an Arrow type that features can be stored in."""
    if not isinstance(dtype, pyarrow.DataType):
        raise NotAType("`dtype` is an Arrow type, such as `pyarrow.int64()`.")
    names = {arrow: name for name, arrow in ARROW.items()} | EQUAL
    if dtype not in names:
        known = ", ".join(str(arrow) for arrow in ARROW.values())
        raise NotAType(f"features cannot be stored as {dtype} yet; the types are {known}.")
    plain = {"int": int, "float": float, "bool": bool, "str": str, "bytes": bytes}
    name = names[dtype]
    if name in plain:
        return value_type(plain[name])
    import datetime

    return value_type(getattr(datetime, name))
