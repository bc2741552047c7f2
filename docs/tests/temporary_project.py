"""A project in a temporary folder with a server of its own, in which the blocks of a page run."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import private_postgres
from python_session import PythonSession

COMMAND_SECONDS = 30
READY = "ready.json"


class TemporaryProject:
    """Files, shell commands and Python in one folder; `close` ends every process that they started."""

    def __init__(self, folder: Path, binary: Path):
        self.folder = folder
        self._environment = _environment(folder, binary)
        self._database: private_postgres.Server | None = None
        self._groups: list[int] = []
        self._python: PythonSession | None = None

    def write(self, file: str, text: str) -> None:
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def shell(self, text: str) -> str:
        """Runs bash and returns what it prints; a server that the text starts serves when this returns."""
        output = self.folder / f".shell-{len(self._groups)}.log"
        with output.open("wb") as file:
            process = subprocess.Popen(
                ["bash", "-e", "-c", text], cwd=self.folder, env=self._environment,
                stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        self._groups.append(process.pid)
        status = process.wait(COMMAND_SECONDS)
        printed = output.read_text(encoding="utf-8")
        assert status == 0, f"status {status} of:\n{text}\n{printed}"
        if READY in text:
            self._wait_until_ready(output)
        return printed

    def python(self, text: str, name: str) -> str:
        if self._python is None:
            self._python = PythonSession(self.folder, self._environment)
        return self._python.run(text, name)

    def start_database(self, programs: Path) -> None:
        """A PostgreSQL server, to which the variables of libpq lead from now on."""
        self._database = private_postgres.Server(programs)
        known = self._database.start()
        names = {"PGHOST": "host", "PGPORT": "port", "PGDATABASE": "database", "PGUSER": "user"}
        names |= {"PGPASSWORD": "password", "PGSSLROOTCERT": "certificate"}
        self._environment |= {name: str(known[key]) for name, key in names.items()} | {"PGSSLMODE": "verify-full"}

    def start_server(self) -> None:
        self.shell(f"creta up --port 0 --workers 1 --ready-file {READY} &")

    def close(self) -> None:
        if self._python is not None:
            self._python.close()
        for group in self._groups:
            _end(group)
        if self._database is not None:
            self._database.stop()

    def _wait_until_ready(self, log: Path) -> None:
        deadline = time.monotonic() + COMMAND_SECONDS
        while not any(path.stat().st_size for path in self.folder.rglob(READY)):
            assert time.monotonic() < deadline, f"the server does not serve:\n{log.read_text(encoding='utf-8')}"
            time.sleep(0.02)


def _environment(folder: Path, binary: Path) -> dict[str, str]:
    """This environment, without anything that points at another server."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CRETA_")}
    programs = [str(binary.parent), str(Path(sys.executable).parent), kept.get("PATH", "")]
    return {**kept, "PATH": os.pathsep.join(programs), "VIRTUAL_ENV": sys.prefix, "HOME": str(folder)}


def _end(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return
