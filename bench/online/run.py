"""Measures what a user of Creta waits for: one online row under load, and a training set. Run it with `make bench`."""

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import machine
import processes
import redis_floor
import report
import shoppers
import training
import wrk
from creta import CretaException
from failure import BenchFailed
from paths import HERE, PROJECT
from rich.progress import track
from service import Service, binary, serving

CONCURRENCIES = (1, 8, 64)
CHECKED_KEYS = 100
REPEATS = 200
SEED = 25

# What --quick changes: it shows that everything works and measures nothing.
QUICK = {"keys": 2_000, "seconds": 2, "training_rows": 500}


def main() -> int:
    options = _options()
    try:
        results = measure(options)
    except (BenchFailed, CretaException, httpx.HTTPError) as failure:
        print(f"\nbench: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    report.show(results)
    for path in report.write(results, options.output):
        print(f"written: {path}")
    wrong = report.wrong_answers(results)
    if wrong:
        print(f"\nbench: {wrong}", file=sys.stderr)
    return 1 if wrong else 0


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Everything, one after the other, so that nothing competes with what is measured."""
    wrk.require()
    if not options.without_redis:
        redis_floor.require()
    results: dict[str, Any] = {
        "facts": machine.facts(binary(), options.build_profile),
        "options": {"keys": options.keys, "seconds": options.seconds, "quick": options.quick},
        "online": online(options),
    }
    if not options.without_redis:
        results["redis"] = floor(options)
    if options.training_rows:
        print(f"training set of {options.training_rows:,} flights …", flush=True)
        results["training"] = vars(training.run(options.training_rows))
    return results


def online(options: argparse.Namespace) -> dict[str, Any]:
    """One server from start to end: upload, warm, check, load, check."""
    with serving(PROJECT) as service:
        upload_seconds = _upload(service, options.keys)
        planning = _planning(service)
        _warm(service, options.keys)
        shoppers.check(service.client, options.keys, CHECKED_KEYS, SEED)
        stored, computed = shoppers.origins(service.client, 0)
        if stored != len(shoppers.STORED):
            raise BenchFailed(f"{stored} outputs come from the online store, not {len(shoppers.STORED)}.")
        runs = _loads(service, options)
        shoppers.check(service.client, options.keys, CHECKED_KEYS, SEED + 1)
        return {
            "seconds_to_start": service.seconds_to_start,
            "upload_rows_per_second": options.keys / upload_seconds,
            "outputs_from_store": stored,
            "outputs_computed": computed,
            "worker_processes": processes.child_count(service.process),
            "resident_megabytes": processes.resident_megabytes(service.process),
            **planning,
            "runs": runs,
        }


def _upload(service: Service, keys: int) -> float:
    started = time.perf_counter()
    _in_batches("uploading", range(keys), lambda batch: shoppers.upload(service.client, batch))
    return time.perf_counter() - started


def _warm(service: Service, keys: int) -> None:
    """Reads a random half of the keys once; nobody has read the others when the load begins."""
    half = random.Random(SEED).sample(range(keys), keys // 2)
    _in_batches("warming", half, lambda batch: shoppers.warm(service.client, batch))


def _in_batches(doing: str, keys: Sequence[int], work: Callable[[Sequence[int]], None]) -> None:
    total = -(-len(keys) // shoppers.BATCH)
    label = f"{doing} {len(keys):,} rows"
    for batch in track(shoppers.batches(keys), description=label, total=total):
        work(batch)


def _planning(service: Service) -> dict[str, float]:
    """The server's own time for the first question of a shape, which plans, and for its repeats, which should not."""
    times = []
    for _ in range(REPEATS + 1):
        result = service.client.query(input={shoppers.KEY: 0}, output=[*shoppers.OUTPUTS], include_meta=True)
        if result.meta is None:
            raise BenchFailed("An answer with include_meta has no meta.")
        times.append(result.meta.execution_duration_s * 1e6)
    return {"first_question_microseconds": times[0], "repeated_question_microseconds": statistics.median(times[1:])}


def _loads(service: Service, options: argparse.Namespace) -> list[dict[str, Any]]:
    target = wrk.Target(service.url, service.token(), options.keys)
    unread = 0.5
    runs = []
    for concurrency in CONCURRENCIES:
        print(f"online query, concurrency {concurrency}, {options.seconds} s …", flush=True)
        before = processes.processor_time(service.process)
        measured = wrk.run(target, concurrency, options.seconds, SEED + concurrency)
        spent = processes.processor_time(service.process).since(before)
        runs.append({**_run(measured, spent), "unread_keys_share_at_start": unread})
        # Expected value for keys that are drawn uniformly.
        unread *= (1 - 1 / options.keys) ** measured.requests
    return runs


def _run(measured: wrk.Measured, spent: processes.ProcessorTime) -> dict[str, Any]:
    return {
        **vars(measured),
        "server_microseconds_per_request": spent.own / measured.requests * 1e6,
        "generator_microseconds_per_request": measured.generator_seconds / measured.requests * 1e6,
        "children_microseconds_per_request": spent.children / measured.requests * 1e6,
    }


def floor(options: argparse.Namespace) -> dict[str, Any]:
    """The same rows in Redis, asked for with the same concurrency."""
    with redis_floor.running() as redis:
        print(f"Redis: storing {options.keys:,} rows …", flush=True)
        redis_floor.load(redis, options.keys)
        runs = []
        for concurrency in CONCURRENCIES:
            print(f"Redis HMGET, concurrency {concurrency}, about {options.seconds} s …", flush=True)
            runs.append(_run(*redis_floor.run(redis, options.keys, concurrency, options.seconds)))
        return {"runs": runs}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, help="of load per concurrency (20)")
    parser.add_argument("--keys", type=int, help="entities in the online store (100,000)")
    parser.add_argument("--training-rows", type=int, help="flights in the training set, 0 for none (50,000)")
    parser.add_argument("--quick", action="store_true", help="small and short: shows that it works, measures nothing")
    parser.add_argument("--without-redis", action="store_true", help="leave the comparison out")
    parser.add_argument("--build-profile", help="of CRETA_BIN, if the name of its folder does not say it")
    parser.add_argument("--output", type=Path, help="folder of results.json and RESULTS.md (bench/online)")
    options = parser.parse_args()
    defaults = QUICK if options.quick else {"keys": 100_000, "seconds": 20, "training_rows": 50_000}
    for name, value in defaults.items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    if options.keys < 2 or options.seconds < 1 or options.training_rows < 0:
        parser.error("--keys must be at least 2, --seconds at least 1, --training-rows not negative")
    if options.output is None:
        # Recorded results are only replaced by a full run.
        options.output = Path(tempfile.mkdtemp(prefix="creta-bench-quick-")) if options.quick else HERE
    return options


if __name__ == "__main__":
    sys.exit(main())
