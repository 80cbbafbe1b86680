# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guess what a refused value was meant to be. Whether a guess is accepted is checked elsewhere.

A guess keeps all that was given: a part of it is moved, completed, or put into another option.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

# Paths that people copy together with the base URL of a server with OpenAI's API.
_CALLS = re.compile(r"(/chat/completions|/completions|/embeddings|/models|/responses)?/*$")
_OTHER = {"deployment_method": "other"}


def prefixed(identifier: str, method: str | None, prefixes: dict[str, str]) -> list[dict[str, Any]]:
    """Return guesses for an identifier without the right prefix.

    :param method: the declared deployment method; None if there is none.
    :param prefixes: deployment method -> prefix, for all methods that have one.
    """
    own = next(
        (it for it, prefix in prefixes.items() if identifier.lower().startswith(prefix)), None
    )
    found: list[dict[str, Any]] = []
    if identifier.startswith("arn:") and method is None:
        found.append({"deployment_method": "bedrock"})
    elif own:
        name = identifier[len(prefixes[own]) :]
        if method in (own, None):
            # Only its case is wrong.
            found.append({"identifier": prefixes[own] + name})
        else:
            # The prefix is better evidence than the method.
            found.append({"deployment_method": own})
    else:
        prefix = prefixes[method or "vllm"]
        found.append({"identifier": prefix + identifier.lstrip("/")})
    return found if method else [*found, _OTHER]


def openai_base(endpoint: str) -> list[dict[str, Any]]:
    """Return guesses for a vLLM endpoint whose path does not end in ``/v1``."""
    parts = urlsplit(endpoint)
    if parts.query or parts.fragment:
        return [_OTHER]
    base = _CALLS.sub("", parts.path)
    last = base.rpartition("/")[2]
    if re.fullmatch(r"v\d+", last, re.IGNORECASE) and last.lower() != "v1":
        # A version of another API, such as OpenVINO's /v3.
        return [_OTHER]
    path = base[: -len(last)] + "v1" if last.lower() == "v1" else f"{base}/v1"
    return [{"endpoint": parts._replace(path=path).geturl()}]


def web(value: str) -> list[dict[str, Any]]:
    """Return guesses for a URL whose scheme is missing or in capitals."""
    scheme, found, rest = value.partition("://")
    if found:
        return [{"": f"{scheme.lower()}://{rest}"}]
    # Without a scheme it may not be a URL at all, and then the rest may be a key: repeat nothing.
    return [] if re.search(r"[?#@\s]", value) else [{"": f"https://{value.lstrip('/')}"}]


def host_and_port(value: str) -> list[dict[str, Any]]:
    """Return the host and port of a URL that has no path."""
    rest = value.partition("://")[2] or value
    return [{"": rest.rstrip("/")}]


def tls(url: str) -> str:
    """Return the hint about TLS that the scheme of an Agent Platform URL calls for, or ``""``."""
    secure = {"https": "true", "grpcs": "true", "http": "false", "grpc": "false"}
    scheme = url.partition("://")[0].lower()
    if scheme not in secure:
        return ""
    said = f"duo_agent_platform_service_secure: {secure[scheme]}"
    return f"From GitLab 18.10 on, the equivalent of {scheme}:// is {said}."


def base_url(value: str) -> list[dict[str, Any]]:
    """Return the URL of an API without the path of the API."""
    return [{"": re.sub(r"/api(/v\d+|/graphql)?/*$", "", value)}]
