"""Asks a real server the expected values of functions, through SDK, bundle and HTTP: `python ask.py PROGRAM [NAME …]`.

Makes a project with one feature class per case, starts the server on a free port, applies, asks, and prints every
difference. The exit status says whether there were any. Without names it asks everything that can be written.
"""

import base64
import json
import math
import sys
import tempfile
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[3] / "sdk/python/tests"))

from live.running import Server, serving  # noqa: E402

HEAD = """import creta.functions as F
from datetime import date, datetime, time, timedelta, UTC
from creta.features import Primary, _, features
"""


def cases(names: list[str]) -> Iterator[dict[str, Any]]:
    for path in sorted((HERE / "expected").glob("*.json")):
        for case in json.loads(path.read_text(encoding="utf-8")):
            # Structs need a class of the user's, and a constant that cannot be meant never reaches the server.
            wanted = case.get("function") in names if names else "function" in case
            if wanted and '"struct"' not in json.dumps(case) and not refused(case):
                yield case


def refused(case: dict[str, Any]) -> bool:
    return any(case["raises"]) and all(value is None for value in case["result"]["values"])


def annotation(data_type: Any) -> str:
    if isinstance(data_type, str):
        return data_type
    ((kind, of),) = data_type.items()
    if kind == "list":
        return f"list[{annotation(of)} | None]"
    return f"dict[{annotation(of[0])}, {annotation(of[1])} | None]"


def value(data_type: Any, written: Any) -> Any:
    """The Python value behind the JSON of the expected values."""
    if written is None or data_type == "null":
        return None
    if isinstance(data_type, dict):
        ((kind, of),) = data_type.items()
        if kind == "list":
            return [value(of, item) for item in written]
        return {value(of[0], key): value(of[1], item) for key, item in written}
    forms = {
        "float": float,
        "bytes": base64.b64decode,
        "datetime": datetime.fromisoformat,
        "date": date.fromisoformat,
        "timedelta": lambda microseconds: timedelta(microseconds=microseconds),
    }
    return forms.get(data_type, lambda same: same)(written)


def constant(argument: dict[str, Any]) -> str:
    text = repr(value(argument["type"], argument["constant"]))
    return text.replace("datetime.timezone.utc", "UTC").replace("datetime.", "")


def written(place: int, argument: dict[str, Any]) -> str:
    if argument["type"] == "lambda":
        return argument["written"]
    return constant(argument) if "constant" in argument else f"_.x{place}"


def call(case: dict[str, Any]) -> str:
    given = [written(place, part) for place, part in enumerate(case["arguments"])]
    name, options = case["function"], case["options"]
    if name == "cast":
        return f"F.cast({given[0]}, {options['type']})"
    if name == "when":
        pairs = zip(given[:-1:2], given[1::2], strict=True)
        return "F" + "".join(f".when({c}).then({v})" for c, v in pairs) + f".otherwise({given[-1]})"
    if name == "map_dict" and len(given) == 3:
        return f"F.map_dict({given[0]}, {given[1]}, default={given[2]})"
    if name == "array_reduce":
        types = f"{options['item_type']}, {given[2]}, {options['accumulator_type']}"
        return f"F.array_reduce({', '.join([*given[:2], types, *given[3:]])})"
    if name == "zip_with":
        return f"F.zip_with({', '.join(given[:-1])}, fn={given[-1]})"
    return f"F.{name}({', '.join(given + [f'{key}={word!r}' for key, word in options.items()])})"


def definition(number: int, case: dict[str, Any]) -> str:
    columns = [
        f"    x{place}: {annotation(part['type'])} | None\n"
        for place, part in enumerate(case["arguments"])
        if "values" in part
    ]
    result = f"    result: {annotation(case['result']['type'])} | None = {call(case)}\n"
    return f"\n\n@features\nclass Case{number}:\n    id: Primary[int]\n{''.join(columns)}{result}"


def same(got: Any, expected: Any, tolerance: float) -> bool:
    if isinstance(got, list) and isinstance(expected, (list, dict)):
        pairs = list(expected.items()) if isinstance(expected, dict) else expected
        return len(got) == len(pairs) and all(same(*pair, tolerance) for pair in zip(got, pairs, strict=True))
    if isinstance(expected, float) and isinstance(got, float):
        if math.isnan(expected) or got == expected:
            return math.isnan(got) or math.copysign(1, got) == math.copysign(1, expected)
        return abs(got - expected) <= tolerance * (abs(expected) or 1)
    if isinstance(got, datetime) and not isinstance(expected, datetime):
        return got.date() == expected
    return got == expected


def differences(server: Server, number: int, case: dict[str, Any]) -> Iterator[str]:
    rows = len(case["result"]["values"])
    given: dict[str, list] = {f"case{number}.id": list(range(rows))}
    for place, part in enumerate(case["arguments"]):
        if "values" in part:
            given[f"case{number}.x{place}"] = [value(part["type"], item) for item in part["values"]]
    feature = f"case{number}.result"
    try:
        answer = server.client().query_bulk(input=given, output=[feature])
        got = answer.to_arrow().column(feature).to_pylist()
    except Exception as error:
        yield f"{call(case)}: {error}"
        return
    expected = [value(case["result"]["type"], item) for item in case["result"]["values"]]
    for row, pair in enumerate(zip(got, expected, strict=True)):
        if not same(*pair, case.get("tolerance", 0.0)):
            arguments = [column[row] for column in given.values()][1:]
            yield f"{call(case)} of {arguments}: {pair[0]!r}, not {pair[1]!r} ({case['reference']})"
    if bool(answer.errors) != any(case["raises"]):
        yield f"{call(case)}: {len(answer.errors)} errors, and {sum(case['raises'])} rows should raise"


def main(program: str, names: list[str]) -> int:
    asked = list(cases(names))
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "project"
        project.mkdir()
        (project / "creta.yaml").write_text("project: functions\n", encoding="utf-8")
        source = HEAD + "".join(definition(number, case) for number, case in enumerate(asked))
        (project / "features.py").write_text(source, encoding="utf-8")
        with serving(program, project, Path(folder) / "server") as server:
            applied = server.apply(project)
            if applied.status:
                print(applied.stdout, applied.stderr, sep="\n")
                return 1
            found = [text for number, case in enumerate(asked) for text in differences(server, number, case)]
    print("\n".join([*found, f"{len(asked)} cases, {len(found)} differences"]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
