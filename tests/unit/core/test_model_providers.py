# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Endpoint and provider of a model by release: one run ends as declared, as its dry run said."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import (
    self_hosted_model as subject,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import Sandboxed

PLACEHOLDER = "http://bedrockselfhostedmodel.com"
ENDPOINT = "https://m.example.com/v1"
ARN = "arn:aws:bedrock:eu-west-1:111122223333:application-inference-profile/abc"
MODEL = {"name": "m", "model_family": "claude_3"}


def model(**more: Any) -> dict[str, Any]:
    """Return a declared model without what is None."""
    return {key: value for key, value in {**MODEL, **more}.items() if value is not None}


def carried_out(here: Sandboxed, wanted: dict[str, Any]) -> dict[str, Any]:
    """Return what GitLab has after a dry run and a real run that agree, and one that is quiet."""
    planned = here.dry(subject.SUBJECT, **wanted)
    assert not planned.get("failed"), planned
    assert planned["changed"]
    done = here.run(subject.SUBJECT, **wanted)
    assert not done.get("failed"), done
    assert done["steps"] == planned["steps"]
    predicted = {**planned["model"], "id": None}
    assert {**done["model"], "id": None} == predicted
    again = here.run(subject.SUBJECT, **wanted)
    assert not again["changed"]
    (stored,) = here.instance.models
    return {"endpoint": stored.endpoint, "provider": (stored.provider or "").upper()}


@pytest.mark.parametrize(
    ("release", "wanted", "endpoint", "provider"),
    [
        ("18.11", {"identifier": "bedrock/x"}, PLACEHOLDER, "BEDROCK"),
        ("18.11", {"identifier": "bedrock/x", "endpoint": ENDPOINT}, ENDPOINT, "BEDROCK"),
        ("18.11", {"identifier": "vertex_ai/x", "endpoint": ENDPOINT}, ENDPOINT, "VERTEX_AI"),
        ("18.11", {"deployment_method": "other", "endpoint": ENDPOINT}, ENDPOINT, "API"),
        # GitLab sets another provider when it creates these: an update follows in the same run.
        (
            "18.11",
            {"deployment_method": "other", "identifier": "bedrock/x", "endpoint": ENDPOINT},
            ENDPOINT,
            "API",
        ),
        (
            "18.11",
            {"deployment_method": "other", "identifier": "vertex_ai/x", "endpoint": ENDPOINT},
            ENDPOINT,
            "API",
        ),
        ("18.11", {"deployment_method": "bedrock", "identifier": ARN}, PLACEHOLDER, "BEDROCK"),
        ("19.0", {"identifier": "bedrock/x"}, None, "BEDROCK"),
        ("19.0", {"identifier": "vertex_ai/x"}, None, "VERTEX_AI"),
        ("19.4", {"identifier": "bedrock/x", "endpoint": ""}, None, "BEDROCK"),
        ("19.4", {"deployment_method": "bedrock", "identifier": ARN}, None, "BEDROCK"),
        (
            "19.4",
            {"identifier": "bedrock_mantle/openai.gpt-oss-120b", "endpoint": ENDPOINT},
            ENDPOINT,
            "API",
        ),
        (
            "19.4",
            {"deployment_method": "other", "identifier": "bedrock/x", "endpoint": ENDPOINT},
            ENDPOINT,
            "API",
        ),
    ],
)
def test_one_run_creates_a_model_as_it_is_declared(release, wanted, endpoint, provider) -> None:
    made = carried_out(Sandboxed(release), model(**wanted))
    assert made == {"endpoint": endpoint, "provider": provider}


def test_many_models_of_which_some_need_an_update_after_they_are_created() -> None:
    here = Sandboxed("18.11")
    methods = ["bedrock", "other", "bedrock", "other"]
    models = [
        {
            "name": f"m{number}",
            "model_family": "claude_3",
            "deployment_method": method,
            "identifier": f"bedrock/{number}",
            "endpoint": ENDPOINT,
        }
        for number, method in enumerate(methods)
    ]
    done = here.run(subject.SUBJECT, models=models)
    assert not done.get("failed"), done
    assert done["steps"] == [f"create self-hosted model m{number}" for number in range(4)]
    providers = {one.name: one.provider for one in here.instance.models}
    assert providers == {"m0": "bedrock", "m1": "api", "m2": "bedrock", "m3": "api"}
    assert not here.run(subject.SUBJECT, models=models)["changed"]


@pytest.mark.parametrize("lost", ["drop_before", "drop_after"])
def test_a_request_that_is_lost_on_the_way_changes_nothing_of_that(
    lost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    here = Sandboxed("18.11")
    here.faults({"kind": lost, "match": {"field": "aiSelfHostedModelCreate"}})
    wanted = model(deployment_method="other", identifier="bedrock/x", endpoint=ENDPOINT)
    done = here.run(subject.SUBJECT, **wanted)
    assert not done.get("failed"), done
    assert [one.provider for one in here.instance.models] == ["api"]


STORED = {"name": "m", "model": "claude_3", "endpoint": ENDPOINT, "identifier": "custom_openai/x"}
CLOUD = {**STORED, "identifier": "bedrock/x", "provider": "bedrock", "endpoint": ""}


@pytest.mark.parametrize(
    ("release", "stored", "wanted", "endpoint", "provider"),
    [
        # The old endpoint stays unless it is cleared.
        ("19.4", STORED, {"identifier": "bedrock/x"}, ENDPOINT, "BEDROCK"),
        ("19.4", STORED, {"identifier": "bedrock/x", "endpoint": ""}, None, "BEDROCK"),
        ("18.11", STORED, {"identifier": "bedrock/x"}, ENDPOINT, "BEDROCK"),
        ("18.11", STORED, {"identifier": "bedrock/x", "endpoint": ""}, PLACEHOLDER, "BEDROCK"),
        ("19.4", CLOUD, {"identifier": "azure/x", "endpoint": ENDPOINT}, ENDPOINT, "API"),
        (
            "19.4",
            {**CLOUD, "endpoint": PLACEHOLDER},
            {"deployment_method": "bedrock", "endpoint": ""},
            None,
            "BEDROCK",
        ),
    ],
)
def test_one_run_changes_a_model_as_it_is_declared(
    release, stored, wanted, endpoint, provider
) -> None:
    made = carried_out(Sandboxed(release, models=[stored]), {"name": "m", **wanted})
    assert made == {"endpoint": endpoint, "provider": provider}


@pytest.mark.parametrize(
    ("release", "stored", "wanted", "said"),
    [
        ("18.11", None, model(identifier="vertex_ai/x"), "creating it needs endpoint"),
        ("18.11", None, model(identifier="vertex_ai/x", endpoint=""), "needs endpoint"),
        ("18.11", STORED, {"identifier": "vertex_ai/x", "endpoint": ""}, "endpoint: is required"),
        ("19.4", CLOUD, {"identifier": "azure/x"}, "endpoint: is required for azure"),
        ("19.4", {**CLOUD, "endpoint": "ftp://x"}, {"identifier": "azure/x"}, "is required for"),
        ("19.4", STORED, {"endpoint": ""}, "endpoint: cannot be cleared"),
    ],
)
def test_the_dry_run_refuses_what_gitlab_would(release, stored, wanted, said: str) -> None:
    here = Sandboxed(release, models=[stored] if stored else [])
    for check in (True, False):
        result = here.run(subject.SUBJECT, check=check, **{"name": "m", **wanted})
        assert result["failed"]
        assert said in result["msg"]
    assert here.writes == []
