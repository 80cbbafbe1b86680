# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A model server with OpenAI's API, as vLLM has it: chat completions and models, with a key."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ROLES = ("system", "developer", "user", "assistant", "tool")


class ModelServer:
    """Serves one model under `/v1` until it is closed.

    :param cold: so many requests get no answer, as while weights are loaded.
    """

    def __init__(self, model: str, key: str, *, cold: int = 0) -> None:
        self.model = model
        self.key = key
        self.cold = cold
        # Status of each answer; None where there was none.
        self.answers: list[int | None] = []
        self._closed = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if outer.cold > 0:
                    outer.cold -= 1
                    outer.answers.append(None)
                    outer._closed.wait()
                    return
                self._say(*outer._answer(self.path, self.headers, body))

            def do_GET(self) -> None:
                self._say(*outer._models(self.path, self.headers))

            def _say(self, status: int, answer: dict[str, Any]) -> None:
                outer.answers.append(status)
                text = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def _answer(self, path: str, headers: Any, body: bytes) -> tuple[int, dict[str, Any]]:
        if path != "/v1/chat/completions":
            return _error(404, f"no such path: {path}")
        if headers.get("Authorization") != f"Bearer {self.key}":
            return _error(401, "Incorrect API key provided", "invalid_api_key")
        try:
            asked = json.loads(body)
            messages = [(it["role"], it["content"]) for it in asked["messages"]]
        except (ValueError, KeyError, TypeError):
            return _error(400, "'messages' is a required property")
        if not messages or not all(role in ROLES and text for role, text in messages):
            return _error(400, "'messages' is too short, or a role is unknown")
        if asked.get("model") != self.model:
            text = f"The model `{asked.get('model')}` does not exist."
            return _error(404, text, "model_not_found")
        return 200, {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": self.model,
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": "Hello"},
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        }

    def _models(self, path: str, headers: Any) -> tuple[int, dict[str, Any]]:
        if path != "/v1/models":
            return _error(404, f"no such path: {path}")
        if headers.get("Authorization") != f"Bearer {self.key}":
            return _error(401, "Incorrect API key provided", "invalid_api_key")
        return 200, {"object": "list", "data": [{"id": self.model, "object": "model"}]}

    def close(self) -> None:
        """Stop."""
        self._closed.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _error(status: int, message: str, code: str | None = None) -> tuple[int, dict[str, Any]]:
    kind = "invalid_request_error"
    return status, {"error": {"message": message, "type": kind, "param": None, "code": code}}
