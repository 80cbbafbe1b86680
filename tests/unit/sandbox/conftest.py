# SPDX-License-Identifier: GPL-3.0-or-later
"""An in-process client for one instance: no socket, no HTTP library."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest

from sandbox import credentials
from sandbox.app import create_app
from sandbox.state import Instance


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    text: str

    def json(self) -> Any:
        return json.loads(self.text)


@dataclass
class Client:
    """Keeps cookies; `token` is sent unless it is empty."""

    version: str = "18.9"
    root: str = ""
    token: str = credentials.ADMIN_TOKEN
    cookies: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.app = create_app(self.version, self.root)

    @property
    def instance(self) -> Instance:
        instance: Instance = self.app.state.instance
        return instance

    def request(
        self,
        method: str,
        path: str,
        data: Any = None,
        *,
        form: dict[str, str] | None = None,
        raw: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        sent = {"host": "gitlab.example.com", **(headers or {})}
        if self.token:
            sent.setdefault("private-token", self.token)
        if self.cookies:
            sent["cookie"] = "; ".join(f"{key}={value}" for key, value in self.cookies.items())
        body = raw or b""
        if data is not None:
            body = json.dumps(data).encode()
        if form is not None:
            body = urlencode(form).encode()
            sent.setdefault("content-type", "application/x-www-form-urlencoded")
        sent.setdefault("content-type", "application/json")
        where, _dummy, query = path.partition("?")
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": self.root + where,
            "raw_path": (self.root + where).encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(key.lower().encode(), value.encode()) for key, value in sent.items()],
            "client": ("127.0.0.1", 1),
            "server": ("gitlab.example.com", 80),
        }
        if where.startswith("/_sandbox/"):
            scope["path"] = where
        messages: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            messages.append(message)

        asyncio.run(self.app(scope, receive, send))
        got = {key.decode(): value.decode() for key, value in messages[0]["headers"]}
        cookie = re.match(r"(_gitlab_session)=([^;]*)", got.get("set-cookie", ""))
        if cookie:
            self.cookies[cookie[1]] = cookie[2]
        text = b"".join(one.get("body", b"") for one in messages[1:]).decode()
        return Answer(messages[0]["status"], got, text)

    def get(self, path: str, **more: Any) -> Answer:
        return self.request("GET", path, **more)

    def post(self, path: str, data: Any = None, **more: Any) -> Answer:
        return self.request("POST", path, data, **more)

    def seed(self, **state: Any) -> dict[str, Any]:
        answer = self.post("/_sandbox/seed", state)
        assert answer.status == 200, answer.text
        return answer.json()  # type: ignore[no-any-return]

    def graphql(self, query: str, **variables: Any) -> Any:
        """The whole answer; its status must be 200."""
        answer = self.post("/api/graphql", {"query": query, "variables": variables})
        assert answer.status == 200, answer.text
        return answer.json()

    def data(self, query: str, **variables: Any) -> Any:
        answer = self.graphql(query, **variables)
        assert "errors" not in answer, answer
        return answer["data"]

    def errors(self, query: str, **variables: Any) -> list[str]:
        return [one["message"] for one in self.graphql(query, **variables)["errors"]]

    def mutate(self, mutation: str, select: str = "errors", /, **data: Any) -> Any:
        """One mutation by variable; answers its payload, or the whole answer if it has errors."""
        kind = mutation[0].upper() + mutation[1:] + "Input!"
        query = f"mutation($input: {kind}) {{ {mutation}(input: $input) {{ {select} }} }}"
        answer = self.graphql(query, input=data)
        return answer["data"][mutation] if "errors" not in answer else answer

    def create_model(self, name: str, model: str = "CODESTRAL", **more: Any) -> str:
        data = {"name": name, "model": model, "endpoint": "https://vllm.example.com/v1", **more}
        if self.instance.release.at_least(18, 11):
            data.setdefault("provider", "API")
        payload = self.mutate("aiSelfHostedModelCreate", "errors selfHostedModel { id }", **data)
        assert payload["errors"] == [], payload
        return str(payload["selfHostedModel"]["id"])

    def csrf(self, text: str) -> str:
        match = re.search(r'<meta name="csrf-token" content="([^"]+)"', text)
        assert match, text
        return match[1]

    def sign_in(
        self, username: str = credentials.ADMIN, password: str = credentials.ADMIN_PASSWORD
    ) -> Answer:
        page = self.get("/users/sign_in")
        form = {
            "user[login]": username,
            "user[password]": password,
            "authenticity_token": self.csrf(page.text),
        }
        return self.post("/users/sign_in", form=form)


@pytest.fixture
def gitlab() -> Client:
    return Client()


@pytest.fixture
def gitlab_of() -> Callable[..., Client]:
    return Client
