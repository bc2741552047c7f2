"""HTTP to one server: the token, its renewal, and errors as exceptions."""

import threading
import time
from typing import Any

import httpx

from creta.client.credentials import Credentials
from creta.client.errors import CretaException, errors_from_json

# Seconds before its end at which a token is renewed.
MARGIN = 30.0


class Transport:
    """Sends requests with a bearer token. Safe to share between threads."""

    def __init__(self, credentials: Credentials, environment: str | None, timeout: float | None):
        self.credentials = credentials
        self.environment = environment
        self._http = httpx.Client(base_url=credentials.url, timeout=httpx.Timeout(timeout, connect=10.0))
        self._lock = threading.Lock()
        self._token: str | None = None
        self._renew_at = 0.0

    def close(self) -> None:
        self._http.close()

    def json(self, method: str, path: str, **arguments: Any) -> Any:
        """The decoded JSON answer of an authorised request."""
        response = self.request(method, path, **arguments)
        try:
            return response.json()
        except ValueError:
            raise CretaException(f"The server's answer to {method} {path} is not JSON.", status=200) from None

    def request(
        self, method: str, path: str, headers: dict[str, str] | None = None, **arguments: Any
    ) -> httpx.Response:
        """An authorised request; a refused token is renewed once. Raises CretaException for any other failure."""
        for attempt in (1, 2):
            token = self._current_token()
            response = self._send(method, path, headers={**(headers or {}), **self._headers(token)}, **arguments)
            if response.status_code == 401 and attempt == 1:
                self._forget(token)
                continue
            break
        return _checked(response)

    def plain(self, method: str, url: str, **arguments: Any) -> httpx.Response:
        """A request to a URL that carries its own secret, hence without the token."""
        return _checked(self._send(method, url, **arguments))

    def stream_to(self, url: str, write: Any, progress: Any = None) -> None:
        """Reads a signed URL piece by piece into `write`, telling `progress` the bytes so far and the total."""
        try:
            with self._http.stream("GET", url) as response:
                if response.status_code >= 400:
                    response.read()
                    _checked(response)
                total = int(response.headers.get("content-length") or 0)
                done = 0
                for piece in response.iter_bytes():
                    write(piece)
                    done += len(piece)
                    if progress is not None:
                        progress(done, total)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from None

    def _headers(self, token: str) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {token}"}
        if self.environment is not None:
            headers["X-Creta-Env-Id"] = self.environment
            headers["X-Chalk-Env-Id"] = self.environment
        return headers

    def _send(self, method: str, url: str, **arguments: Any) -> httpx.Response:
        try:
            return self._http.request(method, url, **arguments)
        except httpx.TimeoutException:
            raise CretaException("The server did not answer in time.", code="deadline_exceeded") from None
        except httpx.HTTPError as error:
            raise self._unreachable(error) from None

    def _unreachable(self, error: httpx.HTTPError) -> CretaException:
        message = f"The Creta server at {self.credentials.url} cannot be reached: {error or type(error).__name__}."
        return CretaException(message, code="unreachable", fix="Is `creta up` running?")

    def _current_token(self) -> str:
        with self._lock:
            if self._token is None or time.monotonic() >= self._renew_at:
                self._exchange()
            return self._token or ""

    def _forget(self, token: str) -> None:
        with self._lock:
            if self._token == token:
                self._token = None

    def _exchange(self) -> None:
        body = {
            "client_id": self.credentials.client_id,
            "client_secret": self.credentials.client_secret,
            "grant_type": "client_credentials",
        }
        answer = _checked(self._send("POST", "/v1/oauth/token", json=body)).json()
        self._token = answer["access_token"]
        lifetime = float(answer.get("expires_in") or 3600)
        self._renew_at = time.monotonic() + max(lifetime - MARGIN, lifetime / 2)


def _checked(response: httpx.Response) -> httpx.Response:
    """The response, or its error body as an exception."""
    if response.status_code < 400:
        return response
    try:
        body = response.json()
    except ValueError:
        body = {}
    if not isinstance(body, dict):
        body = {}
    detail = body.get("detail") or body.get("message")
    raise CretaException(
        str(detail or f"The server answered {response.status_code} {response.reason_phrase}."),
        errors=errors_from_json(body.get("errors")),
        status=response.status_code,
        code=body.get("code"),
        fix=body.get("fix"),
        trace_id=body.get("trace"),
    )
