"""A small HTTP server that answers as wire.md says and remembers what it was sent."""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FakeServer:
    """`answers` maps (method, path) to a body, (status, body) or a function of the request; `requests` are recorded."""

    def __init__(self):
        self.answers = {}
        self.requests = []
        self.tokens = 0
        self.valid_token = None
        self.httpd = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.httpd.server_port}"
        threading.Thread(target=self.httpd.serve_forever, daemon=True).start()

    def close(self):
        self.httpd.shutdown()
        self.httpd.server_close()

    def sent(self, path):
        """The bodies sent to a path, JSON where it is JSON."""
        return [body for _method, seen, _headers, body in self.requests if seen == path]

    def answer(self, method, path, headers, body):
        if path == "/v1/oauth/token":
            return self._token(body)
        if not path.startswith("/blob/") and headers.get("authorization") != f"Bearer {self.valid_token}":
            return 401, {"detail": "The token is unknown.", "trace": None}
        answer = self.answers.get((method, path))
        if answer is None:
            return 404, {"detail": f"nothing at {path}", "trace": None, "code": "not_found"}
        if callable(answer):
            answer = answer(body)
        return answer if isinstance(answer, tuple) else (200, answer)

    def _token(self, body):
        if body["client_secret"] != "secret":
            detail = "Client ID and secret are invalid"
            return 401, {"detail": detail, "message": detail, "trace": None}
        self.tokens += 1
        self.valid_token = f"token-{self.tokens}"
        return 200, {
            "access_token": self.valid_token,
            "token_type": "Bearer",
            "expires_in": 3600,
            "api_server": self.url,
            "primary_environment": "env-local",
            "engines": {"env-local": self.url},
        }

    def _handler(self):
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_arguments):
                pass

            def handle_any(self):
                raw = self.rfile.read(int(self.headers.get("content-length") or 0))
                body = json.loads(raw) if re.match(rb"\s*[{\[]", raw) else raw
                headers = {name.lower(): value for name, value in self.headers.items()}
                path = self.path.split("?", 1)[0]
                fake.requests.append((self.command, path, headers, body))
                status, answer = fake.answer(self.command, path, headers, body)
                content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = handle_any

        return Handler
