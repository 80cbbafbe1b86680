# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Derive the deployment method and provider of a model from the prefix of its identifier."""

from __future__ import annotations

# Deployment method -> prefix of its identifiers, from GitLab's page on configuring the models.
IDENTIFIER_PREFIX = {
    "vllm": "custom_openai/",
    "bedrock": "bedrock/",
    "azure": "azure/",
    "vertex_ai": "vertex_ai/",
}
DEPLOYMENT_METHODS = (*IDENTIFIER_PREFIX, "other")
# Prefixes that GitLab documents without a deployment method of their own (19.x).
OTHER_PREFIXES = ("anthropic/", "openai/", "bedrock_mantle/")
# Methods whose endpoint is the cloud provider's, so that GitLab needs none.
WITHOUT_ENDPOINT = ("bedrock", "vertex_ai")
# Prefix of an identifier -> provider, for releases in which the prefix decides it.
_PROVIDERS = {"bedrock/": "BEDROCK", "vertex_ai/": "VERTEX_AI"}


def infer_method(identifier: str | None) -> str | None:
    """Return the deployment method that belongs to an identifier's prefix, or None."""
    if not identifier:
        return "other" if identifier == "" else None
    for method, prefix in IDENTIFIER_PREFIX.items():
        if identifier.startswith(prefix):
            return method
    return "other" if identifier.startswith(OTHER_PREFIXES) else None


def method_for_export(identifier: str, endpoint: str, provider: str | None) -> str:
    """Return the deployment method under which GitLab's stored values are a valid declaration."""
    method = infer_method(identifier)
    if provider in ("BEDROCK", "VERTEX_AI"):
        return provider.lower()
    if method is None or (method == "vllm" and not endpoint.endswith("/v1")):
        return "other"
    return "other" if provider == "API" and method in WITHOUT_ENDPOINT else method


def provider_of(identifier: str | None) -> str | None:
    """Return the provider that belongs to an identifier's prefix; None without an identifier."""
    if identifier is None:
        return None
    found = (one for prefix, one in _PROVIDERS.items() if identifier.startswith(prefix))
    return next(found, "API")
