"""Databases as sources: how each is reached, without a secret in the project."""

import re
from typing import Any

from creta.definition.letters import fault
from creta.definition.places import caller_place
from creta.definition.sources import Source

SSL_MODES = ("disable", "prefer", "require", "verify-ca", "verify-full")


class EnvironmentVariable:
    """A setting that the server reads from its own environment, so that the project does not contain it."""

    def __init__(self, name: str):
        self.name = name
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise fault("invalid_definition", "An environment variable is named by letters, digits and `_`.",
                        caller_place(), 'For example EnvironmentVariable("TERMINAL_PGPASSWORD").')  # fmt: skip


class PostgreSQLSource(Source):
    """A PostgreSQL database.

    `PostgreSQLSource()` reads `PGHOST`, `PGPORT`, `PGDATABASE`, `PGUSER`, `PGPASSWORD`, `PGSSLMODE` and
    `PGSSLROOTCERT` from the environment of the server; `PostgreSQLSource(name="terminal")` reads `TERMINAL_PGHOST`
    and so on. A setting given here, as a text or as an `EnvironmentVariable`, replaces its variable; the password can
    only be an `EnvironmentVariable`. Statements say `source: postgres` when it is the only one, or its name.
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        host: str | EnvironmentVariable | None = None,
        port: int | str | EnvironmentVariable | None = None,
        db: str | EnvironmentVariable | None = None,
        user: str | EnvironmentVariable | None = None,
        password: EnvironmentVariable | None = None,
        sslmode: str | EnvironmentVariable | None = None,
        sslrootcert: str | EnvironmentVariable | None = None,
    ):
        prefix = "" if name is None else re.sub(r"[^A-Z0-9]", "_", name.upper()) + "_"
        if password is not None and not isinstance(password, EnvironmentVariable):
            raise _password_fault(f"{prefix}PGPASSWORD")
        if isinstance(sslmode, str) and sslmode not in SSL_MODES:
            raise fault("invalid_definition", f"There is no sslmode `{sslmode}`.", caller_place(),
                        f"It is one of {', '.join(SSL_MODES)}.")  # fmt: skip
        body = {
            "host": _setting(host, f"{prefix}PGHOST"),
            "port": _setting(port, f"{prefix}PGPORT"),
            "database": _setting(db, f"{prefix}PGDATABASE"),
            "user": _setting(user, f"{prefix}PGUSER"),
            "password": _setting(password, f"{prefix}PGPASSWORD"),
            "sslmode": _setting(sslmode, f"{prefix}PGSSLMODE"),
            "sslrootcert": _setting(sslrootcert, f"{prefix}PGSSLROOTCERT"),
        }
        super().__init__("postgres" if name is None else name, "postgres", body, caller_place())


def _setting(given: Any, variable: str) -> dict[str, str]:
    if given is None:
        return {"variable": variable}
    return {"variable": given.name} if isinstance(given, EnvironmentVariable) else {"value": str(given)}


def _password_fault(variable: str):
    message = "A password must not be written in the project: the bundle would keep it for everybody to read."
    fix = f'Write password=EnvironmentVariable("{variable}") and set {variable} where `creta up` runs.'
    return fault("invalid_definition", message, caller_place(), fix)
