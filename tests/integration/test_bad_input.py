# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A user's mistakes: the message names option, rule and correction; through both doors."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import sys
import venv
from typing import Any

import playbook
import pytest
import worlds
from cases import Outcome
from conftest import Play, Start
from sandbox_client import Instance

from sandbox import credentials

DOORS = ("action", "module")
KEY = "key-that-nobody-may-see"
FIXED = {"name": "codestral", "model_family": "codestral", "endpoint": "https://c.example.com/v1"}
CODESTRAL = {"name": "codestral", "model": "codestral", "endpoint": "https://c.example.com/v1"}
GEMMA = {"name": "gemma", "model": "codegemma", "endpoint": "https://g.example.com/v1"}

# What is refused before anything is sent: module, options, and what the message says, which begins
# with the option and names the rule.
UNSENT: list[tuple[str, dict[str, Any], str]] = [
    (
        "duo_self_hosted_model",
        {**FIXED, "identifier": "mistral-7b"},
        "identifier: starts with none of custom_openai/, bedrock/, azure/",
    ),
    (
        "duo_self_hosted_model",
        {**FIXED, "deployment_method": "vllm", "identifier": "mistral-7b"},
        "identifier: must start with custom_openai/ for vllm: custom_openai/mistral-7b",
    ),
    (
        "duo_self_hosted_model",
        {**FIXED, "deployment_method": "bedrock", "identifier": "anthropic.claude"},
        "identifier: must start with bedrock/ for bedrock: bedrock/anthropic.claude",
    ),
    (
        "duo_self_hosted_model",
        {
            **FIXED,
            "endpoint": "https://c.example.com",
            "identifier": "custom_openai/codestral",
        },
        "endpoint: must end in /v1 for vLLM: https://c.example.com/v1",
    ),
    (
        "duo_self_hosted_model",
        {"models": [FIXED, {**FIXED, "name": "b", "endpoint": "ftp://c.example.com"}]},
        "models[1].endpoint: must start with http:// or https://",
    ),
    (
        "duo_self_hosted_model",
        {**FIXED, "deployment_method": "vlm"},
        "deployment_method: 'vlm' is not a deployment method; accepted: vllm, ",
    ),
    (
        "duo_gateway",
        {"duo_agent_platform_service_url": "https://aigw.example.com:50052"},
        "duo_agent_platform_service_url: must be host:port without a scheme",
    ),
    (
        "duo_gateway",
        {"ai_gateway_url": "grpc://aigw.example.com"},
        "ai_gateway_url: must start with http:// or https://",
    ),
    (
        "duo_gateway",
        {"ai_gateway_timeout_seconds": 30},
        "ai_gateway_timeout_seconds: ",
    ),
    (
        "duo_feature_model",
        {"features": ["duo_chat"], "provider": "self-hosted"},
        "provider: 'self-hosted' is not a provider; accepted: self_hosted, ",
    ),
    (
        "duo_feature_model",
        {"features": ["duo_chat"], "provider": "self_hosted"},
        "model: is required for provider self_hosted",
    ),
    (
        "duo_feature_model",
        {"features": ["duo_chat"], "provider": "disabled", "model": "codestral"},
        "model: cannot be combined with provider disabled",
    ),
    (
        "duo_self_hosted_model",
        {"models": [FIXED, {**FIXED, "name": "b", "api_key": f"{KEY}\n"}]},
        "models[1].api_key: ends with a line break",
    ),
    ("duo_info", {"password": f"{KEY}\u200b"}, "password: ends with a zero width space (U+200B)"),
    ("duo_info", {"api_url": "https://gitlab.com"}, "api_url: GitLab.com is not self-managed"),
    (
        "duo_info",
        {"api_url": "https://gitlab.example.com/api/v4"},
        "api_url: must be the base URL of GitLab, without /api",
    ),
]

# What only this instance can judge: in check mode already, and without a write.
JUDGED: list[tuple[str, dict[str, Any], str, str]] = [
    (
        "duo_feature_model",
        {"features": ["code_completion"], "model": "codestral"},
        "unknown-name",
        "features: GitLab 18.9.2 has no feature code_completion. Accepted here: code_completions, ",
    ),
    (
        "duo_self_hosted_model",
        {**FIXED, "name": "new", "model_family": "mistrall"},
        "unknown-name",
        "model_family: GitLab 18.9.2 has no model family mistrall. Accepted here: mistral, ",
    ),
    (
        "duo_feature_model",
        {"features": ["duo_chat"], "model": "codestra"},
        "no-such-model",
        "There is no self-hosted model named codestra. Models of this instance: codestral",
    ),
    (
        "duo_feature_model",
        {"features": ["duo_chat"], "model": "gemma"},
        "incompatible",
        "The family codegemma of model gemma does not fit this feature. Families that fit: ",
    ),
    (
        "duo_self_hosted_model",
        {"name": "codestral", "state": "absent"},
        "model-in-use",
        "It is used by code_completions, code_generations",
    ),
    (
        "duo_self_hosted_model",
        {"name": "new", "model_family": "mistral"},
        "model-incomplete",
        "creating it needs endpoint",
    ),
    (
        "duo_self_hosted_model",
        {**FIXED, "name": "new", "deployment_method": "vertex_ai", "identifier": "vertex_ai/x"},
        "not-offered",
        "deployment_method vertex_ai needs GitLab 18.11 or later; this is 18.9.2",
    ),
    (
        "duo_gateway",
        {"duo_agent_platform_service_secure": True},
        "not-offered",
        "duo_agent_platform_service_secure needs GitLab 18.10 or later; this is 18.9.2",
    ),
    (
        "duo_gateway",
        {"ai_gateway_url": "https://unresolvable.example.com"},
        "refused",
        "Host cannot be resolved or invalid",
    ),
    (
        "duo_beta_features",
        {"enabled": False},
        "beta-needs-sign-in",
        "Set the username and password of an administrator",
    ),
]
SEED = {
    "models": [CODESTRAL, GEMMA],
    "beta_acceptances": ["root"],
    "features": {
        name: {"provider": "self_hosted", "model": "codestral"}
        for name in ("code_completions", "code_generations")
    },
}

# Who may not: the words that say which of token, role, licence and add-on is missing.
DENIED: list[tuple[str, dict[str, Any], str, str]] = [
    (
        "18.9",
        {"api_token": credentials.EXPIRED_TOKEN},
        "token-refused",
        "unknown, expired, revoked, or lacks the scope api",
    ),
    (
        "18.9",
        {"api_token": credentials.READONLY_TOKEN},
        "token-scope",
        "The token has the scopes read_api; changes need the scope api",
    ),
    ("18.9", {"api_token": credentials.USER_TOKEN}, "not-administrator", "not an administrator"),
    ("18.9", {"license": None}, "no-license", "no active licence"),
    (
        "17.9",
        {"license": {"plan": "premium"}},
        "plan-too-low",
        "The premium plan does not include self-hosted models in GitLab 17.9.2. It needs Ultimate",
    ),
    (
        "17.9",
        {"add_ons": []},
        "no-add-on",
        "no active GitLab Duo Enterprise add-on (active: none)",
    ),
    ("18.9", {"options": {"enterprise": False}}, "community-edition", "Community Edition"),
]


def _cases() -> list[Any]:
    """Return every case as a parameter with its mark, through each door."""
    made = []
    for door in DOORS:
        for number, (module, args, said) in enumerate(UNSENT):
            if door == "module" and number % 4:
                continue  # four of them tell that it goes the same way
            made.append(_case(f"unsent-{number}", door, "invalid-option", said, (module, args)))
        for number, (module, args, code, said) in enumerate(JUDGED):
            # GitLab itself refuses what only it can know, so that a dry run cannot.
            check = code != "refused"
            made.append(_case(f"{code}-{number}", door, code, said, (module, args), SEED, check))
        for release, problem, code, said in DENIED:
            token = {name: it for name, it in problem.items() if name == "api_token"}
            seed = {name: it for name, it in problem.items() if name != "api_token"}
            task = ("duo_gateway", {"ai_gateway_url": "https://aigw.example.com", **token})
            made.append(_case(code, door, code, said, task, seed, release=release))
    return made


def _case(
    name: str,
    door: str,
    code: str,
    said: str,
    task: Any,
    seed: Any = None,
    check: bool = False,
    release: str = "18.9",
) -> Any:
    mark = pytest.mark.case(task, door=door, seed=seed or {}, check=check, release=release)
    return pytest.param(code, said, marks=mark, id=f"{door}-{name}")


@pytest.mark.parametrize(("code", "said"), _cases())
def test_refused(outcome: Outcome, code: str, said: str) -> None:
    """It fails with a sentence that names option and rule, the instance, and what to do."""
    result = outcome.failure(code)
    assert said in result.message
    if code == "invalid-option":
        assert result.requests == []
        assert KEY not in str(result.values)
        step = result.values["failure"]["next_step"]
        assert re.match(
            r"(Add|Keep|Leave|Move|Shorten|Write) .+\. Nothing was sent to GitLab\.$", step
        )
        assert result.message.endswith(step)
    elif code not in ("refused", "token-scope"):
        assert outcome.writes == []
    assert not result.changed
    assert result.values["failure"]["instance"]
    assert result.values["failure"]["next_step"] or code == "refused"


MODEL_KEYS = "name, state, new_name, model_family, endpoint, deployment_method, identifier, api_key"
MODEL_KEYS += ", update_api_key, force"
ASK_YAML = "where a survey or -e name=value gives the text, read it with "
# Module, options, what is said, and what to write.
ARGUMENTS = [
    (
        "duo_gateway",
        {"ai_gateway": "https://x"},
        "ai_gateway",
        "Write ai_gateway_url instead of ai_gateway.",
    ),
    (
        "duo_self_hosted_model",
        {},
        "one of the following is required: name, models",
        "Add one of name, models.",
    ),
    (
        "duo_self_hosted_model",
        {"name": "x", "models": []},
        "mutually exclusive",
        "Leave out all but one of name, models.",
    ),
    (
        "duo_self_hosted_model",
        {"state": "absent", "models": []},
        "state: would have no effect",
        "Move state into the items of models.",
    ),
    (
        "duo_feature_model",
        {"state": "absent", "settings": []},
        "state: would have no effect",
        "Move state into the items of settings.",
    ),
    (
        "duo_self_hosted_model",
        {"models": [{"name": "x", "nam": "y"}]},
        "nam",
        "Write name instead of models.nam.",
    ),
    (
        "duo_self_hosted_model",
        {"models": [{"name": "x"}, ["y"]]},
        "models[1] is not a dictionary",
        f"Write models[1] as a dictionary, with {MODEL_KEYS}.",
    ),
    (
        "duo_feature_model",
        {"settings": "duo_chat"},
        "settings is text; a list is needed: {{ … | from_yaml }}",
        f"Write settings as a list; {ASK_YAML}{{{{ settings | from_yaml }}}}, or give -e a JSON "
        "object.",
    ),
    (
        "duo_feature_model",
        {"features": "['duo_chat']", "provider": "disabled"},
        "features is text; a list is needed: {{ … | from_yaml }}",
        f"Write features as a list; {ASK_YAML}{{{{ features | from_yaml }}}}, or give -e a JSON "
        "object.",
    ),
    (
        "duo_preflight",
        {"gateway": "https://aigw.example.com"},
        "gateway is text; a dictionary is needed: {{ … | from_yaml }}",
        f"Write gateway as a dictionary; {ASK_YAML}{{{{ gateway | from_yaml }}}}, or give -e a "
        "JSON object.",
    ),
    (
        "duo_gateway",
        {"state": "gone"},
        "value of state must be one of: present, absent, got: gone",
        "Write one of these as state: present, absent.",
    ),
    (
        "duo_gateway",
        {"ai_gateway_timeout_seconds": "long"},
        "ai_gateway_timeout_seconds",
        "Write ai_gateway_timeout_seconds as a whole number.",
    ),
    ("duo_beta_features", {}, "missing required arguments: enabled", "Add enabled."),
    (
        "duo_preflight",
        {"models": [{"endpoint": "https://x"}]},
        "missing required arguments: name",
        "Add name to models.",
    ),
]


@pytest.mark.parametrize(
    ("said", "write"),
    [
        pytest.param(
            said,
            write,
            marks=[pytest.mark.case((module, args), door=door, name=door) for door in DOORS],
            id=str(number),
        )
        for number, (module, args, said, write) in enumerate(ARGUMENTS)
    ],
)
def test_arguments(outcomes: dict[str, Outcome], said: str, write: str) -> None:
    """What Ansible's own check of the arguments says is one of our failures, through both doors."""
    told = set()
    for door in DOORS:
        result = outcomes[door].only
        failure = result.values["failure"]
        assert (result.status, result.code) == ("failed", "invalid-option")
        what = f"{failure['instance']}: {failure['what']}"
        assert result.message == f"{what} {failure['next_step']}"
        assert failure["next_step"] == f"{write} Nothing was sent to GitLab."
        assert said in what
        assert result.requests == []
        told.add(failure["what"])
    assert len(told) == 1


# Options with which each module gets as far as to its libraries; duo_report needs none of them.
COMPLETE: dict[str, dict[str, Any]] = {
    "duo_beta_features": {"enabled": True, "accept_testing_agreement": True},
    "duo_conformance": {},
    "duo_feature_model": {"features": ["duo_chat"], "provider": "disabled"},
    "duo_gateway": {"ai_gateway_timeout_seconds": 90},
    "duo_health": {},
    "duo_info": {},
    "duo_preflight": {},
    "duo_self_hosted_model": {"models": [FIXED]},
    "duo_subscription": {},
    "duo_upgrade_check": {"target_version": "19.0"},
}


def test_every_module_is_tried_without_its_libraries() -> None:
    modules = {it.stem for it in (playbook.ROOT / "plugins" / "modules").glob("duo_*.py")}
    assert modules - {"duo_report"} == set(COMPLETE)


@pytest.mark.parametrize("missing", ["requests", "pydantic"])
def test_library_missing(play: Play, start: Start, tmp_path: pathlib.Path, missing: str) -> None:
    """A Python without a library is named, with the command that installs it there."""
    (instance,) = start("18.9")
    bare = tmp_path / "bare"
    # Ansible's modules bring their own code, so that an environment with nothing in it will do.
    venv.create(bare, with_pip=False)
    python = bare / "bin" / "python"
    other = {"requests": "pydantic", "pydantic": "requests"}[missing]
    found = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    site = pathlib.Path(found.stdout.strip())
    for path in sys.path:
        if path.endswith("site-packages"):
            for package in pathlib.Path(path).iterdir():
                if not re.match(rf"{missing}(-|$)", package.name) and re.match(
                    rf"{other}|pydantic_core|annotated|typing|urllib3|certifi|idna|charset",
                    package.name,
                ):
                    (site / package.name).symlink_to(package)
    run = play(
        [
            playbook.one_play(
                *(playbook.task(name, it, ignore_errors=True) for name, it in COMPLETE.items()),
                vars={"ansible_python_interpreter": str(python)},
                environment=playbook.MODULE_DOOR,
            )
        ],
        {"here": playbook.host(instance)},
    )
    codes = {it.action.rpartition(".")[2]: it.code for it in run.of("here")}
    assert codes == dict.fromkeys(COMPLETE, "library-missing")
    for failed in run.of("here"):
        assert f"The Python library {missing} is not installed for {python}." in failed.message
        assert f"{python} -m pip install" in failed.message
        assert failed.requests == []
    assert run.stray_warnings() == []


def test_library_too_old(play: Play, start: Start, tmp_path: pathlib.Path) -> None:
    """An old library is named with both versions, whichever door finds it."""
    (instance,) = start("18.9")
    old = tmp_path / "old" / "pydantic"
    old.mkdir(parents=True)
    # None of the names that the collection takes from a later one.
    (old / "__init__.py").write_text("VERSION = __version__ = '1.10.19'\n")
    tasks = [playbook.task(name, it, ignore_errors=True) for name, it in COMPLETE.items()]
    run = play(
        [
            playbook.one_play(*tasks, vars=playbook.PYTHON),
            playbook.one_play(*tasks, vars=playbook.PYTHON, environment=playbook.MODULE_DOOR),
        ],
        {"here": playbook.host(instance)},
        extra={"PYTHONPATH": str(old.parent)},
    )
    results = run.of("here")
    assert [it.code for it in results] == ["library-too-old"] * len(COMPLETE) * 2
    for failed in results:
        assert (
            f"{sys.executable} has the Python library pydantic 1.10.19; version 2.8.0 or later is "
            "needed." in failed.message
        )
        assert "pip install 'pydantic>=2.8.0'" in failed.message
        assert failed.requests == []
    assert "Traceback" not in run.output
    assert run.stray_warnings() == []


# Variable of the role -> text, and what belongs there.
TEXTS = {
    "models": (json.dumps([FIXED]), "a list"),
    "features": ("[{'features': ['duo_chat']}]", "a list"),
    "gateway": ('{"ai_gateway_url": "https://x"}', "a dictionary"),
    "admin": (json.dumps({"username": "root", "password": KEY}), "a dictionary"),
    "connection": ('{"timeout": 20}', "a dictionary"),
    "health": ('{"checks": ["probes"]}', "a dictionary"),
    "beta_features": ('{"enabled": true}', "a dictionary"),
}


@pytest.mark.parametrize("door", DOORS)
def test_text_for_the_role_is_called_text(play: Play, start: Start, door: str) -> None:
    """As a survey gives it: the role's own variable is named, and nothing is sent."""
    instances = dict(zip(TEXTS, start(*("18.9" for _name in TEXTS)), strict=True))
    hosts = worlds.hosts(instances)
    for name, (text, _noun) in TEXTS.items():
        # ansible-core up to 2.18 makes a list of a text that looks like one, unless it is a tagged.
        hosts[name][f"duo_self_hosted_{name}"] = f"{text} "
    environment = playbook.MODULE_DOOR if door == "module" else {}
    run = play([{**worlds.ROLE[0], "environment": environment}], hosts, "-vvv")
    judge_texts(run, instances)


@pytest.mark.parametrize("state", ["absent", "export"])
def test_text_for_another_entry_of_the_role_is_called_text(
    play: Play, start: Start, state: str
) -> None:
    """Before the first change as well, whatever is done with the variable later."""
    names = ("admin", "connection")
    instances = dict(zip(names, start(*("18.9" for _name in names)), strict=True))
    hosts = worlds.hosts(instances, duo_self_hosted_state="absent")
    for name in names:
        hosts[name][f"duo_self_hosted_{name}"] = f"{TEXTS[name][0]} "
    role = {"role": "gitlab_ops.duo.duo_self_hosted"}
    if state == "export":
        task = {**role, "tasks_from": "export"}
        task["name"] = task.pop("role")
        plays = [playbook.one_play({"ansible.builtin.include_role": task})]
    else:
        plays = worlds.ROLE
    judge_texts(play(plays, hosts), instances)


def judge_texts(run: playbook.Run, instances: dict[str, Instance]) -> None:
    """Each host fails with one sentence, which names the variable and shows nothing of it."""
    for name, instance in instances.items():
        variable, noun = f"duo_self_hosted_{name}", TEXTS[name][1]
        (failed,) = run.failed(name)
        assert failed.code == "invalid-option", failed.message
        assert f"{variable} is text; {noun} is needed: {{{{ … | from_yaml }}}}" in failed.message
        assert f"{{{{ {variable} | from_yaml }}}}" in failed.message
        assert instance.requests() == []
    assert KEY not in run.output
    assert KEY not in str([it.values for it in run.results])


def test_role_says_it_beforehand(play: Play, start: Start) -> None:
    """A misspelt option of the role's variables is refused before anything is sent."""
    (instance,) = start("18.9")
    hosts = worlds.hosts(
        {"here": instance}, duo_self_hosted_models=[{"name": "x", "model_famly": "mistral"}]
    )
    run = play(worlds.ROLE, hosts)
    assert run.returncode == 2
    assert "model_famly" in run.output
    assert instance.requests() == []
