"""Calls plain resolver functions for the oracle: one JSON request per line in, one JSON answer per line out."""

import importlib
import json
import sys
from datetime import UTC, date, datetime, timedelta
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def python_value(value: Any) -> Any:
    """From the tagged form of a value, such as {"int": 7}."""
    if value == "null":
        return None
    [(kind, inner)] = value.items()
    if kind == "datetime":
        return EPOCH + timedelta(microseconds=inner)
    if kind == "date":
        return date(1970, 1, 1) + timedelta(days=inner)
    if kind == "timedelta":
        return timedelta(microseconds=inner)
    if kind == "list":
        return [python_value(item) for item in inner]
    return inner


def plain(value: Any) -> Any:
    """To the form of scenario files."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value // timedelta(seconds=1)
    return value


def call(request: dict[str, Any]) -> dict[str, Any]:
    function = getattr(importlib.import_module(request["module"]), request["function"])
    arguments = {name: python_value(value) for name, value in request["arguments"]}
    if request["frame"]:
        return frame_call(function, arguments, request)
    result = function(**arguments)
    outputs = request["outputs"]
    if len(outputs) == 1 and not hasattr(type(result), "__creta_features__") and not is_instance(result, outputs):
        return {outputs[0]: plain(result)}
    return {name: plain(value) for name in outputs if (value := getattr(result, name, Ellipsis)) is not Ellipsis}


def is_instance(result: Any, outputs: list[str]) -> bool:
    return all(hasattr(result, name) for name in outputs)


def frame_call(function: Any, arguments: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    from creta.features import DataFrame

    frame = DataFrame({f"{request['namespace']}.{path}": [value] for path, value in arguments.items()})
    [row] = function(frame).to_pyarrow().to_pylist()
    return {name: plain(row[f"{request['namespace']}.{name}"]) for name in request["outputs"]}


def main() -> None:
    sys.path.insert(0, ".")
    for line in sys.stdin:
        try:
            answer = {"values": call(json.loads(line))}
        except Exception as error:  # a resolver may raise anything; its text is the answer
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
