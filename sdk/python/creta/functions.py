"""Functions for `_` expressions: `import creta.functions as F`, then `F.lower(_.name)`.

Each function builds a call; the server evaluates it. Arguments are expressions or constants, in the order of the
signature; what is left out at the end is left out of the call. Null in, null out, unless the catalogue says otherwise.
"""

import inspect
import json
from collections.abc import Callable
from typing import Any

from creta.definition.expressions import Expression, call, node_of
from creta.definition.letters import fault, suggestion
from creta.definition.places import caller_place
from creta.definition.value_types import NotAType, value_type

# One line per family; `name(parameters)`. Parameters after `*,` are constants and travel as options.
CATALOGUE = """
replace(s, old, new)  like(s, pattern)  regexp_like(s, pattern)  regexp_replace(s, pattern, replacement=None)
regexp_extract(s, pattern, group)  regexp_extract_all(s, pattern, group)  regexp_split(s, pattern)
trim(s)  ltrim(s)  rtrim(s)  starts_with(s, prefix)  ends_with(s, suffix)  str_contains(s, part)
substr(s, start, length=None)  str_slice(s, start, end)  reverse(s)  length(s)  lower(s)  upper(s)
split(s, delimiter, maxsplit=None)  split_part(s, delimiter, index)  strpos(s, part)  strrpos(s, part)
lpad(s, length, pad)  rpad(s, length, pad)  chr(code)  unidecode_normalize(s)  unidecode_to_ascii(s)
levenshtein_distance(a, b)  jaro_winkler_distance(a, b, prefix_weight=0.1)  jaccard_similarity(a, b)
partial_ratio(a, b)  token_set_ratio(a, b)  token_sort_ratio(a, b)  sequence_matcher_ratio(a, b)
longest_common_subsequence(a, b)
string_to_bytes(s, encoding)  bytes_to_string(b, encoding)  to_base(n, base)  from_base(s, base)
md5(b)  sha1(b)  sha256(b)  sha512(b)  url_extract_protocol(s)  url_extract_host(s)  url_extract_path(s)
coalesce(*values)  recover(*values)  is_null(x)  is_not_null(x)  if_then_else(condition, a, b)
between(x, low, high, inclusive="both")  distinct_from(a, b)  map_get(m, key)  map_from_arrays(keys, values)
map_keys(m)  map_values(m)  ordinal_encode(x, options, default=None)
json_value(s, path)  json_value_strict(s, path)  json_extract_array(s, path)  jsonify(x)  json_parse(s)
json_stringify(j)  json_format(j)
abs(x)  floor(x)  ceil(x)  sign(x)  sqrt(x)  cbrt(x)  exp(x)  ln(x)  log2(x)  log10(x)  sin(x)  cos(x)  asin(x)  acos(x)
atan(x)  cosh(x)  tanh(x)  sigmoid(x)  radians(x)  degrees(x)  atan2(y, x)  power(a, b)  pow(a, b)  mod(a, b)
round(x, digits=None)  bankers_round(x, digits=None)  safe_divide(x, y)  clamp(x, low, high)
greatest(*values)  least(*values)  max(*values)  min(*values)  e()  pi()  rand()  random(n=None)
width_bucket(x, low, high, n)  normal_cdf(x, mean, sd)  bitwise_and(a, b)  bitwise_or(a, b)  bitwise_xor(a, b)
bitwise_not(a)  bitwise_left_shift(a, n)  bitwise_right_shift(a, n)  bitwise_arithmetic_shift_right(a, n)
year(d)  quarter(d)  month_of_year(d)  week_of_year(d)  day(d)  day_of_month(d)  day_of_year(d)
day_of_week(d, start_of_week=1)  hour_of_day(t, tz=None)  date_trunc(t, unit)  last_day_of_month(d)  is_month_end(d)
is_leap_year(d)  is_us_federal_holiday(d)  total_seconds(duration)  unix_seconds(t)  unix_milliseconds(t)
from_unix_seconds(n)  from_unix_milliseconds(n)  to_iso8601(t)  from_iso8601_timestamp(s)
parse_datetime(s, format=None)  format_datetime(t, format, tz=None)
max_by(rows, sort)  min_by(rows, sort)  max_by_n(rows, sort, n)  min_by_n(rows, sort, n)  head(rows, n)
array_agg(rows)  set_agg(rows)  set_union(rows)
array(*items)  cardinality(a)  contains(a, x)  is_in(x, a)  element_at(a, index)  slice(a, offset, length)  concat(a, b)
array_sort(a, descending=False)  array_distinct(a)  array_duplicates(a)  array_has_duplicates(a)  array_max(a)
array_min(a)  array_sum(a)  array_average(a)  array_median(a)  array_stddev(a)  array_sample_stddev(a)
array_mode(a, tiebreak="FIRST")  array_cum_sum(a)  array_adjacent_difference(a)  array_count_value(a, x)
array_join(a, delimiter)  array_position(a, x)  array_remove(a, x)  array_intersect(a, b)  array_except(a, b)
arrays_overlap(a, b)  flatten(a)  remove_nulls(a)  sequence(a, b, step=1)  shuffle(a)
cosine_similarity(a, b)  dot_product(a, b)  array_add(a, b)  scale_vector(v, factor)  array_normalize(v, p=2)
haversine(lat1, lon1, lat2, lon2, unit="radians")
"""


def _builder(name: str, parameters: str) -> Callable[..., Expression]:
    signature = inspect.signature(eval(f"lambda {parameters}: None"))

    def build(*arguments: Any, **named: Any) -> Expression:
        bound = signature.bind(*arguments, **named)
        given = list(bound.arguments)
        ordered: list[Any] = []
        for parameter in signature.parameters.values():
            if parameter.kind is parameter.VAR_POSITIONAL:
                ordered += bound.args
            elif parameter.name in bound.arguments:
                ordered.append(bound.arguments[parameter.name])
            elif any(later in given for later in list(signature.parameters)[len(ordered) :]):
                # A later argument is given, so this one has to hold its place.
                ordered.append(parameter.default)
        return call(name, *ordered)

    build.__name__ = build.__qualname__ = name
    build.__signature__ = signature
    build.__doc__ = f"Builds a call of `{name}({parameters})`."
    return build


def _build_all() -> dict[str, Callable[..., Expression]]:
    functions = {}
    for entry in CATALOGUE.replace("\n", "  ").split(")  "):
        name, _parenthesis, parameters = entry.strip().rstrip(")").partition("(")
        if name:
            functions[name] = _builder(name, parameters)
    return functions


FUNCTIONS = _build_all()
globals().update(FUNCTIONS)


def cast(x: Any, type: Any) -> Expression:
    """Converts to another type: `F.cast(_.code, int)`. The type is an annotation as in a feature class."""
    try:
        data_type = value_type(type).data_type
    except NotAType as error:
        raise fault("annotation", f"cast: {error}", caller_place()) from None
    return call("cast", x, type=data_type if isinstance(data_type, str) else json.dumps(data_type, sort_keys=True))


def map_dict(mapping: dict, key: Any, *, default: Any = None) -> Expression:
    """Looks `key` up in a constant dict; `default` when it is not there."""
    return call("map_dict", mapping, key, default)


def struct_pack(fields: dict[str, Any]) -> Expression:
    """A struct of named expressions."""
    return call("struct_pack", *fields.values(), names=list(fields))


class When:
    """`when(c).then(x).when(c2).then(y).otherwise(z)`; only the chosen branch of a row is evaluated."""

    def __init__(self, branches: tuple, condition: Any):
        self._branches = branches
        self._condition = condition

    def then(self, value: Any) -> "Then":
        """What holds when the condition before it is true."""
        return Then((*self._branches, self._condition, value))


class Then(Expression):
    """A `when` that may go on. Used as it stands, rows that no condition takes are null."""

    __slots__ = ("_creta_branches",)

    def __init__(self, branches: tuple):
        object.__setattr__(self, "_creta_branches", branches)
        arguments = [node_of(branch) for branch in (*branches, None)]
        super().__init__({"call": {"function": "when", "arguments": arguments}})

    def when(self, condition: Any) -> When:
        """Another condition, tried when those before are not true."""
        return When(self._creta_branches, condition)

    def otherwise(self, value: Any) -> Expression:
        """What holds when no condition is true."""
        return call("when", *self._creta_branches, value)


def when(condition: Any) -> When:
    """Begins a choice: `F.when(_.teu > 100).then("large").otherwise("small")`."""
    return When((), condition)


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    known = [*FUNCTIONS, "cast", "map_dict", "struct_pack", "when"]
    raise fault("expression", f"There is no function `{name}`.", caller_place(), suggestion(name, known))
