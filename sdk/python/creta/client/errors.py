"""Errors as the client reports them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ResolverException:
    """What a resolver raised."""

    kind: str
    message: str
    stacktrace: str


@dataclass(frozen=True)
class CretaError:
    """One error of an answer.

    `code` is one of the wire's twelve codes (`RESOLVER_FAILED`, …), `category` REQUEST, FIELD or NETWORK. `letter` is
    the server's finer code, `fix` what to do about it.
    """

    code: str
    message: str
    category: str = "NETWORK"
    feature: str | None = None
    resolver: str | None = None
    display_primary_key: str | None = None
    exception: ResolverException | None = None
    letter: str | None = None
    fix: str | None = None
    place: dict[str, Any] | None = None
    needed_by: Any = None

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> "CretaError":
        """From an error object of the wire, or from a letter; unknown fields are ignored."""
        exception = body.get("exception")
        return cls(
            code=body.get("code", "INTERNAL_SERVER_ERROR"),
            message=body.get("message", ""),
            category=body.get("category", "NETWORK"),
            feature=body.get("feature"),
            resolver=body.get("resolver"),
            display_primary_key=body.get("display_primary_key", body.get("key")),
            exception=ResolverException(
                exception.get("kind", ""), exception.get("message", ""), exception.get("stacktrace", "")
            )
            if exception
            else None,
            letter=body.get("letter"),
            fix=body.get("fix"),
            place=body.get("place"),
            needed_by=body.get("needed_by"),
        )

    def __str__(self) -> str:
        parts = [f"{self.letter or self.code}: {self.message}"]
        if self.place:
            parts.append(f"(at {self.place.get('file')}:{self.place.get('line')})")
        if self.fix:
            parts.append(self.fix)
        return " ".join(parts)


class CretaException(Exception):
    """A request failed as a whole. `errors` holds what the server said, `status` its HTTP status (None: no answer)."""

    def __init__(
        self,
        message: str,
        errors: Iterable[CretaError] = (),
        status: int | None = None,
        code: str | None = None,
        fix: str | None = None,
        trace_id: str | None = None,
    ):
        self.detail = message
        self.errors = list(errors)
        self.status = status
        self.code = code
        self.fix = fix
        self.trace_id = trace_id
        lines = [message + (f" {fix}" if fix and fix not in message else "")]
        lines += [f"  - {error}" for error in self.errors[:20] if error.message != message]
        super().__init__("\n".join(lines))


ChalkBaseException = CretaException


def errors_from_json(body: Any) -> list[CretaError]:
    """The errors of an answer; `errors` may be null or absent."""
    return [CretaError.from_json(error) for error in (body or [])]
