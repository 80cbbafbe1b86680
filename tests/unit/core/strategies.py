# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Generated instances, and generated wishes that are valid options."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import RELEASES, ROOT, Sandboxed
from sandbox.catalog import OFFERED_MODELS, Catalog

NAMES = ("a", "b", "c", "name with blanks")
KEYS = ("key-one-that-must-not-show", "key-two-that-must-not-show")
PASSWORD = "endpoint-Passw0rd"
SECRETS = (*KEYS, PASSWORD, ROOT["password"])
ENDPOINTS = (
    "https://vllm.example.com/v1",
    "http://10.1.2.3:8000/v1",
    f"https://me:{PASSWORD}@vllm.example.com/v1",
)
GATEWAYS = (
    "https://aigw.example.com",
    "http://10.1.2.3:5052/sub",
    f"https://me:{PASSWORD}@aigw.example.com",
)
IDENTIFIERS = {
    "vllm": ("custom_openai/one", "custom_openai/two"),
    "bedrock": ("bedrock/anthropic.claude",),
    "azure": ("azure/gpt",),
    "vertex_ai": ("vertex_ai/gemini",),
    "other": ("", "whatever"),
}


def maybe(values: Any) -> st.SearchStrategy[Any]:
    """Return one of the values, or None: unmanaged."""
    return st.sampled_from([None, *values])


def _few(values: Any, most: int) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(values), unique=True, max_size=most)


def has_provider(here: Sandboxed) -> bool:
    """Return whether models of this release have a provider."""
    return here.instance.release.at_least(18, 11)


# --- instances -----------------------------------------------------------------------------------
@st.composite
def instances(draw: st.DrawFn) -> Sandboxed:
    """Return an instance of any release in any state that its administrators can leave it in."""
    here = Sandboxed(draw(st.sampled_from(RELEASES)))
    seed: dict[str, Any] = {
        "gateway": _gateway(draw, here),
        "beta_acceptances": draw(_few(["root", "second", "gone"], 2)),
        "models": _models(draw, here),
    }
    here.seed(**seed)
    here.seed(features=_features(draw, here, seed["models"]))
    if here.instance.release.at_least(18, 4):
        here.seed(options={"cloud_reachable": draw(st.integers(0, 5)) > 0})
    return here


def _gateway(draw: st.DrawFn, here: Sandboxed) -> dict[str, Any]:
    # With the slash that a value of AI_GATEWAY_URL keeps.
    urls = (*GATEWAYS, GATEWAYS[0] + "/", "")
    found: dict[str, Any] = {"ai_gateway_url": draw(maybe(urls))}
    if here.instance.release.at_least(18, 4):
        found["duo_agent_platform_service_url"] = draw(maybe(["aigw.example.com:50052"]))
    if here.instance.release.at_least(18, 7):
        found["ai_gateway_timeout_seconds"] = draw(st.sampled_from([60, 90, 600]))
    return found


def _models(draw: st.DrawFn, here: Sandboxed) -> list[dict[str, Any]]:
    models = []
    for name in draw(_few(NAMES, 4)):
        providers = ["api", "bedrock", "vertex_ai"] if has_provider(here) else ["api"]
        provider = draw(st.sampled_from(providers))
        method = "other" if provider == "api" else provider
        known = (*IDENTIFIERS["vllm"], *IDENTIFIERS["bedrock"], *IDENTIFIERS["other"])
        needs = provider == "api" or not here.instance.release.at_least(19, 0)
        models.append(
            {
                "name": name,
                "model": draw(st.sampled_from(sorted(here.instance.catalog.families))),
                "endpoint": draw(st.sampled_from(ENDPOINTS)) if needs else "",
                "identifier": draw(maybe(known if method == "other" else IDENTIFIERS[method])),
                "api_token": draw(maybe(["", *KEYS])),
                "provider": provider,
            }
        )
    return models


def _features(draw: st.DrawFn, here: Sandboxed, models: list[dict[str, Any]]) -> dict[str, Any]:
    catalog: Catalog = here.instance.catalog
    found = {}
    for name in draw(_few(sorted(catalog.features), 5)):
        fit = [it["name"] for it in models if it["model"] in catalog.features[name].families]
        providers = [it for it in catalog.providers if fit or it != "self_hosted"]
        provider = draw(st.sampled_from(providers))
        if provider == "self_hosted":
            found[name] = {"provider": provider, "model": draw(st.sampled_from(fit))}
        elif provider == "vendored" and here.instance.release.at_least(18, 4):
            ref = draw(maybe([it.ref for it in OFFERED_MODELS]))
            found[name] = {"provider": provider, "offered_model_ref": ref}
        else:
            # A link that stayed behind.
            found[name] = {"provider": provider, "model": draw(maybe(fit))}
    return found


# --- wishes --------------------------------------------------------------------------------------
def gateways() -> st.SearchStrategy[dict[str, Any]]:
    """Return options of duo_gateway."""
    present = st.fixed_dictionaries(
        {
            "when_unsupported": st.sampled_from(["fail", "warn"]),
            "ai_gateway_url": maybe([*GATEWAYS, GATEWAYS[0] + "/", ""]),
            "ai_gateway_timeout_seconds": maybe([60, 91, 600]),
            "duo_agent_platform_service_url": maybe(["aigw.example.com:50052", "dap.test", ""]),
            "duo_agent_platform_service_secure": st.sampled_from([None, True, False]),
        }
    )
    return present | st.just({"state": "absent"})


@st.composite
def model(draw: st.DrawFn, here: Sandboxed, name: str, spare: list[str]) -> dict[str, Any]:
    """Return the declaration of one model; ``spare`` names that nobody else declares."""
    if draw(st.integers(0, 4)) == 0:
        return {"name": name, "state": "absent", "force": draw(st.booleans())}
    method = draw(st.sampled_from(list(IDENTIFIERS)))
    full = draw(st.integers(0, 3)) > 0
    families = sorted(here.instance.catalog.families)
    declared = {
        "name": name,
        "model_family": draw(st.sampled_from(families) if full else maybe(families)),
        "endpoint": draw(st.sampled_from(ENDPOINTS) if full else maybe(ENDPOINTS)),
        "identifier": draw(st.sampled_from(IDENTIFIERS[method])),
        "deployment_method": method if method == "other" else draw(maybe([method])),
        "api_key": draw(maybe(["", *KEYS])),
        "update_api_key": draw(st.sampled_from(["on_change", "on_create", "always"])),
    }
    if not full and method == "other":
        declared |= {"identifier": None, "deployment_method": None}
    if spare and draw(st.integers(0, 3)) == 0:
        declared["new_name"] = spare.pop()
    return declared


@st.composite
def models(draw: st.DrawFn, here: Sandboxed) -> dict[str, Any]:
    """Return options of duo_self_hosted_model: one model, or many."""
    unsupported = draw(st.sampled_from(["fail", "warn"]))
    names = draw(_few(NAMES, 3))
    spare = [*(name for name in NAMES if name not in names), "new"]
    declared = [draw(model(here, name, spare)) for name in names]
    if len(declared) == 1 and draw(st.booleans()):
        return {**declared[0], "when_unsupported": unsupported}
    exclusive = draw(st.booleans())
    return {"models": declared, "exclusive": exclusive, "when_unsupported": unsupported}


@st.composite
def settings(draw: st.DrawFn, here: Sandboxed) -> dict[str, Any]:
    """Return options of duo_feature_model: one assignment, or many."""
    catalog = here.instance.catalog
    left = draw(_few(sorted(catalog.features), 6))
    declared = []
    while left:
        size = draw(st.integers(1, len(left)))
        features, left = left[:size], left[size:]
        declared.append({"features": features, **draw(_assignment(here, features))})
    unsupported = draw(st.sampled_from(["fail", "warn"]))
    if len(declared) == 1 and draw(st.booleans()):
        return {**declared[0], "when_unsupported": unsupported}
    return {"settings": declared, "when_unsupported": unsupported}


@st.composite
def _assignment(draw: st.DrawFn, here: Sandboxed, features: list[str]) -> dict[str, Any]:
    catalog = here.instance.catalog
    fits = [set(catalog.features[name].families) for name in features]
    fit = [it.name for it in here.instance.models if all(it.model in fit for fit in fits)]
    kinds = ["absent", *("vendored", "disabled", "unassigned"), "gitlab_model"]
    # A model that does not fit, or is not there, is refused in both modes.
    names = [*fit, *fit, *fit, NAMES[0]]
    kind = draw(st.sampled_from([*["model"] * 4, *kinds]))
    if kind == "absent":
        return {"state": "absent"}
    if kind == "model":
        return {"model": draw(st.sampled_from(names))}
    if kind == "gitlab_model":
        return {"gitlab_model": draw(st.sampled_from(["", *(it.ref for it in OFFERED_MODELS)]))}
    return {"provider": kind}


def duo_settings() -> st.SearchStrategy[dict[str, Any]]:
    """Return some instance-wide settings."""
    switches = (
        *("expanded_logging", "direct_code_suggestions", "duo_core", "agent_platform"),
        *("remote_flows", "duo_cli", "ai_audit_event_streaming", "external_agents"),
    )
    registries = st.sampled_from(["", "registry.example.com:5000"])
    return st.fixed_dictionaries(
        {},
        optional={
            "availability": st.sampled_from(["default_on", "default_off", "never_on", "always_on"]),
            "chat_retention_days": st.integers(1, 30),
            "workflow_image_registry": registries,
            "minimum_access_level_execute": st.sampled_from(["default", "guest", "admin"]),
            **dict.fromkeys(switches, st.booleans()),
        },
    )


@st.composite
def runs(draw: st.DrawFn, here: Sandboxed) -> dict[str, Any]:
    """Return what a run of the role declares; most of it fits together."""
    declared = draw(models(here))
    models_ = declared.get("models", [])
    families = {it.name: it.model for it in here.instance.models}
    for it in models_:
        family = families.pop(it["name"], None)
        if it.get("state") != "absent":
            name = it.get("new_name") or it["name"]
            families[name] = it["model_family"] or family or "gpt"
    wish = {
        "gateway": draw(gateways().filter(lambda it: it.get("state") != "absent")),
        "models": models_,
        "settings": _settings_of(draw, here, families),
        "when_unsupported": draw(st.sampled_from(["fail", "warn", "warn"])),
        "models_exclusive": draw(st.booleans()),
        "beta_features": draw(st.sampled_from([None, None, True, False])),
        "accept_testing_agreement": True,
        **ROOT,
    }
    del wish["gateway"]["when_unsupported"]
    return wish


def _settings_of(
    draw: st.DrawFn, here: Sandboxed, families: dict[str, str]
) -> list[dict[str, Any]]:
    catalog = here.instance.catalog
    found: list[dict[str, Any]] = []
    for name in draw(_few(sorted(catalog.features), 4)):
        fit = [it for it, family in families.items() if family in catalog.features[name].families]
        kinds = [{"model": it} for it in fit] * 2 + [{"provider": "disabled"}, {"state": "absent"}]
        found.append({"features": [name], **draw(st.sampled_from(kinds))})
    return found


def betas() -> st.SearchStrategy[dict[str, Any]]:
    """Return options of duo_beta_features, signed in as the first administrator."""
    return st.fixed_dictionaries(
        {"enabled": st.booleans(), "accept_testing_agreement": st.integers(0, 4).map(bool)}
    ).map(lambda wish: {**wish, **ROOT})


# --- what people mistake -------------------------------------------------------------------------
_WORDS = st.sampled_from(
    [
        *("Qwen", "Qwen2.5-Coder-7B", "openai", "Custom_OpenAI", "custom_openai", "bedrock"),
        *("azure", "anthropic.claude-v2:1", "gpt", "vertex_ai", "Azure", "v1", "é", "a b", ""),
    ]
)


def identifiers() -> st.SearchStrategy[str | None]:
    """Return identifiers of models, most of them without the right prefix."""
    return st.none() | st.lists(_WORDS, min_size=1, max_size=4).map("/".join)


def endpoints() -> st.SearchStrategy[str | None]:
    """Return URLs, most of them not quite right."""
    schemes = st.sampled_from(["http://", "https://", "HTTP://", "", "ftp://", "//"])
    hosts = st.sampled_from(["vllm", "v.example.com:8000", "10.0.0.1", "[fd00::1]:8000", ""])
    tails = st.lists(
        st.sampled_from(
            ["v1", "V1", "v3", "chat/completions", "models", "openai", "api", "v4", "x", ""]
        ),
        max_size=4,
    )
    ends = st.sampled_from(["", "", "/", "//", "?a=b", "#x"])
    built = st.builds(
        lambda scheme, host, path, end: "/".join([scheme + host, *path]) + end,
        schemes,
        hosts,
        tails,
        ends,
    )
    return st.none() | built
