# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A GitLab release and what is different in it. No other file compares versions.

What has a name in GitLab (features, families, providers) is in ``offers.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._base.version import Minor, Version
from .offers import FAMILIES, FEATURES, Offer

if TYPE_CHECKING:
    from collections.abc import Mapping

NEWEST: Minor = (19, 5)


@dataclass(frozen=True)
class Release(Version):
    """A version of GitLab, and what is different in it for GitLab Duo Self-Hosted."""

    @classmethod
    def of(cls, version: Version) -> Release:
        """Return what is known of a version."""
        return cls(version.text, version.minor, version.patch, version.exact)

    @property
    def newer_than_known(self) -> bool:
        """Whether it came after the newest release whose sources were read."""
        return self.minor > NEWEST

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
