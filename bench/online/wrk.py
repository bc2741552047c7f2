"""Runs wrk with load.lua against one server and reads what it measured."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import processes
import shoppers
from failure import BenchFailed

SCRIPT = Path(__file__).with_name("load.lua")

# What stands for the key while the body is made.
KEY = "KEY"

INSTALL = "`wrk` makes the load and is not on PATH. Install it with: apt-get install -y --no-install-recommends wrk"


@dataclass(frozen=True)
class Measured:
    """What wrk saw; latencies in microseconds."""

    concurrency: int
    requests: int
    requests_per_second: float
    p50: float
    p99: float
    p999: float
    largest: float
    errors: int
    first_wrong: str
    # Processor time of the load generator itself.
    generator_seconds: float


@dataclass(frozen=True)
class Target:
    """A server, the token it accepts, and how many keys it holds."""

    url: str
    token: str
    keys: int


def require() -> None:
    if shutil.which("wrk") is None:
        raise BenchFailed(INSTALL)


def run(target: Target, concurrency: int, seconds: int, seed: int) -> Measured:
    """One closed loop of `concurrency` connections for `seconds`."""
    threads = min(concurrency, max(1, (os.cpu_count() or 1) // 2))
    command = [
        "wrk", "--threads", str(threads), "--connections", str(concurrency), "--duration", f"{seconds}s",
        "--timeout", "30s", "--script", str(SCRIPT), f"{target.url}/v1/query/online",
    ]  # fmt: skip
    before = processes.ended_children_seconds()
    ended = subprocess.run(command, env=_environment(target, seed), capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise BenchFailed(f"wrk ended with status {ended.returncode}:\n{ended.stdout}{ended.stderr}")
    return _measured(concurrency, ended.stdout, processes.ended_children_seconds() - before)


def _environment(target: Target, seed: int) -> dict[str, str]:
    # The token goes through the environment, since everybody can read the arguments of a process.
    body = {"inputs": {shoppers.KEY: KEY}, "outputs": list(shoppers.OUTPUTS), "include_meta": False}
    before, after = json.dumps(body, separators=(",", ":")).split(f'"{KEY}"')
    return {
        **os.environ,
        "CRETA_BENCH_TOKEN": target.token,
        "CRETA_BENCH_KEYS": str(target.keys),
        "CRETA_BENCH_SEED": str(seed),
        "CRETA_BENCH_BEFORE": before,
        "CRETA_BENCH_AFTER": after,
        "CRETA_BENCH_CELLS": str(len(shoppers.OUTPUTS)),
    }


def _measured(concurrency: int, output: str, generator_seconds: float) -> Measured:
    facts: dict[str, int] = {}
    first_wrong = ""
    for line in output.splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "fact":
            name, value = rest.split()
            facts[name] = int(value)
        elif kind == "first_wrong":
            first_wrong = rest.strip()
    if not facts.get("requests"):
        raise BenchFailed(f"wrk got no answer at all at concurrency {concurrency}:\n{output}")
    # Requests that wrk counts and the script did not see would be unchecked answers.
    unseen = abs(facts["requests"] - facts["answers"])
    errors = facts["wrong_status"] + facts["wrong_body"] + facts["connection_errors"] + facts["timeouts"] + unseen
    return Measured(
        concurrency=concurrency,
        requests=facts["requests"],
        requests_per_second=facts["requests"] / facts["microseconds"] * 1e6,
        p50=facts["p50"],
        p99=facts["p99"],
        p999=facts["p999"],
        largest=facts["largest"],
        errors=errors,
        first_wrong=first_wrong,
        generator_seconds=generator_seconds,
    )
