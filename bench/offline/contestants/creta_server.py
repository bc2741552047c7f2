"""Creta as a user has it: a server, definitions applied to it, an offline query by the SDK with a Parquet spine."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow
import pyarrow.parquet
from creta import CretaClient, Dataset
from questions import COLUMNS, WINDOWS, Asked, answer

PROJECT = Path(__file__).resolve().parents[1] / "project"


def start(folder: Path) -> subprocess.Popen:
    """A server whose data is in the folder, with the project applied."""
    ready = folder / "ready.json"
    os.environ["CRETA_CREDENTIALS"] = str(ready)
    program = os.environ["CRETA_BIN"]
    shutil.copytree(PROJECT, folder / "project")
    up = [program, "up", "--port", "0", "--data", str(folder / "data"), "--ready-file", str(ready), "--workers", "1"]
    python = ["--python", sys.executable]
    with open(folder / "log", "w", encoding="utf-8") as log:
        server = subprocess.Popen([*up, *python], cwd=folder / "project", stdout=log, stderr=log)
    deadline = time.monotonic() + 30
    while not ready.exists():
        if server.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"the server did not start:\n{(folder / 'log').read_text(encoding='utf-8')}")
        time.sleep(0.02)
    applied = subprocess.run(
        [program, "apply", *python], cwd=folder / "project", capture_output=True, text=True, check=False
    )
    if applied.returncode:
        sys.exit(f"creta apply: {applied.stderr}")
    return server


def outputs(question: str) -> list[str]:
    if question == "join":
        return ["account.amount", "account.balance"]
    return [f"account.{function}__{hours * 3600}__" for function in ("count", "total", "top", "mean")
            for hours in WINDOWS.values()]  # fmt: skip


def ask(asked: Asked) -> Callable[[], None]:
    """The answer is the dataset's Parquet file in the server's folder."""
    spine = pyarrow.parquet.read_table(asked.spine, columns=["account_id", "asked_at"])
    given = spine.select(["account_id"]).rename_columns(["account.id"])
    dataset = CretaClient().offline_query(
        given, input_times=spine["asked_at"], output=outputs(asked.question), recompute_features=True
    )
    dataset.wait(show_progress=False)
    return lambda: copy(dataset, asked)


def copy(dataset: Dataset, asked: Asked) -> None:
    found = dataset.to_arrow()
    columns = [found[name] for name in outputs(asked.question)]
    question = pyarrow.array(range(found.num_rows), pyarrow.int64())
    names = ["question", *COLUMNS[asked.question]]
    pyarrow.parquet.write_table(pyarrow.table([question, *columns], names=names), asked.answer)


if __name__ == "__main__":
    os.environ["BENCH_OBSERVATIONS"] = str(Path(sys.argv[2]).resolve())
    with tempfile.TemporaryDirectory() as folder:
        server = start(Path(folder))
        try:
            answer(ask)
        finally:
            server.terminate()
            server.wait(30)
