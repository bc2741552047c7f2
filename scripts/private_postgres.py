"""Runs a private PostgreSQL server for tests, with TLS and SCRAM, until its standard input ends.

    python3 scripts/private_postgres.py < pipe

Prints one line of JSON when the server answers: `host`, `port`, `user`, `password`, `database`, `certificate` (of the
authority that signed the server's), `stranger` (another authority) and `socket` (a folder; no password is asked there).
Over TCP user `app` must use TLS, and user `plain`, of the same password, must not. Without a PostgreSQL installation
it says so and ends with status 3. As root the server runs as user `postgres` or `nobody`: it refuses to run as root.
"""

import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

START_SECONDS = 30
STOP_SECONDS = 10
NOT_INSTALLED = 3

ACCESS = """\
local all all trust
hostnossl all plain 127.0.0.1/32 scram-sha-256
hostssl all app 127.0.0.1/32 scram-sha-256
"""
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "ssl": "on",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "log_timezone": "UTC",
    # Far from UTC, so that a session that relied on it would be noticed.
    "timezone": "Asia/Kathmandu",
}


def find_programs() -> Path | None:
    """The folder of `initdb` and `postgres`, of the newest version that is installed."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -float(path.parent.name))
    named = [Path(found).resolve().parent for name in ("postgres", "initdb") if (found := shutil.which(name))]
    for folder in [*installed, *named]:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    return None


class Server:
    """A cluster in a temporary folder, and the process that serves it."""

    def __init__(self, programs: Path):
        self.programs = programs
        self.folder = Path(tempfile.mkdtemp(prefix="creta-postgres-"))
        self.password = secrets.token_hex(8)
        self.identity = _identity()
        self.process: subprocess.Popen | None = None
        if self.identity:
            shutil.chown(self.folder, self.identity["user"], self.identity["group"])

    def start(self) -> dict[str, object]:
        data = self.folder / "data"
        self._write("password", self.password)
        create = ["-D", data, "-U", "app", "--pwfile", self.folder / "password", "--auth=scram-sha-256", "-E", "UTF8"]
        self._run(self.programs / "initdb", *create, "--locale=C.UTF-8", "--no-sync", "--no-instructions")
        self._make_certificates()
        self._write("data/pg_hba.conf", ACCESS)
        port = _free_port()
        settings = {**SETTINGS, "port": str(port), "unix_socket_directories": str(self.folder)}
        settings |= {"ssl_cert_file": str(self.folder / "server.crt"), "ssl_key_file": str(self.folder / "server.key")}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("wb") as log:
            command = [self.programs / "postgres", "-D", data, *options]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, **self._child())
        self._wait(port)
        self._sql(port, f"create role plain login password '{self.password}'")
        return {
            "host": "localhost", "port": port, "user": "app", "password": self.password, "database": "postgres",
            "certificate": str(self.folder / "authority.crt"), "stranger": str(self.folder / "stranger.crt"),
            "socket": str(self.folder),
        }  # fmt: skip

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _make_certificates(self) -> None:
        for name in ("authority", "stranger"):
            self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                          "-keyout", f"{name}.key", "-out", f"{name}.crt", "-days", "2", "-subj", f"/CN={name}",
                          "-addext", "keyUsage=critical,keyCertSign,cRLSign")  # fmt: skip
        self._write("extensions", "subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\n")
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                      "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")  # fmt: skip
        self._openssl("x509", "-req", "-in", "server.csr", "-CA", "authority.crt", "-CAkey", "authority.key",
                      "-CAcreateserial", "-days", "2", "-extfile", "extensions", "-out", "server.crt")  # fmt: skip
        (self.folder / "server.key").chmod(0o600)
        for name in ("authority.crt", "stranger.crt"):
            (self.folder / name).chmod(0o644)
        self.folder.chmod(0o755)

    def _wait(self, port: int) -> None:
        deadline = time.monotonic() + START_SECONDS
        while subprocess.run([self.programs / "pg_isready", "-q", "-h", self.folder, "-p", str(port)]).returncode:
            if self.process.poll() is not None or time.monotonic() > deadline:
                sys.exit((self.folder / "log").read_text(encoding="utf-8"))
            time.sleep(0.02)

    def _sql(self, port: int, statement: str) -> None:
        self._run(self.programs / "psql", "-q", "-h", self.folder, "-p", str(port), "-U", "app", "-d", "postgres",
                  "-c", statement)  # fmt: skip

    def _openssl(self, *arguments: str) -> None:
        self._run("openssl", *arguments)

    def _write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        if self.identity:
            shutil.chown(path, self.identity["user"], self.identity["group"])

    def _run(self, *command: str | Path) -> None:
        done = subprocess.run(command, capture_output=True, text=True, **self._child())
        if done.returncode:
            sys.exit(f"{command[0]}: {done.stderr}")

    def _child(self) -> dict[str, object]:
        environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}
        # Interrupts are for this script, which then stops the server.
        return {"cwd": self.folder, "env": environment, "start_new_session": True, **(self.identity or {})}


def _identity() -> dict[str, object] | None:
    """Whom to become, when this is root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
    sys.exit("there is no user postgres or nobody to run a PostgreSQL server")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main() -> int:
    programs = find_programs()
    if programs is None:
        print("PostgreSQL is not installed (Debian package postgresql)", file=sys.stderr)
        return NOT_INSTALLED
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
    server = Server(programs)
    try:
        print(json.dumps(server.start()), flush=True)
        sys.stdin.read()
    finally:
        server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
