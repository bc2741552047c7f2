"""The floor: the same rows as hashes in a bare Redis, read with HMGET by redis-benchmark."""

import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import processes
import shoppers
from failure import BenchFailed
from wrk import Measured

PROGRAMS = ("redis-server", "redis-benchmark", "redis-cli")
INSTALL = (
    "Redis is the floor of the comparison, and {missing} is not on PATH. Install it with: "
    "apt-get install -y --no-install-recommends redis-server redis-tools (or leave it out with --without-redis)"
)
START_SECONDS = 10
STOP_SECONDS = 10

# Requests of the run that says how many fit into the wanted seconds.
TRIAL_REQUESTS = 5_000

# redis-benchmark fills this with a number of twelve digits below its `-r`.
RANDOM = "__rand_int__"
PERCENTILE_LINE = re.compile(r"^([\d.]+)% <= ([\d.]+) milliseconds", re.MULTILINE)
REQUESTS_LINE = re.compile(r"^\s*([\d,]+) requests completed in ([\d.]+) seconds", re.MULTILINE)


@dataclass(frozen=True)
class Redis:
    port: int
    process: int


def require() -> None:
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        raise BenchFailed(INSTALL.format(missing=" and ".join(missing)))


@contextmanager
def running() -> Iterator[Redis]:
    """A Redis of our own that keeps nothing on disk."""
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="creta-bench-redis-") as folder:
        command = [
            "redis-server", "--bind", "127.0.0.1", "--port", str(port), "--dir", folder, "--save", "",
            "--appendonly", "no",
        ]  # fmt: skip
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
        try:
            _wait_until_ready(process, port)
            yield Redis(port, process.pid)
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)


def load(redis: Redis, keys: int) -> None:
    """Writes the rows of all keys, and makes sure that they can be read."""
    commands = b"".join(_write_command(key) for key in range(keys))
    ended = subprocess.run(
        ["redis-cli", "-p", str(redis.port), "--pipe"], input=commands, capture_output=True, check=False
    )
    if ended.returncode != 0 or f"replies: {keys}".encode() not in ended.stdout:
        raise BenchFailed(
            f"redis-cli --pipe did not store {keys} rows:\n{ended.stdout.decode()}{ended.stderr.decode()}"
        )
    found = _ask(redis, "HMGET", _name(f"{keys - 1:012}"), *shoppers.STORED)
    wanted = [_text(value) for value in shoppers.row(keys - 1).values()]
    if found != wanted:
        raise BenchFailed(f"Redis answers {found} for the last key, but {wanted} was stored.")


def run(redis: Redis, keys: int, concurrency: int, seconds: int) -> tuple[Measured, processes.ProcessorTime]:
    """HMGET of all features of random keys, for about `seconds`."""
    trial = _benchmark(redis, keys, concurrency, TRIAL_REQUESTS)
    before = processes.processor_time(redis.process)
    measured = _benchmark(redis, keys, concurrency, max(TRIAL_REQUESTS, int(trial.requests_per_second * seconds)))
    return measured, processes.processor_time(redis.process).since(before)


def _benchmark(redis: Redis, keys: int, concurrency: int, requests: int) -> Measured:
    command = [
        "redis-benchmark", "-p", str(redis.port), "-c", str(concurrency), "-n", str(requests), "-r", str(keys),
        "--precision", "3", "HMGET", _name(RANDOM), *shoppers.STORED,
    ]  # fmt: skip
    before = processes.ended_children_seconds()
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    # It shows its progress by returning to the beginning of the line.
    output = ended.stdout.replace("\r", "\n")
    completed = REQUESTS_LINE.search(output)
    if ended.returncode != 0 or completed is None:
        raise BenchFailed(f"redis-benchmark ended with status {ended.returncode}:\n{output[-2000:]}{ended.stderr}")
    latencies = [(float(share), float(value) * 1000) for share, value in PERCENTILE_LINE.findall(output)]
    return Measured(
        concurrency=concurrency,
        requests=requests,
        requests_per_second=requests / float(completed[2]),
        p50=_at(latencies, 50),
        p99=_at(latencies, 99),
        p999=_at(latencies, 99.9),
        largest=_at(latencies, 100),
        # redis-benchmark ends with a status when it gets an error.
        errors=0,
        first_wrong="",
        generator_seconds=processes.ended_children_seconds() - before,
    )


def _at(latencies: list[tuple[float, float]], percentile: float) -> float:
    """The first line of the distribution that reaches the percentile: never below the true figure."""
    reached = [value for share, value in latencies if share >= percentile]
    if not reached:
        raise BenchFailed(f"redis-benchmark prints no latency at or above {percentile} %.")
    return reached[0]


def _name(number: str) -> str:
    return f"shopper:{number}"


def _text(value: object) -> str:
    return str(value)


def _write_command(key: int) -> bytes:
    words = ["HSET", _name(f"{key:012}")]
    for name, value in shoppers.row(key).items():
        words += [name, _text(value)]
    encoded = [word.encode() for word in words]
    return b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded)


def _ask(redis: Redis, *command: str) -> list[str]:
    ended = subprocess.run(["redis-cli", "-p", str(redis.port), *command], capture_output=True, text=True, check=False)
    return ended.stdout.splitlines()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _wait_until_ready(process: subprocess.Popen, port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise BenchFailed(f"redis-server did not listen on port {port} within {START_SECONDS} s.")
