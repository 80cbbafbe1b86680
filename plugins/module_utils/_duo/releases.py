# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Describe the differences between GitLab's releases. No other file compares versions.

Features, families and providers, which have names in GitLab, are in ``offers.py``.
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
    """A version of GitLab, with its differences that matter to GitLab Duo Self-Hosted."""

    @classmethod
    def of(cls, version: Version) -> Release:
        """Return the release of a version."""
        return cls(version.text, version.minor, version.patch, version.exact)

    @property
    def newer_than_known(self) -> bool:
        """Whether it came after the newest release whose sources were read."""
        return self.minor > NEWEST

    def has(self, offer: Offer) -> bool | None:
        """Return whether this release has something; None if the sources leave it open."""
        if self.minor < offer.since:
            return False
        return True if self.minor >= offer.certain else None

    def names(self, offers: Mapping[str, Offer]) -> list[str]:
        """Return the names of the offers that this release has, or may have."""
        return [name for name, offer in offers.items() if self.has(offer) is not False]

    def families_of(self, feature: str) -> tuple[str, ...] | None:
        """Return the families that fit an unlisted feature; None if they are not known.

        They were read in 18.9, 18.11 and 19.4. GitLab lists a feature with its families.
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
        """Provider of a feature that was never configured.

        For 18.2 and 18.3 it is not known; a feature that GitLab lists as ``unassigned`` is better
        evidence than this property.
        """
        return "unassigned" if self.minor >= (18, 4) else "vendored"

    @property
    def model_needs_endpoint(self) -> bool:
        """Whether a model of any provider needs an endpoint (until 18.11).

        Until then ``endpoint`` is ``String!`` in the inputs of the mutations and of the connection
        check; a migration of 19.0 drops the column's NOT NULL.
        """
        return self.minor < (19, 0)

    @property
    def prefix_decides_provider(self) -> bool:
        """Whether the identifier's prefix decides the provider of a new model.

        See ``before_save`` in ee/app/models/ai/self_hosted_model.rb of 18.11, the first release
        whose models have a provider. An update stores the provider as it is sent.
        """
        return self.minor < (19, 0)

    @property
    def has_iam_role(self) -> bool:
        """Whether models have an IAM role, which the gateway assumes for Amazon Bedrock (19.5).

        In the GraphQL reference of 19.5; whether 19.5.0 has it already was not read.
        """
        return self.minor >= (19, 5)

    @property
    def many_features_per_update(self) -> bool:
        """Whether ``aiFeatureSettingUpdate`` has ``features`` instead of ``feature`` (17.11)."""
        return self.minor >= (17, 11)

    @property
    def listing_shows_beta_on(self) -> bool:
        """Whether a listed beta feature proves that beta features are on.

        On 17.9 the list depends on a feature flag alone; for 17.10 it is not known.
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
        """Features that are certainly listed while beta features are on, whatever the licence."""
        return {
            name
            for name, it in FEATURES.items()
            if self.is_beta_feature(name) and self.has(it) and not it.ultimate
        }

    @property
    def toggle_beta_path(self) -> str:
        """Path of the beta switch, used if the page does not name it in its attribute."""
        place = "duo_self_hosted" if self.minor >= (17, 11) else "self_hosted_models"
        return f"/admin/ai/{place}/toggle_beta_models"

    @property
    def probes_are_doubtful(self) -> bool:
        """Whether GitLab's own probes may fail although a self-hosted set-up works.

        GitLab's page on the health check calls it unreliable for self-hosted models before 17.10.
        """
        return self.minor < (17, 10)

    @property
    def connection_check_seconds(self) -> int:
        """Seconds that GitLab waits for the gateway in the connection check of a model.

        3 in 18.9, 15 in 19.4; for the releases between it is not known.
        """
        return 15 if self.minor >= (19, 4) else 3

    @property
    def agent_platform_needs_beta(self) -> bool | None:
        """Whether the Agent Platform with an online licence needs beta features on.

        Documented for 18.7 and 18.8, no longer from 18.9; None before, when the Agent Platform was
        itself experimental or beta.
        """
        if self.minor < (18, 7):
            return None
        return self.minor < (18, 9)

    @property
    def has_composite_identity(self) -> bool:
        """Whether flows act with an account that an administrator connects on an admin page.

        There by 18.4, and read in 18.9 and 19.4; earlier releases were not read.
        """
        return self.minor >= (18, 4)

    @property
    def bills_agent_requests(self) -> bool:
        """Whether the Agent Platform is billed per request, unless the licence is an offline one.

        Flag self_hosted_dap_per_request_billing, on by default from 18.9.
        """
        return self.minor >= (18, 9)

    @property
    def shows_objects_written(self) -> bool:
        """Whether payloads of mutations show self-hosted models and feature settings as stored.

        Seen on 18.9, 18.11 and 19.4; earlier releases have the fields, but were not tried.
        """
        return self.minor >= (18, 9)

    @property
    def shows_settings_written(self) -> bool:
        """Whether the payload of ``duoSettingsUpdate`` has ``duoSettings``.

        It does in 18.4; in 18.0 the payload is flat. The minor that changed it is not known.
        """
        return self.minor >= (18, 4)

    @property
    def agents_have_add_on(self) -> bool:
        """Whether offline licences need an add-on of its own for the Agent Platform (18.8)."""
        return self.minor >= (18, 8)

    @property
    def has_gitlab_models(self) -> bool:
        """Whether ``vendored`` chooses from a list of GitLab's own models (18.4)."""
        return self.minor >= (18, 4)

    def serves_itself(self, feature: str) -> bool | None:
        """Return whether GitLab accepts ``vendored`` for a feature; None if not known.

        ``glab_ask_git_command`` is missing from GitLab's list of models in 18.9, but not in 18.11.
        """
        if feature != "glab_ask_git_command" or self.minor >= (18, 11):
            return True
        return False if self.minor == (18, 9) else None

    @property
    def gateway_is_application_setting(self) -> bool:
        """Whether the gateway is saved and checked together with the application settings (19.2).

        Each process then also caches it for a minute (``CacheableAttributes``). Source:
        gitlab-org/gitlab!243574; the refusals and the stale readings were seen on 19.4.
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
