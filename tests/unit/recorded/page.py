# SPDX-License-Identifier: GPL-3.0-or-later

"""Reduce a page to what the recording keeps: title, elements, forms, CSRF tags and messages."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

#: The elements that are noted: where GitLab's frontend starts.
ELEMENTS = (
    *("js-ai-settings", "js-duo-instance-model-selection", "js-duo-self-hosted"),
    *("js-gitlab-duo-admin-page", "js-sign-in-form"),
)
MESSAGE = "gl-alert-body"


@dataclass
class Form:
    """A form, and the names of its fields."""

    action: str
    method: str
    fields: set[str] = field(default_factory=set)


class Page(HTMLParser):
    """A page of GitLab."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.title = ""
        self.elements: dict[str, dict[str, str]] = {}
        self.forms: list[Form] = []
        self.csrf: dict[str, str] = {}
        self.alerts: list[str] = []
        self._into = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what is noted of this tag."""
        given = {name: value or "" for name, value in attrs}
        name = given.get("id", "")
        if name in ELEMENTS:
            self.elements[name] = {
                key: value for key, value in given.items() if key.startswith("data-")
            }
        if tag == "title":
            self._into = "title"
        elif tag == "meta" and given.get("name", "").startswith("csrf-"):
            self.csrf[given["name"]] = given.get("content", "")
        elif tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get")))
        elif tag == "input" and self.forms and "name" in given:
            self.forms[-1].fields.add(given["name"])
        elif MESSAGE in given.get("class", "").split():
            self._into = "alert"
            self.alerts.append("")

    def handle_endtag(self, tag: str) -> None:
        """Leave what was text."""
        if tag in ("title", "div"):
            self._into = ""

    def handle_data(self, data: str) -> None:
        """Note titles and messages."""
        if self._into == "title":
            self.title += data
        elif self._into == "alert":
            self.alerts[-1] += data

    def digest(self) -> dict[str, Any]:
        """Return the page as the recording has it."""
        return {
            "title": self.title,
            "elements": self.elements,
            "csrf": sorted(self.csrf),
            "alerts": [alert.strip() for alert in self.alerts],
            "forms": [
                {"action": form.action, "fields": sorted(form.fields), "method": form.method}
                for form in self.forms
            ],
        }
