# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""From results to states, causes and the paths of data."""

from __future__ import annotations

from typing import Any

import fleet
import pytest
from fleet import RUN, TITLE, add, differs, failure, one, planned, seen

from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks import preflight
from ansible_collections.gitlab_ops.duo.plugins.plugin_utils._report import (
    Cell,
    Instance,
    Report,
    Seats,
)
from ansible_collections.gitlab_ops.duo.plugins.plugin_utils._report_collect import Collector
from ansible_collections.gitlab_ops.duo.plugins.plugin_utils._report_result import (
    errors,
    module_of,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import Sandboxed

SAME = {"changed": False}
CLOUD = [{"feature": "duo_chat", "provider": "vendored"}]
UNASSIGNED = [{"feature": "duo_chat", "provider": "unassigned"}]


def only(report: Report) -> Instance:
    """Return the only instance."""
    (instance,) = report.instances
    return instance


def states(report: Report) -> dict[str, str]:
    """Return subject -> state of the only instance, of those that are always shown."""
    cells = only(report).cells
    return {name: cells[name].state for name in ("gateway", "models", "beta_features", "features")}


def features(*results: tuple[str, dict[str, Any]], **more: Any) -> Cell:
    """Return the cell of the features."""
    return only(one(*results, **more)).cells["features"]


@pytest.mark.parametrize(("check_mode", "state"), [(True, "would_change"), (False, "changed")])
def test_a_change_is_one_of_the_run_or_of_the_dry_run(check_mode: bool, state: str) -> None:
    report = one(
        ("duo_preflight", seen()),
        ("duo_gateway", differs("gateway", "", "https://aigw.example.com")),
        ("duo_self_hosted_model", SAME),
        ("duo_feature_model", SAME),
        check_mode=check_mode,
    )
    assert states(report) == {
        "gateway": state,
        "models": "in_sync",
        # No task was about it, because the preflight saw it as declared.
        "beta_features": "in_sync",
        "features": "in_sync",
    }
    instance = only(report)
    assert instance.state == state
    assert (instance.url, instance.version) == ("https://gitlab.example.com", "18.9.2")
    assert instance.license["plan"] == "ultimate"
    (change,) = instance.cells["gateway"].changes
    (value,) = change.values
    assert change.about == "AI gateway"
    assert (value.name, value.before, value.after) == ("value", "", "https://aigw.example.com")


TASKS = ("duo_gateway", "duo_self_hosted_model", "duo_beta_features", "duo_feature_model")


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("others", [SAME, {"changed": False, "skipped": True}])
def test_a_plan_without_anything_to_do_tells_what_its_tasks_would_tell(
    check_mode: bool, others: dict[str, Any]
) -> None:
    tasks = [("duo_preflight", seen()), *((name, others) for name in TASKS)]
    alone = one(tasks[0], check_mode=check_mode)
    assert alone == one(*tasks, check_mode=check_mode)
    assert set(states(alone).values()) == {"in_sync"}
    assert alone.summary().verdict == "in_sync"
    assert only(alone).cells["models"].shows == {
        "codestral": "codestral · https://vllm.example.com/v1 · custom_openai/codestral"
    }


@pytest.mark.parametrize(
    ("step", "subject"),
    [
        ("gateway", "gateway"),
        ("beta_features_on", "beta_features"),
        ("models", "models"),
        ("features", "features"),
        ("clean_up", "models"),
        ("beta_features_off", "beta_features"),
    ],
)
def test_a_step_that_was_planned_and_never_came_was_not_tried(step: str, subject: str) -> None:
    found = states(one(("duo_preflight", seen(plan=planned(step)))))
    assert found.pop(subject) == "not_tried"
    assert set(found.values()) == {"in_sync"}


def test_after_a_failure_only_what_was_still_to_do_was_not_tried() -> None:
    tasks = (
        ("duo_preflight", seen(plan=planned("models", "clean_up", "beta_features_off"))),
        ("duo_self_hosted_model", failure("refused", "No.")),
    )
    assert states(one(*tasks)) == {
        "gateway": "in_sync",
        "models": "failed",
        "beta_features": "not_tried",
        "features": "in_sync",
    }


def test_seats_are_a_cell_of_their_own() -> None:
    """A plan that was not carried out, and one that was."""
    declared = {"declared": {"seats": True}}
    waiting = one(("duo_preflight", seen(plan=planned("seats"), **declared)))
    assert only(waiting).cells["seats"].state == "not_tried"
    change = {"subject": "seat", "name": "alice", "field": "add_on"}
    given = {"changed": True, "changes": [{**change, "before": None, "after": "duo_enterprise"}]}
    (told,) = (
        only(one(("duo_preflight", seen(**declared)), ("duo_seats", given))).cells["seats"].changes
    )
    assert told.about == "seat of alice"


def test_what_changed_after_the_preflight_is_told() -> None:
    """Another administrator changed it, and the task changed it back."""
    tasks = (("duo_preflight", seen()), ("duo_gateway", differs("gateway", 1, 2)))
    assert states(one(*tasks, check_mode=False))["gateway"] == "changed"


def test_what_the_preflight_itself_returns_is_read() -> None:
    here = Sandboxed("18.9")
    declared = {
        "gateway": {"ai_gateway_timeout_seconds": 60},
        "models_exclusive": True,
        "beta_features": False,
        "settings": [{"features": ["duo_chat"], "provider": "disabled"}],
    }
    found = here.run(preflight.SUBJECT, **declared)
    assert found["plan"]["steps"]["features"]["to_do"]
    assert states(one(("duo_preflight", found))) == {
        "gateway": "in_sync",
        "models": "in_sync",
        "beta_features": "in_sync",
        "features": "not_tried",
    }


@pytest.mark.parametrize("plan", [None, {}, {"steps": "?"}, {"steps": {"gateway": "?"}}])
def test_without_a_plan_that_can_be_read_nothing_counts_as_in_sync(plan: Any) -> None:
    found = states(one(("duo_preflight", seen(plan=plan))))
    assert set(found.values()) == {"not_tried"}


def test_checks_are_told_apart_by_what_they_are_about() -> None:
    checks = [
        {
            "name": "host_probe",
            "subject": "host a.example.com",
            "success": True,
            "message": "Well.",
        },
        {"name": "host_probe", "subject": "host b.example.com", "success": False, "message": "No."},
    ]
    said = {**failure("health-finding", "One check failed."), "checks": checks}
    cell = only(one(("duo_health", said))).cells["health"]
    assert (cell.state, [it.code for it in cell.causes]) == ("failed", ["health-finding"])
    assert cell.shows == {
        "host_probe host a.example.com": "passed Well.",
        "host_probe host b.example.com": "failed No.",
    }


def test_checks_of_one_name_and_subject_stay_several() -> None:
    one_check = {"name": "moon_probe", "subject": "moon_probe of GitLab", "success": False}
    checks = [
        {**one_check, "message": "Too close.", "concerns": False},
        {**one_check, "message": "Too far.", "concerns": True},
    ]
    cell = only(one(("duo_health", {**SAME, "checks": checks}))).cells["health"]
    assert cell.shows == {
        "moon_probe moon_probe of GitLab": "failed, does not count: Too close.",
        "moon_probe moon_probe of GitLab (2)": "failed Too far.",
    }


def test_features_stand_together_each_with_its_provider_and_model() -> None:
    def entry(feature: str, field: str, before: Any, after: Any) -> dict[str, Any]:
        names = {"subject": "feature_model", "name": feature, "field": field}
        return {**names, "before": before, "after": after}

    changes = [
        entry("duo_chat", "provider", "vendored", "self_hosted"),
        entry("duo_chat", "model", None, "m"),
        entry("code_completions", "provider", "(not shown)", "self_hosted"),
        entry("code_completions", "model", "(not shown)", "m"),
    ]
    (change,) = features(("duo_feature_model", {"changed": True, "changes": changes})).changes
    assert change.about == "feature settings"
    assert [(it.name, it.before, it.after) for it in change.values] == [
        ("duo_chat", "vendored", "self_hosted m"),
        ("code_completions", "(not shown)", "self_hosted m"),
    ]


def test_the_write_of_a_preflight_is_in_the_cell_of_the_gateway() -> None:
    result = seen(**differs("outbound_allowlist", [], ["aigw.example.com"]))
    cell = only(one(("duo_preflight", result))).cells["gateway"]
    assert (cell.state, [it.about for it in cell.changes]) == (
        "would_change",
        ["outbound allowlist"],
    )


def test_what_is_not_declared_is_not_managed() -> None:
    declared = {"gateway": False, "models": False, "beta_features": None, "features": False}
    report = one(("duo_preflight", seen(declared=declared)))
    assert set(states(report).values()) == {"unmanaged"}
    assert only(report).state == "unmanaged"


def test_beta_features_that_are_declared_as_off_are_managed() -> None:
    declared = {"gateway": True, "models": False, "beta_features": False, "features": False}
    assert states(one(("duo_preflight", seen(declared=declared)))) == {
        "gateway": "in_sync",
        "models": "unmanaged",
        "beta_features": "in_sync",
        "features": "unmanaged",
    }


def test_what_comes_after_a_failure_was_not_tried() -> None:
    broken = failure("refused", "No.", "self-hosted model m", done=["create a"], not_done=["b"])
    plan = planned("models", "beta_features_on", "features")
    report = one(
        ("duo_preflight", seen(plan=plan)), ("duo_gateway", SAME), ("duo_self_hosted_model", broken)
    )
    assert states(report) == {
        "gateway": "in_sync",
        "models": "failed",
        "beta_features": "not_tried",
        "features": "not_tried",
    }
    (cause,) = only(report).cells["models"].causes
    assert (cause.about, cause.what, cause.next_step) == ("self-hosted model m", "No.", "Mend it.")
    assert (cause.done, cause.not_done) == (["create a"], ["b"])
    assert report.summary().verdict == "errors"


@pytest.mark.parametrize(
    "code",
    [
        *("unreachable", "timed-out", "tls-failed", "try-later"),
        *("proxy-unreachable", "proxy-broke", "proxy-refused"),
    ],
)
def test_an_instance_without_answer_is_unreachable(code: str) -> None:
    report = one(("duo_preflight", failure(code, "No answer.")))
    assert set(states(report).values()) == {"unreachable"}
    assert only(report).state == "unreachable"


def test_findings_go_to_their_subjects() -> None:
    result = {
        **failure("preflight-findings", "Cannot continue for 2 reasons."),
        "findings": [
            {
                "severity": "error",
                "subject": "s",
                "kind": "feature_model",
                "what": "A.",
                "action": "B.",
            },
            {"severity": "error", "subject": "token", "what": "C.", "action": "D."},
            {"severity": "warning", "subject": "instance", "what": "E.", "action": "F."},
        ],
        "warnings": ["E. F.", "GitLab 99 is newer."],
    }
    instance = only(one(("duo_preflight", result)))
    assert [it.what for it in instance.cells["features"].causes] == ["A."]
    assert [it.what for it in instance.causes] == ["C."]
    # The warning of a finding is the finding itself.
    assert [it.what for it in instance.findings] == ["GitLab 99 is newer.", "E."]
    assert instance.cells["gateway"].state == "not_tried"


@pytest.mark.parametrize(
    ("kind", "cell"),
    [
        ("gateway", "gateway"),
        ("outbound_allowlist", "gateway"),
        ("self_hosted_model", "models"),
        ("feature_model", "features"),
        ("beta_features", "beta_features"),
        ("subscription", "subscription"),
        ("", None),
        ("something new", None),
    ],
)
def test_errors_belong_to_subjects(kind: str, cell: str | None) -> None:
    finding = {"severity": "error", "subject": "AI gateway", "kind": kind, "what": "A."}
    assert [subject for subject, _cause in errors({"findings": [finding]})] == [cell]


def test_a_result_without_our_fields_is_told_all_the_same() -> None:
    instance = only(one(("duo_gateway", {"failed": True, "msg": "Unsupported parameters"})))
    assert instance.cells["gateway"].causes[0].what == "Unsupported parameters"
    hidden = only(one(("duo_gateway", {"failed": True, "censored": "x"})))
    assert hidden.cells["gateway"].causes[0].what == "Its result is hidden (no_log)."


def test_what_a_verification_finds_is_told() -> None:
    result = {
        **differs("feature_model", 1, 2, "duo_chat"),
        "failed": True,
        "failed_when_result": True,
    }
    (cause,) = features(("duo_feature_model", result), check_mode=False).causes
    assert cause.not_done == ["change feature duo_chat"]


def test_nothing_but_known_fields_gets_in() -> None:
    secret = "canary-7f3a"
    result = {
        **differs("gateway", "", "x"),
        "invocation": {"module_args": {"api_token": secret}},
        "ansible_facts": {"x": secret},
        "stdout": secret,
        "exception": secret,
    }
    assert secret not in repr(one(("duo_gateway", result)))
    assert secret not in repr(one(("duo_gateway", {**result, "failed": True, "msg": "no"})))


def test_items_of_a_loop_count_each() -> None:
    items = [
        SAME,
        differs("self_hosted_model", 1, 2, "a"),
        failure("refused", "No."),
        {"skipped": True},
        "what no module returns",
    ]
    result = {"results": items, "failed": True, "msg": "One or more items failed"}
    cell = only(one(("duo_self_hosted_model", result))).cells["models"]
    assert cell.state == "failed"
    assert [it.what for it in cell.causes] == ["No."]
    assert [it.about for it in cell.changes] == ["self-hosted model a"]


def test_a_task_that_nobody_waits_for_says_nothing() -> None:
    report = one(("duo_gateway", {"ansible_job_id": "j1", "started": 1, "finished": 0}))
    assert report.instances == []


def test_instances_of_which_nothing_was_heard() -> None:
    collector = Collector()
    collector.expect(["site", "later", "gone"])
    collector.lost("gone", "Ping", unreachable=True)
    collector.lost("stranger", "Ping", unreachable=True)
    add(collector, "site", "duo_gateway", SAME)
    report = collector.report(TITLE, RUN)
    assert {it.name: it.state for it in report.instances} == {
        "gone": "unreachable",
        "later": "not_tried",
        "site": "in_sync",
    }
    assert [it.name for it in report.instances] == ["gone", "later", "site"]


def test_without_a_task_of_ours_there_is_no_instance() -> None:
    collector = Collector()
    collector.expect(["site"])
    collector.lost("site", "Ping", unreachable=False)
    assert collector.report(TITLE, RUN).instances == []


# --- seats and tokens --------------------------------------------------------------------------
def test_seats_and_the_end_of_the_token_are_told_as_they_were_read_last() -> None:
    enterprise = {"add_on": "duo_enterprise", "purchased": 20, "assigned": 12}
    strange = {"add_on": "duo_pro", "purchased": None, "assigned": "3"}
    read = seen(seats=[enterprise, strange], token={"expires_at": "2027-01-31"})
    later = seen(token={"expires_at": None})
    instance = only(one(("duo_preflight", read), ("duo_info", later)))
    assert instance.seats == [Seats("duo_enterprise", 20, 12)]
    assert instance.token_expires_at == "2027-01-31"


# --- the paths of data -------------------------------------------------------------------------
def test_in_a_dry_run_data_leaves_until_the_declaration_is_carried_out() -> None:
    wanted = {"features": [{"feature": "duo_chat", "provider": "self_hosted", "model": "m"}]}
    tasks = (
        ("duo_preflight", seen(features=CLOUD)),
        ("duo_feature_model", differs("feature_model", 1, 2, **wanted)),
    )
    assert features(*tasks).leaves == ["duo_chat"]
    assert features(*tasks, check_mode=False).leaves == []


def test_a_declaration_that_opens_a_path_is_told_before() -> None:
    tasks = (
        ("duo_preflight", seen()),
        ("duo_feature_model", differs("feature_model", 1, 2, features=CLOUD)),
    )
    dry, real = features(*tasks), features(*tasks, check_mode=False)
    assert (dry.leaves, dry.would_leave) == ([], ["duo_chat"])
    assert (real.leaves, real.would_leave) == (["duo_chat"], [])


def test_unassigned_goes_to_the_gateway_if_there_is_one() -> None:
    assert features(("duo_info", seen(features=UNASSIGNED))).leaves == []
    bare = seen(features=UNASSIGNED, gateway={"ai_gateway_url": ""})
    assert features(("duo_info", bare)).leaves == ["duo_chat"]
    # Clearing the URL opens it.
    cleared = differs("gateway", "x", "", gateway={"ai_gateway_url": ""})
    cell = features(("duo_info", seen(features=UNASSIGNED)), ("duo_gateway", cleared))
    assert (cell.leaves, cell.would_leave) == ([], ["duo_chat"])


def test_where_requests_go_is_told_as_it_would_be() -> None:
    result = {"features": [{"feature": "duo_chat", "provider": "disabled"}], "changed": True}
    tasks = (("duo_preflight", seen(features=UNASSIGNED)), ("duo_feature_model", result))
    before = features(tasks[0]).goes
    assert before == {"duo_chat": "to the gateway, without a model: fails"}
    assert features(*tasks).goes == {"duo_chat": "nowhere (disabled)"}
    # Of a gateway that nothing has told of, nothing is concluded.
    assert features(tasks[1]).goes == {}


def test_what_two_tasks_say_is_told_once() -> None:
    finding = {"severity": "warning", "subject": "models", "what": "Look.", "action": "Do."}
    preflight = seen(findings=[finding], warnings=["Look. Do."])
    report = one(
        ("duo_preflight", preflight),
        ("duo_self_hosted_model", {"changed": False, "warnings": ["Look. Do.", "Other."]}),
    )
    assert [it.what for it in only(report).findings] == ["Look."]
    assert only(report).cells["models"].warnings == ["Other."]


@pytest.mark.parametrize(
    ("now", "later", "words"),
    [
        ([], [], ""),
        (["a"], [], "1 feature leaves the site"),
        (["a", "b"], [], "2 features leave the site"),
        ([], ["a"], "1 feature would leave the site"),
        ([], ["a", "b"], "2 features would leave the site"),
        (["a"], ["b", "c"], "1 feature leaves the site, 2 more would"),
    ],
)
def test_features_that_leave_are_counted(now: list[str], later: list[str], words: str) -> None:
    assert Cell(leaves=now, would_leave=later).leaving == words


def test_with_an_offline_licence_nothing_leaves() -> None:
    offline = {"plan": "ultimate", "type": "offline_cloud"}
    assert features(("duo_info", seen(features=CLOUD, license=offline))).leaves == []


# --- summary and names -------------------------------------------------------------------------
def test_summary_counts_every_instance_once() -> None:
    summary = fleet.many(60).summary()
    assert sum(summary.states.values()) == summary.instances == 61
    assert summary.sentence.startswith("61 instances: 8 failed, 3 unreachable, ")
    # Each of these has one feature on its way out.
    assert (summary.leaves, summary.leaving) == (12, 12)
    assert summary.sentence.endswith("Data leaves the site on 12 (12 features).")
    assert summary.verdict == "errors"


@pytest.mark.parametrize(
    ("result", "check_mode", "verdict"),
    [
        (SAME, True, "in_sync"),
        (differs("gateway", 1, 2), True, "drift"),
        (differs("gateway", 1, 2), False, "changed"),
        (failure("refused", "No."), True, "errors"),
    ],
)
def test_verdict(result: dict[str, Any], check_mode: bool, verdict: str) -> None:
    report = one(("duo_gateway", result), check_mode=check_mode)
    assert report.summary().verdict == verdict


def test_modules_of_others_are_none_of_ours() -> None:
    assert module_of("gitlab_ops.duo.duo_gateway") == "duo_gateway"
    for action in ("duo_gateway", "other.duo.duo_gateway", "gitlab_ops.duo.duo_report", "debug"):
        assert module_of(action) is None
