"""Prepared calls of resolvers: everything that can be known before the first call is computed once."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pyarrow

from creta.definition.classes import FeatureMeta
from creta.definition.declarations import MISSING
from creta.definition.durations import microseconds
from creta.definition.value_types import ValueType, arrow_type
from creta.definition.versions import versioned
from creta.frames import NOW_COLUMN, DataFrame
from creta.project.linked import Target
from creta.project.signatures import LinkedParameter, Signature
from creta.working.columns import checked_column, datetimes, reader
from creta.working.concurrency import Failed, gather
from creta.working.failures import WrongValue, failure


@dataclass
class Output:
    """One feature that a resolver yields. `attributes` are its names on an instance, the first that is given counts."""

    name: str
    fqn: str
    attributes: tuple[str, ...]
    type: ValueType
    nullable: bool
    # One window, in microseconds; on an instance the attribute holds a dict by window.
    window: int | None
    arrow: pyarrow.DataType = field(init=False)

    def __post_init__(self):
        self.arrow = arrow_type(self.type.data_type)


@dataclass
class CallResult:
    """What goes back: a batch (None when there is none), errors by row, and rows in which a feature was not set."""

    batch: pyarrow.RecordBatch | None
    errors: list[dict[str, Any]] = field(default_factory=list)
    missing: dict[str, list[int]] = field(default_factory=dict)


def prepare(signature: Signature, root: str, loop: asyncio.AbstractEventLoop) -> "ScalarCall | FrameCall":
    """A resolver made ready to be called."""
    outputs = [
        Output(
            target.path[-1],
            target.fqn,
            _attributes(target, signature.outputs),
            target.feature.type,
            target.feature.meaning.nullable,
            target.window,
        )
        for target in signature.outputs
    ]
    kind = FrameCall if signature.frame else ScalarCall
    return kind(signature, outputs, root, loop)


def _attributes(target: Target, outputs: list[Target]) -> tuple[str, ...]:
    """`risk@2` of an instance gives that version; `risk` the one that the resolver yields, or the default one."""
    attribute, version = target.feature.field.attribute, target.feature.version
    if version is None:
        return (attribute,)
    alone = len({other.feature.version for other in outputs if other.feature.field.attribute == attribute}) == 1
    named = versioned(attribute, version)
    return (named, attribute) if alone or version == target.feature.default_version else (named,)


class ScalarCall:
    """A resolver that is called once per row."""

    def __init__(self, signature: Signature, outputs: list[Output], root: str, loop: asyncio.AbstractEventLoop):
        self.function = signature.resolver.function
        self.is_async = signature.resolver.is_async
        self.timeout = signature.resolver.timeout
        self.cls = signature.owner.cls
        self.outputs = outputs
        self.root = root
        self.loop = loop
        self.readers = [(parameter.name, _batch_reader(parameter)) for parameter in signature.parameters]
        self.schema = pyarrow.schema([pyarrow.field(output.name, output.arrow) for output in outputs])

    def run(self, batch: pyarrow.RecordBatch | None, rows: int) -> CallResult:
        """Calls the function for each of `rows` rows; a row that raises fails alone."""
        result = CallResult(None)
        columns = [read(batch) for _name, read in self.readers] if batch is not None else []
        returned = self._call_all(columns, rows, result)
        cells: list[list[Any]] = [[None] * rows for _output in self.outputs]
        for row, value in enumerate(returned):
            if isinstance(value, Failed):
                continue
            try:
                self._place(value, row, cells, result)
            except TypeError as error:
                result.errors.append(failure(error, self.root, row))
                for column in cells:
                    column[row] = None
        result.errors.sort(key=lambda error: error["row"])
        arrays = [self._array(output, values, result) for output, values in zip(self.outputs, cells, strict=True)]
        result.batch = pyarrow.RecordBatch.from_arrays(arrays, schema=self.schema)
        return result

    def _call_all(self, columns: list[list], rows: int, result: CallResult) -> list[Any]:
        names = [name for name, _read in self.readers]
        arguments = zip(*columns, strict=True) if columns else [()] * rows
        calls = [dict(zip(names, values, strict=True)) for values in arguments]
        if self.is_async:
            returned = self.loop.run_until_complete(gather(self.function, calls, self.timeout))
        else:
            returned = [_attempt(self.function, call) for call in calls]
        for row, value in enumerate(returned):
            if isinstance(value, Failed):
                result.errors.append(failure(value.error, self.root, row))
        return returned

    def _place(self, value: Any, row: int, cells: list[list[Any]], result: CallResult) -> None:
        """Checks one returned value and puts it into its cells."""
        if not isinstance(value, self.cls):
            if len(self.outputs) != 1 or isinstance(type(value), FeatureMeta):
                raise WrongValue(f"the resolver must return {self.cls.__name__}, not {type(value).__name__}")
            cells[0][row] = _encoded(self.outputs[0], value)
            if value is MISSING:
                result.missing.setdefault(self.outputs[0].name, []).append(row)
            return
        for column, output in zip(cells, self.outputs, strict=True):
            given = _given(value, output)
            if given is MISSING:
                result.missing.setdefault(output.name, []).append(row)
            else:
                column[row] = _encoded(output, given)

    def _array(self, output: Output, values: list[Any], result: CallResult) -> pyarrow.Array:
        try:
            return pyarrow.array(values, output.arrow)
        except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, OverflowError):
            # Some value is out of range; the others of the batch must not suffer.
            return pyarrow.array([self._fitting(output, row, value, result) for row, value in enumerate(values)],
                                 output.arrow)  # fmt: skip

    def _fitting(self, output: Output, row: int, value: Any, result: CallResult) -> Any:
        try:
            pyarrow.array([value], output.arrow)
            return value
        except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, OverflowError):
            message = f"{output.fqn}: the value does not fit into {output.arrow}"
            result.errors.append(failure(WrongValue(message), self.root, row))
            return None


def _batch_reader(parameter: LinkedParameter) -> Any:
    """A function from the batch to the parameter's values."""
    if parameter.kind == "has_one":
        return _row_reader(parameter)
    read = _reader(parameter)
    return lambda batch: read(batch.column(parameter.name))


def _row_reader(parameter: LinkedParameter) -> Any:
    """Whole has-one rows as instances; None where there is no row."""
    cls = parameter.target.feature.meaning.target
    columns = [(f"{parameter.name}.{column.path[-1]}", column.feature, reader(column.feature.type))
               for column in parameter.columns]  # fmt: skip
    attributes = [feature.field.attribute for _name, feature, _read in columns]

    def read(batch: pyarrow.RecordBatch) -> list[Any]:
        values = [decode(batch.column(name)) for name, _feature, decode in columns]
        rows = zip(*values, strict=True)
        return [None if all(value is None for value in row) else cls(**dict(zip(attributes, row, strict=True)))
                for row in rows]  # fmt: skip

    return read


def _reader(parameter: LinkedParameter) -> Any:
    if parameter.kind == "now":
        return datetimes
    if parameter.kind == "has_many":
        return _frames
    return reader(parameter.target.feature.type)


def _frames(column: pyarrow.Array) -> list[DataFrame | None]:
    """A list of structs per row, each as a DataFrame of its fields."""
    frames = []
    for cell in column:
        rows = cell.values
        frames.append(None if rows is None else DataFrame(pyarrow.RecordBatch.from_struct_array(rows)))
    return frames


def _given(instance: Any, output: Output) -> Any:
    """What an instance holds for an output; `Vessel(teu={"1d": 3.0})` for windows."""
    values = (instance.__dict__.get(attribute, MISSING) for attribute in output.attributes)
    given = next((value for value in values if value is not MISSING), MISSING)
    if output.window is None or given is MISSING:
        return given
    if not isinstance(given, dict):
        raise WrongValue(f"{output.fqn}: expected a dict by window, got {type(given).__name__}")
    return {microseconds(window): value for window, value in given.items()}.get(output.window, MISSING)


def _encoded(output: Output, value: Any) -> Any:
    if value is None or value is MISSING:
        return None
    try:
        return output.type.encode(value)
    except TypeError as error:
        raise WrongValue(f"{output.fqn}: {error}") from None


def _attempt(function: Any, arguments: dict[str, Any]) -> Any:
    try:
        return function(**arguments)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return Failed(error)


class FrameCall:
    """A resolver that is called once per batch with a DataFrame, or with nothing, and returns rows."""

    def __init__(self, signature: Signature, outputs: list[Output], root: str, loop: asyncio.AbstractEventLoop):
        self.function = signature.resolver.function
        self.is_async = signature.resolver.is_async
        self.parameter = signature.parameters[0] if signature.parameters else None
        self.outputs = outputs
        self.root = root
        self.loop = loop
        self.namespace = signature.owner.info.namespace
        self.schema = pyarrow.schema([pyarrow.field(output.name, output.arrow) for output in outputs])

    def run(self, batch: pyarrow.RecordBatch | None, rows: int) -> CallResult:
        """One call; if it raises or returns something unfit there is no batch, only an error without a row."""
        try:
            returned = self._call(batch)
            arrays = self._columns(returned)
            table = pyarrow.Table.from_arrays(arrays, schema=self.schema).combine_chunks()
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return CallResult(None, [failure(error, self.root)])
        batches = table.to_batches()
        return CallResult(batches[0] if batches else pyarrow.RecordBatch.from_pylist([], self.schema))

    def _call(self, batch: pyarrow.RecordBatch | None) -> Any:
        arguments = {}
        if self.parameter is not None:
            arguments[self.parameter.name] = DataFrame(self._typed(batch))
        returned = self.function(**arguments)
        return self.loop.run_until_complete(returned) if self.is_async else returned

    def _typed(self, batch: pyarrow.RecordBatch | None) -> pyarrow.Table:
        """The batch as a table; without a batch, an empty table with the right columns."""
        if batch is not None:
            return pyarrow.Table.from_batches([batch])
        fields = [pyarrow.field(column.fqn, arrow_type(column.feature.type.data_type))
                  for column in self.parameter.columns]  # fmt: skip
        if self.parameter.with_now:
            fields.append(pyarrow.field(NOW_COLUMN, pyarrow.timestamp("us", "UTC")))
        return pyarrow.schema(fields).empty_table()

    def _columns(self, returned: Any) -> list[Any]:
        columns = _named_columns(returned)
        arrays = []
        for output in self.outputs:
            values = columns.get(output.fqn)
            if values is None:
                values = columns.get(output.name)
            if values is None:
                known = ", ".join(columns) or "none"
                raise WrongValue(f"the returned rows lack the column {output.fqn}; their columns: {known}")
            arrays.append(checked_column(values, output.type, output.nullable, output.fqn))
        return arrays


def _named_columns(returned: Any) -> dict[str, Any]:
    """The columns of whatever kind of table was returned, by name."""
    if isinstance(returned, DataFrame):
        returned = returned.to_pyarrow()
    elif not hasattr(returned, "columns"):
        # A mapping or a list of instances.
        returned = DataFrame(returned).to_pyarrow()
    if isinstance(returned, (pyarrow.Table, pyarrow.RecordBatch)):
        return {name: returned.column(name) for name in returned.schema.names}
    return {str(name): returned[name] for name in returned.columns}
