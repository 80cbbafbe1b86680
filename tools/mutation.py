# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check whether the tests notice small faults in the code that decides what is done.

python -m tools.mutation [_engine/plan.py ...]

The faults are those of mutmut. Its own runner leaves out decorated functions, and so each rule of
the options, and knows no ansible_collections; here each mutant lives in a process of its own that
is forked off one with everything imported but the collection. No file is changed.
"""

from __future__ import annotations

import contextlib
import difflib
import gc
import importlib
import os
import signal
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from types import ModuleType

import libcst
import pytest
from libcst.metadata import MetadataWrapper
from mutmut.mutation.mutators import mutation_operators

from tools.collection import CACHE, ROOT, link

PACKAGE = "ansible_collections.gitlab_ops.duo.plugins.module_utils"
FOLDER = ROOT / "plugins" / "module_utils"
# File -> the fast unit tests that try it, the closest first.
PLANS = (
    *("plan_gateway", "plan_self_hosted_model", "plan_refused_model"),
    *("plan_many_models", "plan_feature_model"),
)
MODELS = (
    *("plan_self_hosted_model", "plan_refused_model", "plan_many_models", "observe"),
    *("plan_feature_model", "plan_many_features"),
)
FEATURES = ("plan_feature_model", "plan_many_features", "observe")
TESTS = {
    "_engine/plan.py": ("plan", *PLANS, "apply"),
    "_engine/apply.py": ("apply", "apply_refusals"),
    "_subjects/gateway.py": ("plan_gateway", "observe", "validators"),
    "_subjects/self_hosted_model.py": (*MODELS, "validators"),
    "_subjects/one_model.py": ("validators", "validators_settings", *MODELS),
    "_subjects/one_setting.py": ("validators_settings", *FEATURES),
    "_subjects/feature_model.py": (*FEATURES, "validators_settings"),
    "_subjects/beta_features.py": ("plan_beta_features", "sign_in"),
    "_subjects/stored.py": ("observed",),
    "_duo/identifiers.py": ("validators_settings", *MODELS),
    "_duo/offers.py": ("releases", "observed", *PLANS),
    "_duo/releases.py": ("releases", "observed", *PLANS),
}
# What the tests import, imported once.
COMMON = ("hypothesis", "requests", "pydantic", "sandbox.app", "ansible.module_utils.basic")
OPTIONS = ("-x", "-q", "--assert=plain", "-o", f"cache_dir={CACHE / 'pytest-mutation'}")
# What Ansible and type checkers read.
DECLARED = ("SUBJECT", "Observed", "Checked")
# Seconds of the processor that a mutant's tests may take: some mutants never end.
LIMIT = 15


class Faults(libcst.CSTVisitor):
    """Collects pairs of code and its mutated replacement."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[libcst.CSTNode, libcst.CSTNode]] = []

    def on_visit(self, node: libcst.CSTNode) -> bool:
        """Note the faults of one node; types and tables for Ansible are not what is tried."""
        if isinstance(node, libcst.Annotation | libcst.Decorator):
            return False
        if isinstance(node, libcst.If) and _name(node.test) == "TYPE_CHECKING":
            return False
        if isinstance(node, libcst.Assign) and _name(node.targets[0].target) in DECLARED:
            return False
        if isinstance(node, libcst.AnnAssign) and _name(node.annotation.annotation) == "Spec":
            return False
        for kind, operator in mutation_operators:
            if isinstance(node, kind):
                self.found += [(node, other) for other in operator(node) if _matters(other)]
        return True


def _name(node: libcst.CSTNode) -> str:
    return node.value if isinstance(node, libcst.Name) else ""


def _matters(fault: libcst.CSTNode) -> bool:
    """Return whether a changed text is a name, once changed, and no sentence for people."""
    if not isinstance(fault, libcst.SimpleString):
        return True
    return "XX" in fault.value and " " not in fault.value


def mutants(source: str) -> Iterator[str]:
    """Yield the source with one fault each."""
    wrapper = MetadataWrapper(libcst.parse_module(source))
    faults = Faults()
    wrapper.visit(faults)
    seen = {source}
    for node, other in faults.found:
        code = wrapper.module.deep_replace(node, other).code  # type: ignore[attr-defined]
        if code not in seen:
            seen.add(code)
            yield code


def start(name: str, code: str, tests: list[str]) -> int:
    """Start the tests with a module of this code; return the process, which ends with theirs."""
    child = os.fork()
    if child:
        return child
    status = 1
    with contextlib.suppress(BaseException):
        signal.setitimer(signal.ITIMER_PROF, LIMIT)  # ends the process
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        module = ModuleType(name)
        module.__package__ = name.rpartition(".")[0]
        sys.modules[name] = module
        exec(compile(code, name, "exec"), module.__dict__)  # noqa: S102
        # One file after the other: the first knows most, and the others need not be read then.
        status = next(filter(None, (pytest.main([*OPTIONS, test]) for test in tests)), 0)
    os._exit(status)


def survivors(name: str, codes: Iterable[str], tests: list[str]) -> Iterator[str]:
    """Yield the codes with which all tests pass, trying as many at once as there are cores."""
    running: dict[int, str] = {}
    left = iter(codes)
    while True:
        for code in islice(left, (os.cpu_count() or 1) - len(running)):
            running[start(name, code, tests)] = code
        if not running:
            return
        process, status = os.wait()
        code = running.pop(process)
        if status == 0:
            yield code


def main(files: list[str]) -> None:
    """Try the files; print the faults that were not noticed, and how many were."""
    sys.path.insert(0, str(link()))
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    for common in COMMON:
        importlib.import_module(common)
    gc.freeze()
    score: Counter[str] = Counter()
    for file in files or TESTS:
        name = f"{PACKAGE}.{file.removesuffix('.py').replace('/', '.')}"
        tests = [str(ROOT / "tests" / "unit" / "core" / f"test_{it}.py") for it in TESTS[file]]
        source = (FOLDER / file).read_text()
        if not list(survivors(name, [source], tests)):
            raise SystemExit(f"{file}: its tests fail without any fault")
        codes = list(mutants(source))
        missed = 0
        for code in survivors(name, codes, tests):
            lines = difflib.unified_diff(source.splitlines(), code.splitlines(), n=0, lineterm="")
            print(file, *list(lines)[2:], sep="\n  ", end="\n\n", flush=True)
            missed += 1
        score += Counter(tried=len(codes), noticed=len(codes) - missed)
        print(f"{file}: {len(codes) - missed} of {len(codes)} noticed", flush=True)
    print(f"{score['noticed'] / score['tried']:.1%} of {score['tried']} noticed")


if __name__ == "__main__":
    main(sys.argv[1:])
