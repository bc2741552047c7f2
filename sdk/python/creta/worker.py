"""`python -m creta.worker --socket PATH --bundle bundle.json --root DIR`: runs the project's Python resolvers.

The process connects to the server's Unix socket, imports the project, says so, and answers one call after the other
until the socket closes. Standard output and standard error are the resolvers' log and carry no protocol.
"""

import argparse
import asyncio
import json
import os
import platform
import signal
import socket
import sys
import traceback
from dataclasses import dataclass
from typing import Any

from creta.context import set_context
from creta.project.bundle import collect
from creta.working.calls import CallResult, FrameCall, ScalarCall, prepare
from creta.working.failures import failure
from creta.working.hooks import Hook, run_hooks
from creta.working.protocol import Channel, Closed

EXIT_FAILED = 1


class ImportFailure(Exception):
    """The project does not import or link in this process."""


@dataclass
class Loaded:
    """An imported project, ready to be called."""

    resolvers: dict[str, ScalarCall | FrameCall]
    hooks: list[Hook]
    loop: asyncio.AbstractEventLoop


def load(root: str, bundle: str) -> Loaded:
    """Imports the project, prepares every Python resolver of the bundle, and runs its `@before_all` functions."""
    with open(bundle, encoding="utf-8") as file:
        wanted = {resolver["name"] for resolver in json.load(file)["resolvers"] if "python" in resolver["body"]}
    project = collect(root)
    if project.registry.letters:
        raise ImportFailure("\n".join(str(letter) for letter in project.registry.letters))
    loop = asyncio.new_event_loop()
    prepared = {
        signature.resolver.name: prepare(signature, project.root, loop)
        for signature in project.signatures
        if signature.resolver.name in wanted
    }
    if lacking := wanted - prepared.keys():
        raise ImportFailure(f"The project does not define {', '.join(sorted(lacking))}.")
    loaded = Loaded(prepared, list(project.registry.hooks), loop)
    asyncio.set_event_loop(loop)
    run_hooks(loaded.hooks, "before_all", loop)
    return loaded


def end(loaded: Loaded) -> None:
    """Runs the `@after_all` functions; what one raises is said in the log."""
    try:
        run_hooks(loaded.hooks, "after_all", loaded.loop)
    except Exception:
        traceback.print_exc()
    sys.stdout.flush()


def answer(prepared: dict[str, ScalarCall | FrameCall], header: dict[str, Any], batch: Any, root: str) -> CallResult:
    """One call. Whatever goes wrong becomes an error of the answer."""
    resolver = prepared.get(header.get("resolver", ""))
    if resolver is None:
        return CallResult(None, [failure(KeyError("this worker has no such resolver"), root)])
    set_context(header.get("context") or {})
    try:
        return resolver.run(batch, int(header.get("rows", 0)))
    except Exception as error:
        return CallResult(None, [failure(error, root)])


def serve(channel: Channel, prepared: dict[str, ScalarCall | FrameCall], root: str) -> None:
    """Answers calls until the server closes the socket."""
    while True:
        try:
            header, batch = channel.receive()
        except Closed:
            return
        if header.get("kind") != "call":
            continue
        result = answer(prepared, header, batch, root)
        sys.stdout.flush()
        reply = {"kind": "result", "id": header.get("id"), "errors": result.errors, "missing": result.missing}
        channel.send(reply, result.batch)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m creta.worker", description="Runs a project's Python resolvers.")
    parser.add_argument("--socket", required=True, help="the server's Unix socket")
    parser.add_argument("--bundle", required=True, help="the project's bundle.json")
    parser.add_argument("--root", required=True, help="the folder of the unpacked source archive")
    options = parser.parse_args(arguments)
    # An interrupt of the terminal is the server's to handle; it ends its workers by closing the socket.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    bundle, root = os.path.abspath(options.bundle), os.path.realpath(options.root)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(options.socket)
        channel = Channel(connection)
        try:
            loaded = load(root, bundle)
        except Exception as error:
            channel.send({"kind": "failed", "error": failure(error, root)})
            return EXIT_FAILED
        channel.send({"kind": "ready", "python": platform.python_version(), "pid": os.getpid()})
        try:
            serve(channel, loaded.resolvers, root)
        except (BrokenPipeError, ConnectionResetError):
            return EXIT_FAILED
        finally:
            end(loaded)
    return 0


if __name__ == "__main__":
    sys.exit(main())
