# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Observe what only writing shows, with models, a feature and a timeout of the check itself.

Everything is undone at the end, even after a failure or an interruption. The name of the first
model contains the original timeout, so that a later run can clean up after one that was killed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .._base import conformance_messages
from .._base.messages import Failure
from .._duo.offers import PROVIDERS, is_agent_feature
from .._gitlab.graphql import Mutation, Part
from .._subjects.gateway import FIELDS
from .._subjects.stored import FEATURE_SETTINGS, models_part, provider_part, read_state
from .belief import public
from .read import TIMEOUT, URL
from .signals import Interruptions
from .writes import CREATE, DELETE, FEATURE, GATEWAY, UPDATE

if TYPE_CHECKING:
    from .._gitlab.client import GitLab
    from .._subjects.stored import State
    from .learnt import Exchange, Learnt

PREFIX = "duo-conformance-"
_MARK = re.compile(re.escape(PREFIX) + r"t(\d+)")
# An address for documentation (RFC 5737): it needs no name server, and nothing answers there.
_ENDPOINT = "https://192.0.2.1/v1/"
# A family that is generally available in all releases, so that its models are always listed.
_FAMILY = "GPT"
_LOOKS = 5
_LONGEST = 600  # seconds, the highest timeout that GitLab accepts


def features_in_use(state: State) -> list[str]:
    """Return the features that use models other than this check's: users might notice a trial."""
    return sorted(
        name
        for name, it in state.settings.items()
        if it.provider == "self_hosted" and not _is_ours(str(it.model))
    )


class Trial:
    """One trial on one GitLab; what it learns goes into ``learnt``."""

    def __init__(self, gitlab: GitLab, learnt: Learnt) -> None:
        self._gitlab = gitlab
        self._learnt = learnt
        self._signals = Interruptions()
        self._before: dict[str, Any] = {}
        self._timeout_written = False
        self._feature: str | None = None

    def run(self) -> None:
        """Write, look, and undo.

        :raises Failure: the remains of an earlier run cannot be removed, or GitLab cannot be read.
        """
        with self._signals:
            self._clear_leftovers()
            try:
                self._talk()
            except Failure as problem:
                self._learnt.unasked["W"] = f"GitLab did not answer ({problem.code})"
            finally:
                self._see("undone", *self._undo())

    # --- reading -----------------------------------------------------------------------------
    def _state(self) -> State:
        self._gitlab.forget()
        return read_state(self._gitlab)[1]

    def _settings(self) -> dict[str, Any]:
        parts = [Part(f"Now{name}", f"duoSettings {{ {name} }}", True) for name in FIELDS.values()]
        self._gitlab.forget()
        found = self._gitlab.read(*parts).data.get("duoSettings")
        return found if isinstance(found, dict) else {}

    def _look(self) -> State:
        """Read the state, and record GitLab's own answers for the judges."""
        self._signals.check()
        parts = (models_part(), provider_part(), FEATURE_SETTINGS)
        bodies = [{"query": it.document, "variables": it.values} for it in parts]
        for part, answer in zip(parts, self._gitlab.answers(bodies), strict=True):
            self._learnt.take(part.document, answer)
        return self._state()

    def _see(self, topic: str, told: str, holds: bool) -> None:
        self._learnt.seen[topic].append((told, holds))

    # --- writing -----------------------------------------------------------------------------
    def _tell(self, name: str, values: dict[str, Any], selection: str = "") -> Exchange:
        self._signals.check()
        return self._send(name, values, selection)

    def _send(self, name: str, values: dict[str, Any], selection: str = "") -> Exchange:
        try:
            answer = self._gitlab.tell(Mutation(name, values), f"{selection} errors")
        except Failure as problem:
            answer = {"errors": [{"message": problem.what}]}
        return self._learnt.exchange(name, values, answer)

    def _model(self, name: str, values: dict[str, Any]) -> dict[str, Any]:
        """Create or change a model, and return it as GitLab answers it."""
        provider = " provider" if self._learnt.fields.get(("AiSelfHostedModel", "provider")) else ""
        chosen = {"provider": "API", **values} if provider else values
        answered = f"id name model endpoint identifier hasApiToken{provider}"
        made = self._tell(name, {"model": _FAMILY, **chosen}, f"selfHostedModel {{ {answered} }}")
        found = (made.payload or {}).get("selfHostedModel")
        return found if isinstance(found, dict) else {}

    def _talk(self) -> None:
        self._before = self._settings()
        name = f"{PREFIX}t{self._before.get(TIMEOUT) or 0}"
        self._model(CREATE, {"name": name, "endpoint": _ENDPOINT})
        state = self._look()
        model = state.models.get(name)
        self._see("listed", "listed" if model else "not listed", model is not None)
        if model is None:
            return
        common = {"id": model.id, "name": name, "endpoint": _ENDPOINT}
        self._model(CREATE, {"name": name, "endpoint": _ENDPOINT})
        self._model(UPDATE, {**common, "identifier": "custom_openai/x", "apiToken": PREFIX})
        self._model(UPDATE, common)
        self._model(UPDATE, {**common, "apiToken": ""})
        self._providers()
        self._gateway()
        self._use(model.id, name, state)

    def _providers(self) -> None:
        if not self._learnt.fields.get(("AiSelfHostedModel", "provider")):
            return
        values = {"name": f"{PREFIX}bedrock", "endpoint": _ENDPOINT, "identifier": "bedrock/x"}
        made = self._model(CREATE, values)
        if isinstance(made.get("id"), str):
            self._tell(DELETE, {"id": made["id"]})
            self._tell(DELETE, {"id": made["id"]})

    def _gateway(self) -> None:
        """Write the same URL with a slash at its end, and another timeout."""
        url, timeout = self._before.get(URL), self._before.get(TIMEOUT)
        values: dict[str, Any] = {}
        if isinstance(timeout, int) and self._is_settled():
            values[TIMEOUT] = _other(timeout)
        if url and not url.endswith("/"):
            values[URL] = f"{url}/"
        if not values:
            return
        # Before 18.0 GitLab clears the URL if the argument is left out.
        values.setdefault(URL, url or "")
        self._timeout_written = True
        made = self._tell(GATEWAY, values, self._gateway_selection())
        if made.done and TIMEOUT in values:
            same = self._settings().get(TIMEOUT) == values[TIMEOUT]
            self._see("timeout read", "as written" if same else "another one", same)
        self._restore_gateway()

    def _is_settled(self) -> bool:
        """Return whether all of GitLab's processes seem to show the same timeout.

        From 19.2 on, each caches the settings for a minute.
        """
        return all(
            self._settings().get(TIMEOUT) == self._before[TIMEOUT] for _look in range(_LOOKS)
        )

    def _gateway_selection(self) -> str:
        offered = f"{URL} {TIMEOUT}" if TIMEOUT in self._before else URL
        if self._learnt.fields.get(("DuoSettingsUpdatePayload", "duoSettings")):
            return f"duoSettings {{ {offered} }}"
        return URL if self._learnt.fields.get(("DuoSettingsUpdatePayload", URL)) else ""

    def _restore_gateway(self) -> bool:
        """Write the original settings; return whether GitLab says that it did."""
        offered = {URL: self._before.get(URL) or ""}
        if self._before.get(TIMEOUT) is not None:
            offered[TIMEOUT] = self._before[TIMEOUT]
        done = self._send(GATEWAY, offered, self._gateway_selection()).done
        self._timeout_written = not done
        return done

    def _use(self, identity: str, name: str, state: State) -> None:
        """Let an unconfigured feature use the model, and delete the model while it is in use."""
        default = state.default_provider(self._learnt.release)
        free = [
            feature
            for feature, it in state.settings.items()
            if it.listed
            and it.provider == default
            and not it.gitlab_model
            and not is_agent_feature(feature)
            and _FAMILY.lower() in (it.families or ())
        ]
        if free:
            self._feature = free[-1]
            many = self._learnt.release.many_features_per_update
            features: dict[str, Any] = (
                {"features": [self._feature.upper()]}
                if many
                else {"feature": self._feature.upper()}
            )
            values = {"provider": "SELF_HOSTED", "aiSelfHostedModelId": identity, **features}
            self._tell(FEATURE, values)
            state = self._look()
            now, model = state.settings.get(self._feature), state.models.get(name)
            fits = now is not None and (now.provider, now.model) == ("self_hosted", name)
            self._see("feature set", "that model" if fits else "another state", fits)
            linked = model is not None and self._feature in model.features
            self._see("feature linked", "listed" if linked else "not listed", linked)
        self._tell(DELETE, {"id": identity})
        state = self._look()
        self._see("deleted", "listed" if name in state.models else "gone", name not in state.models)
        if self._feature:
            now = state.settings.get(self._feature)
            back = now is not None and now.provider == default
            self._see("feature back", public(now and now.provider, PROVIDERS), back)
        self._tell(DELETE, {"id": identity})

    # --- undoing -----------------------------------------------------------------------------
    def _clear_leftovers(self) -> None:
        """Remove the remains of an earlier run, and restore the timeout that it found.

        :raises Failure: that does not succeed.
        """
        state = self._state()
        marks = [_MARK.fullmatch(name) for name in state.models]
        found = [int(mark[1]) for mark in marks if mark]
        self._before = self._settings()
        if found and found[0] and self._before.get(TIMEOUT) == _other(found[0]):
            self._before[TIMEOUT] = found[0]
            if not self._restore_gateway():
                raise Failure(
                    conformance_messages.TRIAL_LEFTOVER, left=f"{TIMEOUT} should be {found[0]}"
                )
        if left := self._remove_models():
            raise Failure(conformance_messages.TRIAL_LEFTOVER, left=", ".join(left))

    def _remove_models(self) -> list[str]:
        """Delete all models of this check; return the names of those that remain."""
        for _try in range(2):
            ours = {it.name: it.id for it in self._state().models.values() if _is_ours(it.name)}
            if not ours:
                return []
            for identity in ours.values():
                self._send(DELETE, {"id": identity})
        return sorted(name for name in self._state().models if _is_ours(name))

    def _undo(self) -> tuple[str, bool]:
        """Undo everything; return what remains, in words, and whether nothing does."""
        left = []
        try:
            for _try in range(3):
                if not self._timeout_written or self._restore_gateway():
                    break
            left += [f"{TIMEOUT} and {URL}"] if self._timeout_written else []
            left += self._remove_models()
            now = self._state().settings.get(self._feature) if self._feature else None
            if now and now.provider == "self_hosted":
                left.append(f"feature {self._feature}")
        except Failure as problem:
            left.append(f"models named {PREFIX}… (GitLab did not answer: {problem.code})")
        return "still there: " + ", ".join(left) if left else "nothing remains", not left


def _is_ours(name: str) -> bool:
    return name.startswith(PREFIX)


def _other(timeout: int) -> int:
    return timeout - 1 if timeout >= _LONGEST else timeout + 1
