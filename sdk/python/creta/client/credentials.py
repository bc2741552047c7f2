"""Where the client finds the server and its credentials."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from creta.client.errors import CretaException


@dataclass(frozen=True)
class Credentials:
    """The server's URL and what to authenticate with."""

    url: str
    client_id: str
    client_secret: str


def find_credentials(
    url: str | None = None, client_id: str | None = None, client_secret: str | None = None
) -> Credentials:
    """Looks at: the arguments; CRETA_CLIENT_ID, CRETA_CLIENT_SECRET, CRETA_API_SERVER; the file that
    CRETA_CREDENTIALS names; `.creta/credentials.json` here or in a folder above.

    Each missing part is taken from the next place. Raises CretaException when something is missing at the end.
    """
    environment = os.environ.get
    found = {
        "url": url or environment("CRETA_API_SERVER"),
        "client_id": client_id or environment("CRETA_CLIENT_ID"),
        "client_secret": client_secret or environment("CRETA_CLIENT_SECRET"),
    }
    if not all(found.values()):
        path = _credentials_file()
        written = _read(path) if path is not None else {}
        found = {name: value or written.get(name) for name, value in found.items()}
    missing = [name for name, value in found.items() if not value]
    if missing:
        raise CretaException(
            f"No {', '.join(missing)} of a Creta server is known.",
            code="unauthenticated",
            fix="Start one with `creta up` in the project's folder, or set CRETA_API_SERVER, CRETA_CLIENT_ID and "
            "CRETA_CLIENT_SECRET.",
        )
    return Credentials(found["url"].rstrip("/"), found["client_id"], found["client_secret"])


def _credentials_file() -> Path | None:
    named = os.environ.get("CRETA_CREDENTIALS")
    if named:
        return Path(named)
    here = Path.cwd()
    for folder in (here, *here.parents):
        candidate = folder / ".creta" / "credentials.json"
        if candidate.is_file():
            return candidate
    return None


def _read(path: Path) -> dict[str, str]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CretaException(f"The credentials file {path} cannot be read: {error.strerror}.") from None
    except ValueError:
        raise CretaException(f"The credentials file {path} is not JSON.") from None
    return content if isinstance(content, dict) else {}
