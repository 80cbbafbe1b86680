# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for every state of every release, whatever is asked for.

Check mode predicts the real run, and writes nothing. A second run finds nothing to do, except for
what GitLab does not show. No feature is ever without its model, and no secret is shown.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, given, note
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.subject import Subject
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import (
    beta_features,
    feature_model,
    gateway,
    self_hosted_model,
)
from ansible_collections.gitlab_ops.duo.tests.integration.torture.kinds import FULL
from ansible_collections.gitlab_ops.duo.tests.unit.core import strategies
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import Sandboxed
from sandbox import credentials
from sandbox.rules_models import is_ga

BOOKKEEPING = {"changed", "changes", "diff", "steps", "unseen", "warnings"}
Excuse = Callable[[Sandboxed, dict[str, Any], dict[str, Any]], bool]


def examples(number: int, *, full: int = 0) -> Any:
    """Return the settings of a property: the same examples in every run.

    ``full`` is how many there are when everything is tried.
    """
    return hypothesis_settings(
        max_examples=full if full and FULL else number,
        derandomize=True,
        database=None,
        deadline=None,
        # Making a failing example smaller takes minutes; all of it is printed as it is.
        phases=[Phase.generate],
        # The fixtures of all tests here only keep the surroundings out.
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


def prove(
    subject: Subject, here: Sandboxed, wish: dict[str, Any], excuse: Excuse = lambda *_: False
) -> None:
    """Hold a generated example, and print it if it fails."""
    note(f"{here.release} {here.stored()} {wish}")
    hold(subject, here, wish, excuse)


def hold(
    subject: Subject, here: Sandboxed, wish: dict[str, Any], excuse: Excuse = lambda *_: False
) -> None:
    """Run as check, real, real, check, and hold the runs to what they promise.

    ``excuse`` tells for a run that GitLab refused whether nobody could have known beforehand.
    """
    results: list[dict[str, Any]] = []
    before = here.stored()
    watch(here, forced=json.dumps(wish).count('"force": true') > 0)

    check = here.dry(subject, **wish)
    results.append(check)
    assert here.writes == []
    assert here.stored() == before

    real = here.run(subject, **wish)
    results.append(real)
    try:
        if "failed" in check:
            assert real == check
            assert here.stored() == before
            return
        if "failed" in real:
            assert excuse(here, wish, real), real["msg"]
            failure = real["failure"]
            told = [*failure["done"], *failure["not_done"], *failure["unknown"]]
            assert set(check["steps"]) <= set(told)
            return
        assert bookkept(real) == bookkept(check)
        assert shown(real) == shown({**check, "unseen": real["unseen"]})
        assert bool(here.writes) == real["changed"] == bool(real["steps"])

        after = here.stored()
        here.forget()
        here.wait(60)
        again = here.run(subject, **wish)
        results.append(again)
        assert len(again["steps"]) == len(again["unseen"])
        always = '"always"' in json.dumps(wish)
        assert all(about.startswith("feature ") or always for about in again["unseen"])
        assert bool(here.writes) == bool(again["unseen"])
        if not again["unseen"]:
            assert here.stored() == after
            assert again["diff"] == []
        assert shown(again) == shown(real)
    finally:
        text = json.dumps(results)
        assert not [it for it in (*strategies.SECRETS, credentials.ADMIN_TOKEN) if it in text]


def bookkept(result: dict[str, Any]) -> dict[str, Any]:
    """Return what a result says of its changes."""
    return {name: result[name] for name in BOOKKEEPING}


def shown(result: dict[str, Any]) -> dict[str, Any]:
    """Return what a result shows of GitLab; apart from ids, and from what GitLab does not show."""
    values = json.loads(json.dumps({k: v for k, v in result.items() if k not in BOOKKEEPING}))
    for model in [values.get("model"), *values.get("models", [])]:
        if model:
            del model["id"]
    if "features" in values:
        values["features"] = [
            it for it in values["features"] if f"feature {it['feature']}" not in result["unseen"]
        ]
    return dict(values)


def watch(here: Sandboxed, *, forced: bool) -> None:
    """Look at the features after each request: none may lose its model, or point at none."""
    known = {row.feature for row in here.instance.features}

    def look() -> None:
        ids = {model.id for model in here.instance.models}
        rows = {row.feature: row for row in here.instance.features}
        assert {row.model_id for row in rows.values() if row.provider == "self_hosted"} <= ids
        assert forced or known <= set(rows)
        known.update(rows)

    here.watch = look


# --- what nobody can know beforehand -------------------------------------------------------------
def hidden_name(here: Sandboxed, _wish: dict[str, Any], real: dict[str, Any]) -> bool:
    """Return whether a name is refused that belongs to a model of a beta family, beta being off."""
    hidden = {it.name for it in here.instance.models if not is_ga(here.instance, it)}
    about = real["failure"]["about"].removeprefix("self-hosted model ")
    return (
        real["failure"]["code"] == messages.MODEL_HIDDEN.code
        and not here.instance.beta_on
        and bool(hidden)
        and any(name in about for name in (*hidden, *strategies.NAMES, "new"))
    )


def gitlabs_own(here: Sandboxed, wish: dict[str, Any], real: dict[str, Any]) -> bool:
    """Return whether GitLab refused what only it knows: its models, its policy for agents."""
    asked = json.dumps(wish)
    about = real["failure"]["about"]
    # Where unassigned is not known yet, absent means vendored.
    vendored = any(f'"{it}"' in asked for it in ("vendored", "gitlab_model", "absent"))
    known = here.instance.catalog.providers
    if '"unassigned"' in asked and "unassigned" not in known and "invalid value" in real["msg"]:
        # From which release on it can be chosen, the sources leave open.
        return True
    if not here.instance.options.cloud_reachable:
        return vendored and "Failed to fetch model definitions" in real["msg"]
    if "glab_ask_git_command" in about and "is not included in the list" in real["msg"]:
        return vendored
    agents = "duo_agent_platform" in about and not here.instance.release.at_least(18, 9)
    return agents and not here.instance.beta_on


def others_accepted(here: Sandboxed, wish: dict[str, Any], real: dict[str, Any]) -> bool:
    """Return whether another administrator's acceptance keeps beta features on."""
    return (
        real["failure"]["code"] == messages.BETA_STAYS_ON.code
        and real["changed"] is True
        and not wish["enabled"]
        and here.instance.beta_on
    )


# --- the properties ------------------------------------------------------------------------------
@examples(40)
@given(strategies.instances(), strategies.gateways())
def test_gateway(here: Sandboxed, wish: dict[str, Any]) -> None:
    prove(gateway.SUBJECT, here, wish)


@examples(90)
@given(strategies.instances(), st.data())
def test_models(here: Sandboxed, data: st.DataObject) -> None:
    prove(self_hosted_model.SUBJECT, here, data.draw(strategies.models(here)), hidden_name)


@examples(90)
@given(strategies.instances(), st.data())
def test_features(here: Sandboxed, data: st.DataObject) -> None:
    prove(feature_model.SUBJECT, here, data.draw(strategies.settings(here)), gitlabs_own)


@examples(30)
@given(strategies.instances(), strategies.betas())
def test_beta_features(here: Sandboxed, wish: dict[str, Any]) -> None:
    prove(beta_features.SUBJECT, here, wish, others_accepted)


def test_what_only_its_model_showed_is_out_of_sight_afterwards() -> None:
    """17.9 does not list this feature; linked to no model, it is seen nowhere."""
    endpoint = "https://vllm.example.com/v1"
    here = Sandboxed(
        "17.9",
        models=[{"name": "a", "model": "claude_3", "endpoint": endpoint}],
        features={"duo_chat_write_tests": {"provider": "self_hosted", "model": "a"}},
    )
    wish = {"features": ["duo_chat_write_tests"], "provider": "disabled"}
    assert here.dry(feature_model.SUBJECT, **wish)["unseen"] == ["feature duo_chat_write_tests"]
    hold(feature_model.SUBJECT, here, wish)


def test_the_slash_of_a_url_goes_with_any_change() -> None:
    here = Sandboxed("18.9", gateway={"ai_gateway_url": "https://aigw.example.com/"})
    wish = {"ai_gateway_timeout_seconds": 90}
    predicted = here.dry(gateway.SUBJECT, **wish)["gateway"]["ai_gateway_url"]
    assert predicted == "https://aigw.example.com"
    hold(gateway.SUBJECT, here, wish)
