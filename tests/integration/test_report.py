# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of real runs of all kinds, with everything that can go wrong."""

from __future__ import annotations

import gzip
import json
import pathlib
from typing import Any

import playbook
import pytest
import worlds
from conftest import Play, Start
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from sandbox import credentials

FILES = ["gitlab_duo.prom", "junit.xml", "report.html", "report.json", "report.md"]
ON = {
    "ANSIBLE_CALLBACKS_ENABLED": "gitlab_ops.duo.report,record",
    "DUO_REPORT_FORMATS": "html,json,markdown,junit,metrics",
    "DUO_REPORT_TITLE": "Our fleet",
}


def states(folder: pathlib.Path) -> dict[str, str]:
    """Return instance -> state of the report in a folder."""
    return {it["name"]: it["state"] for it in content(folder)["instances"]}


def content(folder: pathlib.Path) -> dict[str, Any]:
    """Return the JSON report of a run in a folder."""
    found: dict[str, Any] = json.loads((folder / "duo-report/report.json").read_text())
    return found


def cells(folder: pathlib.Path, name: str) -> dict[str, str]:
    """Return subject -> state of an instance."""
    (instance,) = [it for it in content(folder)["instances"] if it["name"] == name]
    always = ("gateway", "models", "beta_features", "features")
    return {subject: instance["cells"][subject]["state"] for subject in always}


@pytest.fixture
def fleet(start: Start) -> dict[str, dict[str, Any]]:
    """Return the inventory of a fleet: as declared, drifted, without rights, and dead."""
    same, drifted, expired, dead = start("18.9", "17.9", "18.9", "18.9")
    worlds.seed_as_declared(same)
    drifted.seed(**worlds.WORLDS["drifted"])
    hosts = worlds.hosts(
        {"same": same, "drifted": drifted, "expired": expired, "dead": dead},
        duo_self_hosted_ready_timeout=0,
        duo_self_hosted_connection={"retries": 0},
    )
    hosts["expired"]["duo_self_hosted_api_token"] = credentials.EXPIRED_TOKEN
    hosts["dead"]["duo_self_hosted_api_url"] = "http://127.0.0.1:9"
    return hosts


def no_secret(folder: pathlib.Path) -> None:
    """Check that none of what is secret is in any file."""
    secrets = [
        *worlds.KEYS.values(),
        "key-that-was-replaced-0003",
        credentials.ADMIN_TOKEN,
        credentials.ADMIN_PASSWORD,
        credentials.EXPIRED_TOKEN,
    ]
    for path in (folder / "duo-report").iterdir():
        text = path.read_text("utf-8")
        assert not [secret for secret in secrets if secret in text], path


def test_dry_run_and_real_run(
    play: Play, fleet: dict[str, dict[str, Any]], tmp_path: pathlib.Path
) -> None:
    """The report of a dry run predicts that of the real run, failures included."""
    dry = play(worlds.ROLE, fleet, "--check", "--diff", extra=ON)
    assert dry.returncode == 2
    assert dry.stray_warnings() == []
    assert dry.output.count("Report: ") == 1
    assert sorted(path.name for path in (tmp_path / "duo-report").iterdir()) == FILES
    for name in FILES:
        assert f"duo-report/{name}" in dry.output
    broken = {"dead": "unreachable", "expired": "failed"}
    assert states(tmp_path) == {**broken, "drifted": "would_change", "same": "in_sync"}
    assert set(cells(tmp_path, "same").values()) == {"in_sync"}
    assert set(cells(tmp_path, "drifted").values()) == {"would_change", "in_sync"}
    assert set(cells(tmp_path, "expired").values()) == {"not_tried"}
    assert set(cells(tmp_path, "dead").values()) == {"unreachable"}
    by_name = {it["name"]: it for it in content(tmp_path)["instances"]}
    assert by_name["expired"]["causes"][0]["code"] == "token-refused"
    assert by_name["drifted"]["version"].startswith("17.9")
    assert by_name["drifted"]["license"]["plan"] == "ultimate"
    gateway = by_name["drifted"]["cells"]["gateway"]["changes"]
    assert gateway[0]["values"][0] == {
        "name": "ai_gateway_url",
        "before": "http://10.9.8.7:5052",
        "after": worlds.URL,
    }
    assert "duo_chat" in by_name["drifted"]["cells"]["features"]["leaves"]
    assert content(tmp_path)["title"] == "Our fleet"
    assert content(tmp_path)["runs"][0]["check_mode"] is True
    no_secret(tmp_path)

    play(worlds.ROLE, fleet, extra=ON)
    assert states(tmp_path) == {**broken, "drifted": "changed", "same": "in_sync"}
    by_name = {it["name"]: it for it in content(tmp_path)["instances"]}
    cell = by_name["drifted"]["cells"]["gateway"]
    # Without --diff too.
    assert (cell["changes"], len(cell["steps"])) == (gateway, 1)
    assert "duo_chat" not in by_name["drifted"]["cells"]["features"]["leaves"]
    no_secret(tmp_path)

    again = play(worlds.ROLE, fleet, "--limit", "drifted,same", extra=ON).succeeded()
    assert states(tmp_path) == {"drifted": "in_sync", "same": "in_sync"}
    assert content(tmp_path)["summary"]["verdict"] == "in_sync"
    assert again.stray_warnings() == []


@pytest.mark.parametrize("door", ["action", "module"])
def test_free_strategy_and_both_doors(
    play: Play, fleet: dict[str, dict[str, Any]], tmp_path: pathlib.Path, door: str
) -> None:
    """Neither the strategy nor the door makes a difference."""
    through = {"environment": playbook.MODULE_DOOR} if door == "module" else {}
    role = playbook.one_play(roles=["gitlab_ops.duo.duo_self_hosted"], strategy="free", **through)
    run = play([role], fleet, "--check", "--diff", extra=ON)
    assert run.stray_warnings() == []
    assert states(tmp_path) == {
        "dead": "unreachable",
        "expired": "failed",
        "drifted": "would_change",
        "same": "in_sync",
    }
    no_secret(tmp_path)


def test_instances_that_a_run_never_came_to(
    play: Play, fleet: dict[str, dict[str, Any]], tmp_path: pathlib.Path
) -> None:
    """What stops the run, and what it never came to, is in the report."""
    ssh = tmp_path / "ssh"
    ssh.write_text("#!/bin/sh\nexit 255\n")
    ssh.chmod(0o755)
    fleet["dead"]["ansible_ssh_executable"] = str(ssh)
    fleet["drifted"]["broken"] = True
    gateway = {"ai_gateway_url": worlds.URL}
    tasks = [
        playbook.task("duo_gateway", gateway, when="inventory_hostname == 'same'"),
        {"name": "Ping", "ansible.builtin.ping": {}, "when": "ansible_ssh_executable is defined"},
        {
            "name": "Own check",
            "ansible.builtin.fail": {"msg": "canary"},
            "when": "broken is defined",
        },
    ]
    run = play(
        [playbook.one_play(*tasks, serial=3, max_fail_percentage=0)],
        {name: fleet[name] for name in ("same", "dead", "drifted", "expired")},
        extra=ON,
    )
    assert run.returncode != 0
    assert states(tmp_path) == {
        "dead": "unreachable",
        "drifted": "failed",
        "expired": "not_tried",
        "same": "in_sync",
    }
    causes = {it["name"]: it["causes"] for it in content(tmp_path)["instances"]}
    assert "The task Ping, which is not of this collection" in causes["dead"][0]["what"]
    assert "The task Own check, which is not" in causes["drifted"][0]["what"]
    # What tasks of others say may be secret.
    assert "canary" not in (tmp_path / "duo-report/report.json").read_text()


@pytest.mark.parametrize("mode", [["--check", "--diff"], ["--check"], []], ids=" ".join)
def test_models_that_went_are_not_shown(
    play: Play, start: Start, tmp_path: pathlib.Path, mode: list[str]
) -> None:
    """Neither as they were read last, nor as they would be."""
    (same,) = start("18.9")
    worlds.seed_as_declared(same)
    hosts = worlds.hosts({"same": same})
    sure = json.dumps({"duo_self_hosted_confirm_removal": True})
    play("gitlab_ops.duo.remove", hosts, *mode, "-e", sure, extra=ON).succeeded()
    assert cells(tmp_path, "same")["models"] == ("would_change" if mode else "changed")
    (instance,) = content(tmp_path)["instances"]
    assert instance["cells"]["models"]["shows"] == {}
    assert instance["cells"]["models"]["steps"]


def test_without_a_task_of_ours_nothing_is_written(play: Play, tmp_path: pathlib.Path) -> None:
    """A run of something else leaves no trace."""
    debug = {"name": "Hello", "ansible.builtin.debug": {"msg": "hello"}}
    run = play([playbook.one_play(debug)], {"here": {}}, extra=ON).succeeded()
    assert "Report" not in run.output
    assert not (tmp_path / "duo-report").exists()


@pytest.mark.parametrize("kind", ["folder", "format"])
def test_a_problem_of_the_report_is_one_warning(
    play: Play, start: Start, tmp_path: pathlib.Path, kind: str
) -> None:
    """The run goes on as if there were no report."""
    (instance,) = start("18.9")
    (tmp_path / "file").touch()
    wrong = {"folder": str(tmp_path / "file/below"), "format": "pdf"}
    option = {"folder": "DUO_REPORT_FOLDER", "format": "DUO_REPORT_FORMATS"}[kind]
    run = play(
        [playbook.one_play(playbook.task("duo_gateway", {"ai_gateway_url": worlds.URL}))],
        {"here": playbook.host(instance)},
        extra={**ON, option: wrong[kind]},
    ).succeeded()
    (warning,) = run.stray_warnings()
    assert "report" in warning
    assert instance.state()["gateway"]["ai_gateway_url"] == worlds.URL
    assert not (tmp_path / "duo-report").exists()


# --- without a callback ------------------------------------------------------------------------
AUDIT = "gitlab_ops.duo.audit"
FORMATS = {"duo_self_hosted_report_formats": ["html", "json", "markdown", "junit", "metrics"]}


@pytest.mark.parametrize(
    ("names", "status", "verdict"),
    [
        (["same"], 0, "in_sync"),
        (["same", "drifted"], 2, "drift"),
        (["same", "drifted", "expired", "dead"], 4, "errors"),
    ],
)
@pytest.mark.parametrize("mode", [[], ["--check"]], ids=["plain", "check"])
def test_audit(
    play: Play,
    fleet: dict[str, dict[str, Any]],
    tmp_path: pathlib.Path,
    names: list[str],
    status: int,
    verdict: str,
    mode: list[str],
) -> None:
    """An audit writes nothing, and its exit status says what it found."""
    hosts = {name: fleet[name] for name in names}
    run = play(AUDIT, hosts, *mode, "-e", json.dumps(FORMATS), extra={"PWD": str(tmp_path)})
    assert run.returncode == status, run.output
    assert not [request for name in names for request in run.requests(name) if request["write"]]
    expected = {"same": "in_sync", "drifted": "would_change"}
    expected |= {"expired": "failed", "dead": "unreachable"}
    assert states(tmp_path) == {name: expected[name] for name in names}
    assert content(tmp_path)["summary"]["verdict"] == verdict
    assert sorted(path.name for path in (tmp_path / "duo-report").iterdir()) == FILES
    if "drifted" in names:
        by_name = {it["name"]: it for it in content(tmp_path)["instances"]}
        assert by_name["drifted"]["cells"]["gateway"]["changes"]
    text = (tmp_path / "duo-report/gitlab_duo.prom").read_text("utf-8")
    figures = {family.name: family.samples for family in text_string_to_metric_families(text)}
    differ = {it.labels["gitlab"] for it in figures["gitlab_duo_differences"] if it.value}
    assert differ == {"drifted"} & set(names)
    # An audit asks for the end of the token, and GitLab tells it.
    ends = {it.labels["gitlab"] for it in figures["gitlab_duo_token_expiry_timestamp_seconds"]}
    assert ends == {"same", "drifted"} & set(names)
    no_secret(tmp_path)


def role(**keywords: Any) -> dict[str, Any]:
    """Return a task that takes in the role."""
    name = "gitlab_ops.duo.duo_self_hosted"
    return {"ansible.builtin.import_role": {"name": name, **keywords}}


# A second run of the role in the same playbook, and what the report then has to show of it.
AGAIN = {
    "nothing to do": ({}, "in_sync", "in_sync"),
    "refused": ({"duo_self_hosted_api_token": credentials.EXPIRED_TOKEN}, "not_tried", "failed"),
    "taken down": ({"duo_self_hosted_state": "absent"}, "changed", "changed"),
}


@pytest.mark.parametrize("second", AGAIN)
def test_a_second_run_is_told_without_the_first(
    play: Play, start: Start, tmp_path: pathlib.Path, second: str
) -> None:
    """What the first run of the role registered is not what the second one did."""
    (drifted,) = start("18.9")
    drifted.seed(**{**worlds.WORLDS["drifted"], "beta_acceptances": []})
    variables, models, instance = AGAIN[second]
    rescue = [{"name": "Go on", "ansible.builtin.debug": {"msg": "It failed."}}]
    again = playbook.one_play({"block": [role()], "rescue": rescue}, vars=variables)
    report = {**playbook.one_play(role(tasks_from="report")), "hosts": "localhost"}
    hosts = worlds.hosts({"site": drifted}, duo_self_hosted_models_exclusive=True)
    play([*worlds.ROLE, again, report], hosts, extra={"PWD": str(tmp_path)}).succeeded()
    assert states(tmp_path) == {"site": instance}
    told = cells(tmp_path, "site")
    assert told["models"] == models
    if second == "nothing to do":
        assert set(told.values()) == {"in_sync"}
    (site,) = content(tmp_path)["instances"]
    # Only the first run changed models, and deleted the one that nobody declares.
    steps = site["cells"]["models"]["steps"]
    assert [it for it in steps if "delete" not in it or "left-over" in it] == []
    assert bool(steps) == (second == "taken down")


def test_slices_are_merged(
    play: Play, fleet: dict[str, dict[str, Any]], tmp_path: pathlib.Path
) -> None:
    """The reports of two slices and of a second try make one."""
    names = [("same", "dead"), ("drifted",)]
    for number, part in enumerate(names):
        folder = {"DUO_REPORT_FOLDER": str(tmp_path / f"slices/{number}")}
        hosts = {name: fleet[name] for name in part}
        play(worlds.ROLE, hosts, "--check", extra={**ON, **folder})
    fleet["dead"]["duo_self_hosted_api_url"] = fleet["dead"]["duo"]["api_url"]
    folder = {"DUO_REPORT_FOLDER": str(tmp_path / "slices/again")}
    play(worlds.ROLE, {"dead": fleet["dead"]}, extra={**ON, **folder})
    wanted = {"duo_self_hosted_reports": [str(tmp_path / "slices/*/report.json")]}
    merge = "gitlab_ops.duo.merge_reports"
    play(merge, {}, "-e", json.dumps(wanted)).succeeded()
    assert states(tmp_path) == {"dead": "changed", "drifted": "would_change", "same": "in_sync"}
    by_name = {it["name"]: it for it in content(tmp_path)["instances"]}
    assert by_name["dead"]["replaces"][0].startswith("unreachable, ")
    assert len(content(tmp_path)["runs"]) == 3

    (tmp_path / "slices/report.json.gz").write_bytes(gzip.compress(b"{}"))
    for pattern, reason in (
        ("nothing/*.json", "there is no such file"),
        ("slices/*.gz", "it is not text"),
        ("slices/0", "Is a directory"),
    ):
        broken = {"duo_self_hosted_reports": [str(tmp_path / pattern)]}
        refused = play(merge, {}, "-e", json.dumps(broken))
        assert refused.returncode == 2
        assert f"is not a report of this collection ({reason})" in refused.output


@pytest.mark.parametrize(
    ("options", "status", "returncode"),
    [
        ({"fail_on": "errors"}, "failed", 0),
        ({"fail_on": "drift"}, "failed", 0),
        ({"fail_on": "errors", "errors_exit_with_4": True}, "unreachable", 4),
    ],
)
def test_errors_fail_the_task_and_nothing_else(
    play: Play, tmp_path: pathlib.Path, options: dict[str, Any], status: str, returncode: int
) -> None:
    """A play can rescue them, and its host stays in the run, unless status 4 is asked for."""
    failed = {"failed": True, "msg": "broken", "changed": False}
    report = {"folder": str(tmp_path / "out"), "registered": {"found": "duo_info"}, **options}
    tasks = {
        "block": [{"name": "Report", "gitlab_ops.duo.duo_report": report}],
        "rescue": [{"name": "Go on", "ansible.builtin.debug": {"msg": "rescued"}}],
    }
    run = play([playbook.one_play(tasks)], {"here": {"found": failed}})
    result = run.one("here", "Report")
    assert (run.returncode, result.status) == (returncode, status), run.output
    assert result.values["summary"]["verdict"] == "errors"
    assert bool(run.of("here", "Go on")) == (status == "failed")


def test_results_of_what_is_no_module_are_refused(play: Play, tmp_path: pathlib.Path) -> None:
    """Whatever the type of what stands in the place of the module's name."""
    wrong = {"folder": str(tmp_path), "registered": {"found": ["duo_info"]}}
    report = {"name": "Report", "gitlab_ops.duo.duo_report": wrong}
    refused = play([playbook.one_play(report)], {"here": {}})
    assert refused.returncode == 2
    assert (
        "found is listed as a result of duo_info, which the report does not cover" in refused.output
    )
