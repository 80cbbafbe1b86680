# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan a whole run: each step against the state that the steps before it will leave.

A step is a task of the role, in the order of the role. It uses the plan of its module, so that the
task, which plans again, gets the same result.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .._base.messages import Failure
from .._duo.offers import FAMILIES
from .._engine.run_plan import Entry, StepPlan
from .._gitlab.sign_in import sign_in_of
from .._subjects import (
    agent_platform,
    beta_features,
    feature_model,
    gateway,
    one_model,
    one_setting,
    seats,
)
from .._subjects import self_hosted_model as models
from .._subjects import settings as duo_settings
from .._subjects.one_model import ModelOptions
from .._subjects.preceding import after
from .._subjects.settings_options import SettingsOptions

if TYPE_CHECKING:
    from .._engine.plan import Plan
    from .._engine.subject import Subject
    from .._subjects.agent_platform import ObservedAgentPlatform
    from .._subjects.seats import ObservedSeats
    from .._subjects.settings import ObservedSettings
    from .._subjects.stored import State
    from .info import ObservedInstance
    from .preflight_options import PreflightOptions

# The role's tasks that change something, in order. Instance-wide settings have two: what lets less
# happen comes before all else, and what lets more happen once every feature is where it is to be,
# because the availability of GitLab Duo, for one, may let requests out only then.
STEPS = (
    *("settings_closing", "gateway", "beta_features_on", "models", "features"),
    *("clean_up", "beta_features_off", "settings_opening", "agent_platform", "seats"),
)


@dataclass(frozen=True)
class Composition:
    """The changes that a run will make, and those that GitLab or a rule of ours refuses."""

    steps: Mapping[str, StepPlan]
    # The gateway settings, models and feature settings after the run.
    gateway: Mapping[str, Any]
    state: State
    # Subject and refusal of each object.
    refusals: tuple[tuple[str, Failure], ...] = ()
    # Of the steps without changes, because their tasks do not run and cannot warn themselves.
    warnings: tuple[str, ...] = ()
    # Models for the step that deletes: those to delete, and the names of those to keep.
    clean_up: tuple[Mapping[str, Any], ...] = ()
    # Instance-wide settings as the two steps that are about them get them, and once all is done.
    settings_closing: Mapping[str, Any] = field(default_factory=dict)
    settings_opening: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def changes(self) -> list[Entry]:
        """All changes, in order."""
        return [it for step in self.steps.values() for it in step.changes or ()]

    def as_data(self, *, approved: bool) -> dict[str, Any]:
        """Return the plan as results show it."""
        steps = {
            name: replace(self.steps.get(name, StepPlan()), approved=approved).as_data()
            for name in STEPS
        }
        return {
            "to_do": any(it["to_do"] for it in steps.values()),
            "changes": [dict(it) for it in self.changes],
            "steps": steps,
            "clean_up": [dict(it) for it in self.clean_up],
            "settings": {
                "closing": dict(self.settings_closing),
                "opening": dict(self.settings_opening),
            },
        }


@dataclass
class _Run:
    """The steps so far."""

    steps: dict[str, StepPlan] = field(default_factory=dict)
    refusals: list[tuple[str, Failure]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    preceding: list[Entry] = field(default_factory=list)
    unsupported: dict[str, str] = field(default_factory=dict)

    def add(
        self,
        name: str,
        kind: str,
        subject: Subject,
        wanted: Any,
        found: Any,
        singles: Iterable[Any] = (),
    ) -> Any:
        """Plan one step and return the state that it leads to.

        :param singles: the same options for one object each, to find every refusal, and the
            changes that are not refused.
        """
        step = StepPlan(preceding=tuple(self.preceding), unsupported=dict(self.unsupported))
        seen = subject.foresee(found, step)
        try:
            plan: Plan[Any] = subject.plan(wanted, seen)
        except Failure as failure:
            self._add_singles(kind, subject, seen, singles, failure)
            return seen
        changes = tuple(plan.entries())
        step = replace(step, changes=changes, certain=plan.certain)
        self.steps[name] = step
        self.preceding += changes
        self.unsupported |= plan.unsupported
        if not plan.certain:
            # Once beta features are on, a model may become visible that declared features use.
            self.preceding += _assumed(wanted, seen, besides=plan.predicted.state.models)
        if not step.changes and step.certain:
            self.warnings += plan.warnings
        return plan.predicted

    def changes(self, name: str) -> Sequence[Entry]:
        """Return the changes of a step."""
        return self.steps[name].changes or () if name in self.steps else ()

    def _add_singles(
        self, kind: str, subject: Subject, seen: Any, singles: Iterable[Any], whole: Failure
    ) -> None:
        refused = []
        for single in singles:
            try:
                plan: Plan[Any] = subject.plan(single, seen)
            except Failure as failure:
                refused.append(failure)
                self.preceding += _assumed(single, seen)
            else:
                self.preceding += plan.entries()
                self.unsupported |= plan.unsupported
        self.refusals += [(kind, it) for it in refused or [whole]]


def _assumed(wanted: Any, seen: Any, besides: Container[str] = ()) -> Iterator[Entry]:
    """Yield refused models as changes, because the features that use them are not at fault.

    :param besides: names of models that exist anyway.
    """
    for model in getattr(wanted, "models", ()):
        name = model.new_name or model.name
        if model.state == "present" and name not in besides:
            # A family that the release does not know counts as none, which fits every feature.
            family = (
                model.model_family if model.model_family in seen.release.names(FAMILIES) else ""
            )
            for key, value in (("name", name), ("model_family", family)):
                yield {"subject": one_model.NAME, "name": name, "field": key, "after": value}


def compose(
    wanted: PreflightOptions,
    info: ObservedInstance,
    flows: ObservedAgentPlatform | None = None,
    held: ObservedSeats | None = None,
    application_settings: Any = None,
) -> Composition:
    """Return the plan of a run that brings an instance to the declared state.

    :param flows: the account of the Agent Platform, where it is declared.
    :param held: who has a seat, where seats are declared.
    :param application_settings: as REST has them; None where they may not be read.
    """
    run = _Run()
    settings = _Settings.of(run, wanted.duo_settings, info, application_settings)
    settings.plan(run, "settings_closing", settings.closing)
    url = gateway.ObservedGateway(info.release, info.gateway, info.providers)
    url = run.add("gateway", "gateway", gateway.SUBJECT, wanted.gateway, url)
    if wanted.beta_features:
        _add_beta(run, "beta_features_on", wanted, info)
    declared = wanted.models.models
    present = [it for it in declared if it.state == "present"]
    stored = models.ObservedModels(info.release, info.state)
    run.add(
        "models",
        one_model.NAME,
        models.SUBJECT,
        _with(wanted, present),
        stored,
        (_with(wanted, [it]) for it in present),
    )
    features = feature_model.ObservedFeatures(info.release, info.state, info.license)
    run.add(
        "features",
        one_setting.NAME,
        feature_model.SUBJECT,
        wanted.settings,
        features,
        (
            wanted.settings.model_copy(
                update={"settings": [setting.model_copy(update={"features": [name]})]}
            )
            for setting in wanted.settings.settings
            for name in setting.features
        ),
    )
    clean_up = [one for it in declared for one in _to_clean_up(it, run, info.state)]
    absent = [it for it in clean_up if it.state == "absent"]
    if absent or wanted.models_exclusive:
        run.add(
            "clean_up",
            one_model.NAME,
            models.SUBJECT,
            _with(wanted, clean_up, exclusive=wanted.models_exclusive),
            stored,
            (_with(wanted, [it]) for it in absent),
        )
    if wanted.beta_features is False:
        _add_beta(run, "beta_features_off", wanted, info)
    settings.plan(run, "settings_opening", settings.opening)
    if wanted.agent_platform and flows:
        subject = agent_platform.SUBJECT
        run.add("agent_platform", agent_platform.NAME, subject, wanted.agent_platform, flows)
    if wanted.seats and held:
        run.add("seats", seats.NAME, seats.SUBJECT, wanted.seats, held)
    return Composition(
        steps={name: _in_run(name, step, run, wanted) for name, step in run.steps.items()},
        refusals=tuple(_once(run.refusals)),
        warnings=tuple(dict.fromkeys(run.warnings)),
        clean_up=tuple({"name": it.name, "state": it.state, "force": it.force} for it in clean_up),
        gateway=url.values,
        settings_closing=settings.closing.declared,
        settings_opening=settings.opening.declared,
        settings=settings.found.values if settings.found else {},
        state=after(info.state, run.preceding, info.state.default_provider(info.release)),
    )


def _in_run(name: str, step: StepPlan, run: _Run, wanted: PreflightOptions) -> StepPlan:
    """Return a step with what it may rely on, because of the steps around it."""
    creates = any(it["field"] == "name" and it["before"] is None for it in run.changes("models"))
    return replace(
        step,
        first=name == "gateway" and creates,
        # The check of an isolated instance reads the features once.
        watched=not (name == "features" and wanted.isolated),
    )


@dataclass
class _Settings:
    """The instance-wide settings of a run, in the two steps that are about them."""

    # None where nothing is declared of them, or they may not be read.
    found: ObservedSettings | None = None
    closing: SettingsOptions = field(default_factory=SettingsOptions)
    opening: SettingsOptions = field(default_factory=SettingsOptions)

    @classmethod
    def of(
        cls, run: _Run, wanted: SettingsOptions, info: ObservedInstance, application_settings: Any
    ) -> _Settings:
        """Return what is declared, as it has to be carried out; or add why it can't be."""
        if not wanted.declared:
            return cls()
        try:
            found = duo_settings.observed(
                info.release, application_settings, {"duoSettings": info.duo_settings}
            )
        except Failure as failure:
            run.refusals.append((duo_settings.NAME, failure))
            return cls()
        return cls(found, *duo_settings.parts(wanted, found))

    def plan(self, run: _Run, step: str, wanted: SettingsOptions) -> None:
        """Add one of the two steps, if there is anything in it."""
        if self.found and wanted.declared:
            none = dict.fromkeys(wanted.declared)
            singles = (
                wanted.model_copy(update={**none, name: value})
                for name, value in wanted.declared.items()
            )
            subject = duo_settings.SUBJECT
            self.found = run.add(step, duo_settings.NAME, subject, wanted, self.found, singles)


def _to_clean_up(model: ModelOptions, run: _Run, state: State) -> Iterator[ModelOptions]:
    """Yield a declared model for the step that deletes.

    A model to keep is reduced to its name, so that it counts as declared but is not changed.
    """
    if model.state == "absent":
        yield model
        return
    name = model.new_name or model.name
    if model.name not in run.unsupported:
        yield ModelOptions(name=name)
        return
    # Skipped models are neither renamed nor created.
    for skipped in dict.fromkeys((model.name, name)):
        if skipped in state.models:
            yield ModelOptions(name=skipped)


def _add_beta(run: _Run, name: str, wanted: PreflightOptions, info: ObservedInstance) -> None:
    enabled = bool(wanted.beta_features)
    switch = beta_features.BetaOptions(
        **sign_in_of(wanted),
        enabled=enabled,
        accept_testing_agreement=wanted.accept_testing_agreement,
    )
    found = beta_features.ObservedBetaFeatures(enabled=info.beta, release=info.release)
    # Without the agreement the plan checks nothing else, so it is made again as if agreed.
    agreed = replace(switch, accept_testing_agreement=True)
    run.add(name, "beta_features", beta_features.SUBJECT, switch, found, (switch, agreed))


def _with(
    wanted: PreflightOptions, some: Sequence[ModelOptions], *, exclusive: bool = False
) -> models.ModelsOptions:
    return wanted.models.model_copy(update={"models": list(some), "exclusive": exclusive})


def _once(refusals: Sequence[tuple[str, Failure]]) -> Iterator[tuple[str, Failure]]:
    seen = set()
    for kind, failure in refusals:
        key = (kind, failure.about, failure.what, failure.next_step)
        if key not in seen:
            seen.add(key)
            yield kind, failure
