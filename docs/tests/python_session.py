"""A Python process in which the Python blocks of one page run one after the other, sharing their state."""

import contextlib
import io
import json
import queue
import subprocess
import sys
import threading
import traceback
from pathlib import Path

BLOCK_SECONDS = 30


class PythonSession:
    """Runs blocks in a process of its own, so that the definitions of two pages never meet."""

    def __init__(self, folder: Path, environment: dict[str, str]):
        self._answers: queue.Queue[str] = queue.Queue()
        self._process = subprocess.Popen(
            [sys.executable, __file__], cwd=folder, env={**environment, "PYTHONPATH": str(folder)},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        threading.Thread(target=self._read, daemon=True).start()

    def run(self, text: str, name: str) -> str:
        """What the block prints; AssertionError with the traceback when it raises."""
        self._process.stdin.write(json.dumps({"text": text, "name": name}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._answers.get(timeout=BLOCK_SECONDS))
        assert answer["error"] is None, f"{name} raises:\n{answer['error']}"
        return answer["printed"]

    def close(self) -> None:
        self._process.kill()
        self._process.wait(BLOCK_SECONDS)

    def _read(self) -> None:
        for line in self._process.stdout:
            self._answers.put(line)


def _serve() -> None:
    """The loop inside the process: one JSON line in, one out."""
    state = {"__name__": "guide"}
    for line in sys.stdin:
        request = json.loads(line)
        printed, error = io.StringIO(), None
        try:
            with contextlib.redirect_stdout(printed):
                exec(compile(request["text"], request["name"], "exec"), state)
        except Exception:
            error = traceback.format_exc()
        print(json.dumps({"printed": printed.getvalue(), "error": error}), flush=True)


if __name__ == "__main__":
    _serve()
