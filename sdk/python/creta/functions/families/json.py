"""JSON texts. Paths are RFC 9535's: `$`, `.name`, `['name']`, `[0]`, `[-1]` from the end, and `*`."""

from creta.functions.declaring import declared_in, function
from creta.functions.kinds import Str, Strs, Value


@function()
def json_value(s: Str, path: Str) -> Str:
    """The scalar at a path of a JSON text: strings as they are, numbers and booleans as JSON writes them.

    * Null when nothing, a JSON null, a list or an object is there, when several values are, and when `s` is no JSON.
    * `cast` makes a number of it. A path that is not written rightly is an error.
    """


@function()
def json_value_strict(s: Str, path: Str) -> Str:
    """Like `json_value`, but a text that is no JSON is an error."""


@function()
def json_extract_array(s: Str, path: Str) -> Strs:
    """The scalars of the list at a path of a JSON text, or of all that a path with `*` leads to.

    * Objects, lists and nulls inside are null. Null when there is no list, and when `s` is no JSON.
    """


@function()
def jsonify(x: Value) -> Str:
    """Any value as compact JSON text; fields and keys keep their order.

    * NaN and infinities, which JSON lacks, are `null`; times are ISO 8601, bytes base64, keys of maps text.
    * Text beyond ASCII stays as it is.
    """


@function()
def json_parse(s: Str) -> Str:
    """Checks a JSON text and writes it compactly; the order of keys stays, of equal keys the last counts.

    * A text that is no JSON is an error.
    """


@function()
def json_stringify(j: Str) -> Str:
    """JSON as compact text; the same as `json_format`."""


@function()
def json_format(j: Str) -> Str:
    """JSON as compact text; the same as `json_stringify`."""


__all__ = declared_in(__name__)
