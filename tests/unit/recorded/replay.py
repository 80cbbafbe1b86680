# SPDX-License-Identifier: GPL-3.0-or-later

"""Send the recorded requests to the sandbox, and show where the answers differ."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import requests

from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import URL, InProcess
from ansible_collections.gitlab_ops.duo.tests.unit.recorded import around
from ansible_collections.gitlab_ops.duo.tests.unit.recorded.comparison import (
    Comparison,
    Difference,
)
from ansible_collections.gitlab_ops.duo.tests.unit.recorded.page import Page
from ansible_collections.gitlab_ops.duo.tests.unit.recorded.recording import (
    SETTINGS,
    Question,
    World,
)
from sandbox import credentials
from sandbox.app import create_app
from sandbox.context import MODEL_CLASS
from sandbox.seed import apply

TOKENS = {
    "admin": credentials.ADMIN_TOKEN,
    "second": credentials.SECOND_TOKEN,
    "user": credentials.USER_TOKEN,
    "read": credentials.READONLY_TOKEN,
    "expired": credentials.EXPIRED_TOKEN,
    "revoked": credentials.REVOKED_TOKEN,
    "mode": credentials.ADMIN_MODE_TOKEN,
    "bad": "glpat-of-nobody",
}
WHOLE = ("status", "type", "location", "body")
PARTLY = ("status", "body")
SIGN_IN = "/users/sign_in"
JSON = "application/json"
FORM_ENCODED = "application/x-www-form-urlencoded"
#: How much the recording keeps of a text that is neither JSON nor a page.
KEPT = 400


@dataclass
class Answer:
    """An answer in the form of the recording."""

    status: int
    type: str
    location: str | None
    body: Any


class Browser:
    """A session of cookies, and the CSRF tokens of the last page that had any."""

    def __init__(self, adapter: InProcess) -> None:
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.mount(URL, adapter)
        self._csrf = self._form_token = ""
        #: Whether somebody has tried to sign in.
        self.used = False

    def visit(self, request: dict[str, Any]) -> Answer:
        """Ask for a page, or send a form."""
        method, path = request["page"].split(" ", 1)
        headers = dict(request.get("headers", {}))
        if request.get("csrf"):
            headers["X-CSRF-Token"] = "wrong" if request["csrf"] == "wrong" else self._csrf
        form = {
            name: self._form_token if value == "<token>" else value
            for name, value in request.get("form", {}).items()
        }
        found = self._session.request(
            method, URL + path, data=form or None, headers=headers, allow_redirects=False
        )
        answer = _answer(found)
        if answer.type == "text/html":
            self._csrf = Page(found.text).csrf.get("csrf-token", self._csrf)
            self._form_token = self._csrf
        return answer


class Replay:
    """One world, put on a pristine sandbox of its release."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._app = create_app(world.release, external_url=URL, options={"processes": 1})
        self._adapter = InProcess(self._app, lambda: None)
        self._api = requests.Session()
        self._api.trust_env = False
        self._api.mount(URL, self._adapter)
        self._browsers: dict[str, Browser] = {}
        self._browser = Browser(self._adapter)
        self._comparison = Comparison(URL, self._id_of)
        self._settings: dict[str, Any] = {}
        #: Whether a question is about a model that does not exist.
        self._unknown = False

    def differences(self) -> Iterator[Difference]:
        """Ask all questions in their order."""
        for seed in (around.seed(self._world), self._world.seed):
            apply(self._app.state.instance, seed)
        if any(question.difference for question in self._world.questions):
            self._settings = self._read_settings()
        for question in self._world.questions:
            self._before(question)
            answer = self._ask(question, self._comparison.filled(question.request))
            answer.body = self._as_noted(question, answer.body)
            for part in PARTLY if question.partly else WHOLE:
                for path, recorded, answered in self._comparison.differences(
                    getattr(question, part),
                    getattr(answer, part),
                    part,
                    question.partly and not question.difference,
                ):
                    yield Difference(question.world, question.name, path, recorded, answered)

    def _before(self, question: Question) -> None:
        """Do what was done in the database before a question."""
        instance = self._app.state.instance
        self._unknown = "unknown" in question.name
        if question.name.endswith("beta on"):
            apply(instance, {"beta_acceptances": [credentials.ADMIN]})
        if question.world.endswith("a list of GitLab models at hand"):
            instance.options.cloud_reachable = True
        if question is self._world.questions[0]:
            for model in instance.models:
                # The row of a model that is older than its column.
                model.provider = "api" if model.name == "old" else model.provider

    def _id_of(self, kind: str, number: str) -> str | None:
        """Return the id of a model that a question names before any answer has shown it."""
        name = self._world.names.get(number) if kind == MODEL_CLASS else None
        models = self._app.state.instance.models
        if kind == MODEL_CLASS and name is None and not self._unknown:
            # No answer ever shows it: one of those that are hidden, in their order.
            names = self._world.names
            hidden = [model.name for model in models if model.name not in names.values()]
            place = int(number) - len(names) - 1
            name = hidden[place] if 0 <= place < len(hidden) else None
        return next((str(model.id) for model in models if model.name == name), None)

    def _ask(self, question: Question, request: dict[str, Any]) -> Answer:
        if "page" in request:
            return self._in_browser(question.name, request)
        if "graphql" in request:
            asked = {"query": request["graphql"], "variables": request["variables"]}
            if "operation" in request:
                asked["operationName"] = request["operation"]
            text = json.dumps(asked)
            return self._with_token(
                request["as"], "POST /api/graphql", text, request.get("headers")
            )
        if "rest" in request:
            body = request.get("body")
            sent = "" if body is None else json.dumps(body)
            return self._with_token(request["as"], request["rest"], sent, request.get("headers"))
        method, path, body = request["raw"].split(" ", 2)
        return self._with_token(request["as"], f"{method} {path}", body)

    def _read_settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = self._with_token("admin", f"GET {SETTINGS}", "").body
        return settings

    def _as_noted(self, question: Question, body: Any) -> Any:
        """Return what the recording would have kept of an answer about settings."""
        if question.difference:
            before, self._settings = self._settings, self._read_settings()
            if question.status == 200 and isinstance(body, dict):
                body = {key: body.get(key, "<absent>") for key in question.request["body"]}
            changed = {
                key: [before.get(key), self._settings.get(key)]
                for key in {**before, **self._settings}
                if before.get(key) != self._settings.get(key)
            }
            if "error_description" in body:
                body = {"error": body["error"]}
            return {"answer": body, "changed": changed}
        if question.settings and question.status == 200 and isinstance(body, dict):
            noted = self._world.settings(question)
            return {key: value for key, value in body.items() if key in noted}
        return body

    def _with_token(
        self, who: str | None, where: str, body: str, headers: dict[str, str] | None = None
    ) -> Answer:
        method, path = where.split(" ", 1)
        headers = dict(headers or {})
        if who in TOKENS:
            headers.setdefault("Authorization", f"Bearer {TOKENS[who]}")
        if body:
            headers["Content-Type"] = (
                FORM_ENCODED if body.startswith("query=") else "application/json"
            )
        found = self._api.request(
            method, URL + path, data=body.encode(), headers=headers, allow_redirects=False
        )
        self._api.cookies.clear()
        return _answer(found)

    def _in_browser(self, name: str, request: dict[str, Any]) -> Answer:
        """A sign-in begins a new session; a name that begins with somebody's is theirs again."""
        who = name.partition(" ")[0]
        if name.endswith(": form"):
            # What somebody was sent away from before signing in belongs to the same session.
            if self._browser.used:
                self._browser = Browser(self._adapter)
            self._browser.used = True
        elif who in self._browsers:
            self._browser = self._browsers[who]
        if request["page"] == f"POST {SIGN_IN}":
            self._browsers[request["form"]["user[login]"]] = self._browser
        return self._browser.visit(request)


def _answer(found: requests.Response) -> Answer:
    kind = found.headers.get("Content-Type", "").partition(";")[0]
    body: Any = found.text[:KEPT]
    if kind == JSON:
        body = found.json()
        body = "null" if body is None else body
    elif kind == "text/html" and found.text:
        body = Page(found.text).digest()
    return Answer(found.status_code, kind, found.headers.get("Location"), body)
