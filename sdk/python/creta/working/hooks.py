"""`@before_all` and `@after_all`: functions that a worker runs once when it has started and once before it ends."""

import asyncio
import inspect
import os
from collections.abc import Callable
from typing import Any

from creta.definition.declarations import tag_list
from creta.definition.letters import Letter
from creta.definition.places import function_place
from creta.definition.registry import registry


class Hook:
    """A decorated function; it stays callable."""

    def __init__(self, function: Callable[[], Any], moment: str, environment: Any):
        self.function = function
        self.moment = moment
        self.environments = tag_list(environment)

    def __call__(self) -> Any:
        return self.function()

    def runs_in(self, environment: str | None) -> bool:
        """Whether the hook belongs to an environment; without `environment=` it belongs to all."""
        return not self.environments or environment in self.environments


def _decorator(moment: str):
    def decorate(function: Callable | None = None, *, environment: Any = None):
        if function is None:
            return lambda actual: _make(actual, moment, environment)
        return _make(function, moment, environment)

    decorate.__name__ = moment
    when = (
        "when a worker process has imported the project" if moment == "before_all" else "before a worker process ends"
    )
    decorate.__doc__ = f"""Runs a function without parameters {when}; `environment` limits it to those environments.

    The function may be `async`. Hooks run in no particular order.
    """
    return decorate


def _make(function: Callable, moment: str, environment: Any) -> Hook:
    parameters = inspect.signature(function).parameters.values()
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    required = [each for each in parameters if each.default is each.empty and each.kind not in variadic]
    if required:
        message = f"`@{moment}` takes a function without parameters."
        registry.report(Letter("invalid_definition", message, function_place(function)))
    hook = Hook(function, moment, environment)
    registry.hooks.append(hook)
    return hook


before_all = _decorator("before_all")
after_all = _decorator("after_all")


def run_hooks(hooks: list[Hook], moment: str, loop: asyncio.AbstractEventLoop) -> None:
    """Runs the hooks of a moment, on the loop of the async resolvers. What one raises goes on."""
    environment = os.environ.get("CRETA_ENVIRONMENT")
    for hook in hooks:
        if hook.moment == moment and hook.runs_in(environment):
            returned = hook.function()
            if inspect.isawaitable(returned):
                loop.run_until_complete(_awaited(returned))


async def _awaited(returned: Any) -> Any:
    return await returned
