# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A GitLab release and what is different in it. No other file compares versions.

What has a name in GitLab (features, families, providers) is in ``_offers.py``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ._offers import FAMILIES, FEATURES, Minor, Offer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Patch = tuple[int, int, int]

OLDEST: Minor = (17, 9)
NEWEST: Minor = (19, 5)
# Minors at which an upgrade must stop on its way (from 17.5; docs update/upgrade_paths).
STOPS = (2, 5, 8, 11)


@dataclass(frozen=True)
class Release:
    """One GitLab release, read from ``metadata.version``."""

    text: str
    minor: Minor
    patch: int = 0
    # Whether the patch was named. GitLab names its own; one that is only planned may be open.
    exact: bool = True

    @classmethod
    def parse(cls, text: str) -> Release | None:
        """Return the release of a version such as ``18.9.2-ee``, or None if it is not one."""
        found = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
        if not found:
            return None
        major, minor, patch = found.groups(default="0")
        exact = found[3] is not None
        return cls(f"{major}.{minor}.{patch}", (int(major), int(minor)), int(patch), exact)

    @property
    def supported(self) -> bool:
        """Whether GitLab Duo Self-Hosted can be configured over the API at all (17.9)."""
        return self.minor >= OLDEST

    @property
    def newer_than_known(self) -> bool:
        """Whether it came after the newest release whose sources were read."""
        return self.minor > NEWEST

    def is_before(self, other: Release) -> bool:
        """Return whether the other release is later: by its patch only where both name one."""
        if self.exact and other.exact:
            return (*self.minor, self.patch) < (*other.minor, other.patch)
        return self.minor < other.minor

    def is_patch(self, patch: Patch) -> bool:
        """Return whether this is that patch, and says so."""
        return self.exact and (*self.minor, self.patch) == patch

    def reaches(self, since: Minor | Patch) -> bool:
        """Return whether this release has what came with another one.

        Where no patch is named, the newest of its minor is meant.
        """
        if self.exact or len(since) == 2:
            return (*self.minor, self.patch)[: len(since)] >= since
        return self.minor >= since[:2]

    def passes(self, since: Minor | Patch, target: Release) -> bool:
        """Return whether an upgrade to the target brings what came with a minor or a patch."""
        return target.reaches(since) and not self.reaches(since)

    def may_have(self, since: Minor | Patch, fixed: Sequence[Minor | Patch]) -> bool:
        """Return whether this release has a fault, or may have it where it names no patch.

        :param fixed: the first patch without it of each minor that has it, then the first minor.
        """
        if not self.reaches(since) or self.minor >= fixed[-1][:2]:
            return False
        return not self.exact or not any(
            fix[:2] == self.minor and self.reaches(fix) for fix in fixed
        )

    def stops_on_the_way(self, target: Release) -> list[str]:
        """Return the minors between this release and the target at which an upgrade must stop."""
        ways = [
            (major, minor) for major in range(self.minor[0], target.minor[0] + 1) for minor in STOPS
        ]
        return [f"{way[0]}.{way[1]}" for way in ways if self.minor < way < target.minor]

    def has(self, offer: Offer) -> bool | None:
        """Return whether this release has something; None where the sources leave it open."""
        if self.minor < offer.since:
            return False
        return True if self.minor >= offer.certain else None

    def names(self, offers: Mapping[str, Offer]) -> list[str]:
        """Return the names of what this release has, or may have."""
        return [name for name, offer in offers.items() if self.has(offer) is not False]

    def families_of(self, feature: str) -> tuple[str, ...] | None:
        """Return the families that fit a feature that is not listed; None if not known.

        Read in 18.9, 18.11 and 19.4; a listed feature tells its families itself.
        """
        if not ((18, 9) <= self.minor <= (18, 11) or self.minor == (19, 4)):
            return None
        known = FEATURES[feature].families if feature in FEATURES else ()
        return tuple(name for name in known if self.has(FAMILIES[name])) or None

    def is_beta_feature(self, name: str) -> bool:
        """Return whether this release lists a feature only while beta features are on."""
        return name in FEATURES and self.minor < FEATURES[name].beta_before

    @property
    def default_provider(self) -> str:
        """Provider of a feature that nobody configured.

        18.2 and 18.3 are open; a listed feature that reads ``unassigned`` is better evidence than
        this table.
        """
        return "unassigned" if self.minor >= (18, 4) else "vendored"

    @property
    def model_needs_endpoint(self) -> bool:
        """Whether a model of any provider needs an endpoint (not from 19.0).

        ``endpoint`` is ``String!`` in the inputs of the mutations and of the connection check; a
        migration of 19.0 drops the column's NOT NULL.
        """
        return self.minor < (19, 0)

    @property
    def prefix_decides_provider(self) -> bool:
        """Whether the identifier's prefix decides the provider of a model that is created.

        ``before_save`` of ee/app/models/ai/self_hosted_model.rb of 18.11, where models have a
        provider for the first time. An update takes the provider as it is sent.
        """
        return self.minor < (19, 0)

    @property
    def many_features_per_update(self) -> bool:
        """Whether ``aiFeatureSettingUpdate`` takes ``features``, not ``feature`` (17.11)."""
        return self.minor >= (17, 11)

    @property
    def listing_shows_beta_on(self) -> bool:
        """Whether a listed beta feature proves that beta features are on.

        On 17.9 the list depends on a feature flag alone; 17.10 was not read closely enough.
        """
        return self.minor >= (17, 11)

    @property
    def listing_shows_beta_off(self) -> bool:
        """Whether the absence of beta features from the list proves that they are off.

        17.11 and 18.0 may still hide them behind a feature flag.
        """
        return self.minor >= (18, 1)

    @property
    def listed_with_beta(self) -> set[str]:
        """Beta features that are certainly listed while beta features are on, by any licence."""
        return {
            name
            for name, it in FEATURES.items()
            if self.is_beta_feature(name) and self.has(it) and not it.ultimate
        }

    @property
    def toggle_beta_path(self) -> str:
        """Path of the beta switch, for when no page names it (the page's attribute is better)."""
        place = "duo_self_hosted" if self.minor >= (17, 11) else "self_hosted_models"
        return f"/admin/ai/{place}/toggle_beta_models"

    @property
    def probes_are_doubtful(self) -> bool:
        """Whether GitLab's own probes may fail although a self-hosted set-up works.

        Its page on the health check calls it unreliable for these before 17.10.
        """
        return self.minor < (17, 10)

    @property
    def connection_check_seconds(self) -> int:
        """Seconds that GitLab waits for the gateway in the connection check of a model.

        3 in 18.9, 15 in 19.4; the releases between were not read.
        """
        return 15 if self.minor >= (19, 4) else 3

    @property
    def agent_platform_needs_beta(self) -> bool | None:
        """Whether the Agent Platform with an online licence needs beta features on.

        Documented for 18.7 and 18.8, and not from 18.9 on; None before, when it was an experiment
        or beta itself.
        """
        if self.minor < (18, 7):
            return None
        return self.minor < (18, 9)

    @property
    def bills_agent_requests(self) -> bool:
        """Whether the Agent Platform is billed by request, unless the licence is an offline one.

        Flag self_hosted_dap_per_request_billing, on by default from 18.9.
        """
        return self.minor >= (18, 9)

    @property
    def shows_settings_written(self) -> bool:
        """Whether the payload of ``duoSettingsUpdate`` has ``duoSettings``.

        It has in 18.4; in 18.0 it is flat, and of 18.1 to 18.3 the exact minor is open.
        """
        return self.minor >= (18, 4)

    @property
    def agents_have_add_on(self) -> bool:
        """Whether there is the add-on that offline licences need for the Agent Platform (18.8)."""
        return self.minor >= (18, 8)

    @property
    def has_gitlab_models(self) -> bool:
        """Whether ``vendored`` means one of a list of GitLab's own models (18.4)."""
        return self.minor >= (18, 4)

    def serves_itself(self, feature: str) -> bool | None:
        """Return whether GitLab takes ``vendored`` for a feature; None if not known.

        ``glab_ask_git_command`` is missing in GitLab's own list in 18.9, and no more in 18.11.
        """
        if feature != "glab_ask_git_command" or self.minor >= (18, 11):
            return True
        return False if self.minor == (18, 9) else None

    @property
    def gateway_is_application_setting(self) -> bool:
        """Whether the gateway is saved and checked together with the application settings (19.2).

        Then each process keeps a copy of it for a minute, too (``CacheableAttributes``). MR 243574;
        the refusals and the old readings were seen on 19.4.
        """
        return self.minor >= (19, 2)

    @property
    def plans(self) -> tuple[str, ...]:
        """Licence plans that include self-hosted models (Premium from 18.0)."""
        return ("ultimate", "premium") if self.minor >= (18, 0) else ("ultimate",)

    @property
    def online_needs_add_on(self) -> bool:
        """Whether an online licence needs Duo Enterprise to manage models (not from 18.9)."""
        return self.minor < (18, 9)
