# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Assign providers and models to GitLab Duo features.

GraphQL ``aiFeatureSettings`` (17.9). What can be declared of a setting, what is
sent and what is shown is in ``one_setting.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .._base import messages
from .._base.invalid import Wrong
from .._base.libraries import pydantic
from .._base.messages import Failure, accepted
from .._base.options import Options, check
from .._duo.offers import FEATURES, PROVIDERS, is_agent_feature
from .._duo.permissions import Circumstances, refusals
from .._duo.releases import Release
from .._engine.access import ADD_ONS, LICENSE, license_facts
from .._engine.arguments import WHEN_UNSUPPORTED, Arguments, refuse_beside, required
from .._engine.plan import Change, Plan
from .._engine.run_plan import PLAN_SPEC, StepPlan
from .._engine.subject import Subject
from .one_setting import (
    SETTING_SPEC,
    SINCE,
    SettingOptions,
    Target,
    about,
    applied,
    change_of,
    explain,
    saves_before_error,
    shown,
    steps_of,
)
from .preceding import after, is_late
from .stored import Model, Setting, State, read_state

if TYPE_CHECKING:
    from .._gitlab.client import GitLab


# Failures because the release lacks something: of a feature itself, or of its model.
_LACKING = (messages.NOT_OFFERED.code, messages.MODEL_NOT_OFFERED.code)


class FeaturesOptions(Options):
    """Options of ``duo_feature_model``: one assignment, or several planned together."""

    settings: list[SettingOptions]
    when_unsupported: str = "fail"

    @pydantic.model_validator(mode="after")
    def _features_once(self) -> FeaturesOptions:
        seen: set[str] = set()
        for setting in self.settings:
            for name in setting.features:
                if name in seen:
                    raise Wrong(
                        f"features: {name!r} is assigned twice",
                        f"Keep {name} in one item of {{}}.",
                        option="settings",
                        named=True,
                    )
                seen.add(name)
        return self


@dataclass(frozen=True)
class ObservedFeatures:
    """Models and settings of one instance, and its release."""

    release: Release
    state: State
    # As license_facts returns it; None if it was not asked for.
    license: dict[str, Any] | None = None
    # Name -> reason, for the declared models that this run skips.
    unsupported: Mapping[str, str] = field(default_factory=dict)

    @property
    def default_provider(self) -> str:
        """Provider of a feature that was never configured on this instance."""
        return self.state.default_provider(self.release)


def options(params: dict[str, Any]) -> FeaturesOptions:
    """Check the options of a task; one assignment is a list of one."""
    common: dict[str, Any] = {
        name: params[name] for name in ("when_unsupported",) if name in params
    }
    settings = params.get("settings")
    if settings is None:
        one = {name: value for name, value in params.items() if name in SETTING_SPEC}
        check(SettingOptions, one)  # names the options as the user wrote them
        settings = [one]
    else:
        refuse_beside("settings", SETTING_SPEC, params)
    return check(FeaturesOptions, {"settings": settings, **common})


def observe(gitlab: GitLab, wanted: FeaturesOptions) -> ObservedFeatures:
    """Read settings, models and the facts that decide on permissions, in one request."""
    # A feature that is handed back to GitLab (absent) may get its default, vendored.
    cloud = any(it.resolved_provider in ("vendored", None) for it in wanted.settings)
    reading, state = read_state(gitlab, LICENSE, ADD_ONS, gitlab_models=cloud)
    return ObservedFeatures(Release.of(reading.version), state, license_facts(reading.data))


def foresee(found: ObservedFeatures, step: StepPlan) -> ObservedFeatures:
    """Return the state after the earlier steps of the run."""
    state = after(found.state, step.preceding, found.default_provider)
    return replace(found, state=state, unsupported=step.unsupported)


# --- plan --------------------------------------------------------------------------------------
def plan(wanted: FeaturesOptions, found: ObservedFeatures) -> Plan[ObservedFeatures]:
    """Return what would change.

    :raises Failure: this instance does not know a feature, provider or model, a model's family does
        not fit the feature, or GitLab would not permit a setting.
    """
    models, settings = found.state.models, dict(found.state.settings)
    changes: dict[Target, list[Change]] = {}
    targets: dict[str, Target] = {}
    unseen: list[str] = []
    untold: list[str] = []
    warnings = []
    for declared in wanted.settings:
        features = []
        for feature in declared.features:
            try:
                _refuse_unknown(feature, settings.get(feature), found)
                features.append(feature)
            except Failure as problem:
                warnings.append(_skipped(problem, wanted))
        try:
            target = _target(declared, models, found)
        except Failure as problem:
            warnings.append(_skipped(problem, wanted))
            continue
        for feature in features:
            current = settings.get(feature)
            _refuse_unfit(feature, current, target, found.release)
            targets[feature] = target
            if _is_untold(current, target, found):
                untold.append(feature)
                continue
            change = change_of(feature, current, target)
            if change:
                changes.setdefault(target, []).append(change)
                unseen += [] if change.visible else [feature]
            settings[feature] = applied(current, target)
    changed = {name: targets[name] for it in changes.values() for one in it for name in one.after}
    doubts = _refuse_forbidden(changed, found)
    steps = [
        step
        for target, of_target in changes.items()
        # Separately, because one mutation for both kinds would need both permissions.
        for agents in (False, True)
        if (few := [it for it in of_target if any(map(is_agent_feature, it.after)) is agents])
        for step in steps_of(target, few, found.release)
    ]
    return Plan(
        tuple(steps),
        replace(found, state=found.state.model_copy(update={"settings": settings})),
        (*warnings, *_warnings(targets, unseen, untold, found), *doubts),
    )


def _skipped(problem: Failure, wanted: FeaturesOptions) -> str:
    """Return the warning that something is skipped because this release lacks it.

    :raises Failure: it must not be skipped.
    """
    if wanted.when_unsupported == "fail" or problem.code not in _LACKING:
        raise problem
    return f"{problem.about} is skipped: {problem.what}"


def _target(
    declared: SettingOptions, models: Mapping[str, Model], found: ObservedFeatures
) -> Target:
    where = ", ".join(map(about, declared.features))
    provider = declared.resolved_provider or found.default_provider
    seen = {setting.provider for setting in found.state.settings.values()}
    if found.release.has(PROVIDERS[provider]) is False and provider not in seen:
        raise Failure(
            messages.NOT_OFFERED,
            about=where,
            option=f"provider {provider}",
            since=PROVIDERS[provider].text,
            version=found.release.text,
        )
    if declared.gitlab_model is not None and not found.state.has_gitlab_models:
        raise Failure(
            messages.NOT_OFFERED,
            about=where,
            option="gitlab_model",
            since=SINCE["gitlab_model"],
            version=found.release.text,
        )
    if declared.model and declared.model in found.unsupported:
        raise Failure(
            messages.MODEL_NOT_OFFERED,
            about=where,
            reason=found.unsupported[declared.model],
        )
    if declared.model and declared.model not in models:
        raise Failure(
            messages.NO_SUCH_MODEL,
            about=where,
            model=declared.model,
            models=accepted(declared.model, models) or "none",
        )
    model = models[declared.model] if declared.model else None
    return Target(provider, model, declared.gitlab_model)


def _refuse_unfit(feature: str, current: Setting | None, target: Target, release: Release) -> None:
    families = current.families if current else None
    if families is None:
        families = release.families_of(feature)
    model = target.model
    if families and model and model.family and model.family not in families:
        raise Failure(
            messages.INCOMPATIBLE,
            about=about(feature),
            family=model.family,
            model=model.name,
            families=", ".join(sorted(families)),
        )


def circumstances(found: ObservedFeatures) -> Circumstances:
    """Return the facts that decide on permissions."""
    state = found.state
    lists = state.knows_gitlab_models if state.has_gitlab_models else None
    return Circumstances(found.release, found.license, state.turned_on or state.beta, lists)


def _refuse_forbidden(targets: dict[str, Target], found: ObservedFeatures) -> list[str]:
    """Return warnings about settings that GitLab may refuse.

    :raises Failure: for settings that it certainly refuses, naming all features concerned.
    """
    here = circumstances(found)
    settings = {name: (it.provider, it.gitlab_model) for name, it in targets.items()}
    warnings = []
    for refusal, features in refusals(settings, here):
        failure = refusal.failure
        failure.about = ", ".join(map(about, features))
        if refusal.certain:
            raise failure
        warnings.append(f"GitLab may refuse {failure.about}: {failure.what} {failure.next_step}")
    return warnings


def _refuse_unknown(feature: str, current: Setting | None, found: ObservedFeatures) -> None:
    offer = FEATURES.get(feature)
    if offer is None and current is None:
        known = {*found.release.names(FEATURES), *found.state.settings}
        raise Failure(
            messages.UNKNOWN_NAME,
            about=about(feature),
            option="features",
            version=found.release.text,
            kind="feature",
            given=feature,
            names=accepted(feature, known),
        )
    if offer is None or current is not None:
        return
    offered = found.release.has(offer)
    if offered is None:
        # GitLab lists all features that are generally available, and beta ones while beta is on.
        beta = found.release.is_beta_feature(feature)
        offered = None if beta and not found.state.beta else False
    if offered is False:
        raise Failure(
            messages.NOT_OFFERED,
            about=about(feature),
            option="It",
            since=offer.text,
            version=found.release.text,
        )


def _is_untold(current: Setting | None, target: Target, found: ObservedFeatures) -> bool:
    """Return whether GitLab does not show which GitLab-managed model a feature uses.

    It could not be set either: GitLab refuses vendored while it cannot fetch the definitions.
    """
    if current is None or current.provider != "vendored":
        return False
    return bool(target.gitlab_model) and not found.state.knows_gitlab_models


def _warnings(
    targets: dict[str, Target], unseen: list[str], untold: list[str], found: ObservedFeatures
) -> list[str]:
    warnings = []
    if untold:
        warnings.append(
            f"GitLab does not show which GitLab-managed model {', '.join(untold)} use, because it "
            "cannot fetch the definitions of its models from its cloud: these features are left "
            "unchanged."
        )
    if unseen:
        beta = any(map(found.release.is_beta_feature, unseen))
        hint = " (beta features are listed only while beta features are on)" if beta else ""
        warnings.append(
            f"GitLab {found.release.text} does not show the state of {', '.join(unseen)}{hint}: "
            "they are set in every run."
        )
    for provider, text in (
        ("vendored", "send their requests to GitLab's cloud"),
        ("unassigned", "send their requests to the gateway without a model, or to GitLab's cloud"),
    ):
        names = [feature for feature, target in targets.items() if target.provider == provider]
        if names:
            warnings.append(f"Features with provider {provider} {text}: {', '.join(names)}.")
    return warnings


# --- results -----------------------------------------------------------------------------------


def show(wanted: FeaturesOptions, found: ObservedFeatures) -> dict[str, Any]:
    """Return the declared features as they are or would be."""
    names = [name for setting in wanted.settings for name in setting.features]
    settings = found.state.settings
    return {"features": [shown(name, settings[name]) for name in names if name in settings]}


SUBJECT = Subject(
    arguments=Arguments(
        spec={
            **SETTING_SPEC,
            **WHEN_UNSUPPORTED,
            "settings": {
                "type": "list",
                "elements": "dict",
                "options": required(SETTING_SPEC, "features"),
            },
            **PLAN_SPEC,
        },
        mutually_exclusive=[
            (name, "settings") for name in SETTING_SPEC if "default" not in SETTING_SPEC[name]
        ],
        required_one_of=[("features", "settings")],
    ),
    options=options,
    observe=observe,
    foresee=foresee,
    is_late=lambda found, step: is_late(found.state, step.preceding),
    plan=plan,
    show=show,
    explain=explain,
    saves_before_error=saves_before_error,
)
