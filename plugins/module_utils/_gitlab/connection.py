# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Define the connection options: how to reach one GitLab, with specification and rules."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from ansible.module_utils.basic import env_fallback

from .._base import suggestions
from .._base.invalid import Wrong
from .._base.libraries import pydantic
from .._base.options import Options, Spec
from .._base.urls import web_url

# No aliases: together with a fallback to the environment they make core warn that both are set.
CONNECTION_SPEC: Spec = {
    "api_url": {"type": "str", "required": True, "fallback": (env_fallback, ["GITLAB_URL"])},
    "api_token": {
        "type": "str",
        "required": True,
        "no_log": True,
        "fallback": (env_fallback, ["GITLAB_TOKEN"]),
    },
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path", "fallback": (env_fallback, ["GITLAB_CA_PATH"])},
    "client_cert": {"type": "path"},
    "client_key": {"type": "path"},
    # Its URL may hold a password.
    "proxy": {"type": "str", "no_log": True},
    "timeout": {"type": "int", "default": 30},
    "retries": {"type": "int", "default": 3},
    "settle_timeout": {"type": "int", "default": 70},
}


class Connection(Options):
    """How to reach one GitLab."""

    api_url: str
    api_token: str = pydantic.Field(repr=False)
    validate_certs: bool = True
    ca_path: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    proxy: str | None = pydantic.Field(default=None, repr=False)
    timeout: int = pydantic.Field(default=30, ge=1, le=3600)
    retries: int = pydantic.Field(default=3, ge=0, le=20)
    settle_timeout: int = pydantic.Field(default=70, ge=0, le=3600)

    @pydantic.field_validator("api_url")
    @classmethod
    def _base_url(cls, value: str) -> str:
        value = web_url(value).rstrip("/")
        parts = urlsplit(value)
        if parts.username or parts.password:
            raise Wrong(
                "must not contain user name and password; use api_token",
                "Write {} without them, and a personal access token as api_token.",
            )
        if parts.query or parts.fragment:
            raise Wrong(
                "must not contain ? or #",
                "Write the base URL alone as {}, without what follows it.",
            )
        if re.search(r"/api(/v\d+|/graphql)?$", parts.path):
            raise Wrong(
                "must be the base URL of GitLab, without /api",
                "Write {} without /api and what follows it.",
                instead=suggestions.base_url(value),
            )
        if parts.hostname in ("gitlab.com", "www.gitlab.com"):
            raise Wrong(
                "GitLab.com is not self-managed; self-hosted models need an instance of your own",
                "Write the URL of a GitLab that you manage yourself as {}.",
            )
        return value

    @pydantic.field_validator("api_token")
    @classmethod
    def _token(cls, value: str) -> str:
        if not value:
            raise Wrong(
                "is empty",
                "Write the personal access token of an administrator, with the scope api, as {}.",
            )
        if not value.isascii() or re.search(r"[\s\x00-\x1f\x7f]", value):
            raise Wrong(
                "contains characters that never occur in a GitLab token",
                "Write the token alone as {}, without quotes or a name in front of it.",
            )
        return value

    @pydantic.field_validator("proxy")
    @classmethod
    def _proxy(cls, value: str | None) -> str | None:
        return value and web_url(value)

    @pydantic.model_validator(mode="after")
    def _key_needs_certificate(self) -> Connection:
        if self.client_key and not self.client_cert:
            raise Wrong(
                "needs client_cert",
                "Add client_cert, the certificate of this key, or leave out {}.",
                option="client_key",
            )
        return self

    @pydantic.model_validator(mode="after")
    def _proxy_is_checked(self) -> Connection:
        # requests checks no certificate at all, not even the proxy's, if api_url is http.
        unchecked = (self.proxy or "").startswith("https:") and self.api_url.startswith("http:")
        if unchecked and self.validate_certs:
            raise Wrong(
                "with https:// needs an api_url with https://",
                "Write api_url with https://, or {} with http://.",
                option="proxy",
            )
        return self
