# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The failures of the collection: what happened, and what to do next.

Every sentence is here or in one of the files ``*_messages.py`` beside it, and nowhere else. A
message never contains a secret: its values come from options that are not secret and from GitLab's
own error messages.
"""

from __future__ import annotations

from .failure import Failure, Journal, Message, Unclear, accepted, close, one_line

# A failure needs both: the sentence and its data.
__all__ = ["Failure", "Journal", "Message", "Unclear", "accepted", "close", "one_line"]

# --- options -----------------------------------------------------------------------------------
INVALID_OPTION = Message("invalid-option", "{problems}.", "{write} Nothing was sent to GitLab.")
_INSTALL = (
    "Install it there: {install}. On the controller, choose the Python with delegate_to: localhost "
    "or ansible_python_interpreter."
)
LIBRARY_MISSING = Message(
    "library-missing",
    "The Python library {library} is not installed for {python}.",
    _INSTALL,
)
LIBRARY_TOO_OLD = Message(
    "library-too-old",
    "{python} has the Python library {library} {found}; version {needed} or later is needed.",
    _INSTALL,
)
LIBRARY_BROKEN = Message(
    "library-broken",
    "The Python library {library} cannot be loaded by {python} ({reason}).",
    _INSTALL,
)
UNKNOWN_NAME = Message(
    "unknown-name",
    "{option}: GitLab {version} has no {kind} {given}.",
    "Accepted here: {names}.",
)
NOT_OFFERED = Message(
    "not-offered",
    "{option} needs GitLab {since} or later; this is {version}.",
    "Leave it out for this instance, set when_unsupported: warn to skip it, or upgrade GitLab.",
)
# For a feature whose model is skipped for the same reason.
MODEL_NOT_OFFERED = Message("model-not-offered", "{reason}", NOT_OFFERED.next_step)
NOT_APPROVED = Message(
    "not-approved",
    "What would change is no longer what was approved: {objects}. This task has written nothing.",
    "Look at what has changed in GitLab, make a new plan with a dry run, and have it approved.",
)

# --- permissions -------------------------------------------------------------------------------
TOKEN_REFUSED = Message(
    "token-refused",
    "GitLab does not accept the token (401: {reason}).",
    "It is unknown, expired, revoked, or lacks the scope api: set api_token to a personal access "
    "token of an administrator with the scope api.",
)
TOKEN_SCOPE = Message(
    "token-scope",
    "The token has the scopes {scopes}; changes need the scope api.",
    "Create a personal access token of an administrator with the scope api.",
)
NOT_ADMINISTRATOR = Message(
    "not-administrator",
    "The token's user is not an administrator of this GitLab.",
    "Use the token of an administrator; ordinary users cannot read or change these settings.",
)
NO_LICENSE = Message(
    "no-license",
    "This GitLab has no active licence.",
    "Add a {plans} licence under Admin > Subscription.",
)
PLAN_TOO_LOW = Message(
    "plan-too-low",
    "The {plan} plan does not include self-hosted models in GitLab {version}.",
    "It needs {plans}.",
)
NO_ADD_ON = Message(
    "no-add-on",
    "GitLab shows no active {add_on} add-on (active: {add_ons}).",
    "{hint}",
)
NOT_PERMITTED = Message(
    "not-permitted",
    "GitLab does not permit it: {reason}.",
    "{hint} The licence ({plan}), the add-ons ({add_ons}) and the administrator's token look "
    "right.",
)

# --- GitLab's edition and version --------------------------------------------------------------
TOO_OLD = Message(
    "too-old",
    "GitLab {version} is too old for GitLab Duo Self-Hosted.",
    "Upgrade to 17.9 or later.",
)
COMMUNITY_EDITION = Message(
    "community-edition",
    "This is GitLab Community Edition {version}, which has no GitLab Duo.",
    "Install the Enterprise Edition (17.9 or later).",
)
UNKNOWN_VERSION = Message(
    "unknown-version",
    "GitLab did not return its version ({reason}).",
    "Check that the token's user may use the API and has accepted the terms of service.",
)
GRAPHQL_ERROR = Message(
    "graphql-error",
    "GitLab {version} refused the request: {reason}.",
    "If this release is supported, report this sentence with the GitLab version.",
)

# --- changes -----------------------------------------------------------------------------------
REFUSED = Message("refused", "GitLab refused it: {reason}.", "{hint}")
# The hint for a value that GitLab does not accept.
CORRECT = "Correct the value that it names, or the setting of GitLab that forbids it."
READ_ONLY = Message(
    "read-only",
    "GitLab is read-only ({reason}).",
    "Point api_url at the primary node, or end the maintenance mode.",
)
NOT_KEPT = Message(
    "not-kept",
    "GitLab accepted the change, but {witness} a different state ({objects}).",
    "Run again, in case something else changed it at the same time. Each GitLab process may show "
    "its copy of the old state for a minute; if a database replica or a caching proxy shows it for "
    "longer, raise settle_timeout. A model of a beta family stays hidden while beta features are "
    "off.",
)

# --- self-hosted models ------------------------------------------------------------------------
MODEL_IN_USE = Message(
    "model-in-use",
    "It is used by {features}; deleting it would drop their settings.",
    "Move these features to another model first, or set force: true.",
)
MODEL_INCOMPLETE = Message(
    "model-incomplete",
    "It does not exist yet, and creating it needs {options}.",
    "Add the missing options.",
)
MODEL_DOES_NOT_ANSWER = Message(
    "model-does-not-answer",
    "GitLab checked the connection before storing anything, and it does not work: {reason}.",
    "Check the model's endpoint, identifier and api_key, and that the AI gateway can reach it; a "
    "model that starts slowly needs a longer connection_check_timeout. Without connection_check "
    "it is stored all the same.",
)
MODEL_HIDDEN = Message(
    "model-hidden",
    "A self-hosted model with this name exists but is hidden.",
    "GitLab hides models of beta families while beta features are off: turn them on "
    "(duo_beta_features), or choose another name.",
)
FAMILY_IS_BETA = Message(
    "family-is-beta",
    "The model family {family} is beta, and beta features are off: GitLab would hide the model, "
    "or hides it already.",
    "Turn beta features on first (duo_beta_features).",
)
MODEL_WOULD_HIDE = Message(
    "model-would-hide",
    "The model family {family} is beta, and beta features are declared as off: GitLab would hide "
    "the model.",
    "Declare beta features as enabled, or use a model of another family.",
)
RENAME_COLLISION = Message(
    "rename-collision",
    "It cannot be renamed to {new_name}: both names exist.",
    "Remove one of the two models, or leave new_name out.",
)

# --- feature settings --------------------------------------------------------------------------
NO_SUCH_MODEL = Message(
    "no-such-model",
    "There is no self-hosted model named {model}.",
    "Models of this instance: {models}. A model of a beta family is hidden while beta features "
    "are off.",
)
INCOMPATIBLE = Message(
    "incompatible",
    "The family {family} of model {model} does not fit this feature.",
    "Families that fit: {families}.",
)

# --- settings of the instance ------------------------------------------------------------------
SETTINGS_UNREADABLE = Message(
    "settings-unreadable",
    "GitLab does not show its application settings to this token.",
    "Use the token of an administrator with the scope api; if Admin Mode is on, it needs the scope "
    "admin_mode as well.",
)
SETTING_NOT_SHOWN = Message(
    "setting-not-shown",
    "GitLab does not show this setting here, so it would accept a value and not keep it. "
    "It needs {needs}.",
    "Provide that, leave the option out for this instance, or set when_unsupported: warn to skip "
    "it.",
)
SETTING_NOT_KEPT = Message(
    "setting-not-kept",
    "GitLab accepted the change and did not keep it ({objects}).",
    "It needs {needs}. Provide that, or leave the option out.",
)

# --- beta features -----------------------------------------------------------------------------
AGREEMENT_NOT_ACCEPTED = Message(
    "agreement-not-accepted",
    "Turning on beta features accepts the GitLab Testing Agreement "
    "(https://handbook.gitlab.com/handbook/legal/testing-agreement/).",
    "Set accept_testing_agreement: true if you accept it.",
)
BETA_NEEDS_SIGN_IN = Message(
    "beta-needs-sign-in",
    "{reason}, but GitLab offers this only on an admin page that a token cannot open.",
    "Set the username and password of an administrator, or session_cookie, or use via: "
    "rails_runner on a GitLab node.",
)
BETA_STAYS_ON = Message(
    "beta-stays-on",
    "The switch of this account was flipped, but beta features stay on, because other "
    "administrators (perhaps deleted ones) accepted the GitLab Testing Agreement too.",
    "Use via: rails_runner on a GitLab node, which withdraws all acceptances. Running the task "
    "again as it is would flip the switch of this account back.",
)
BETA_STAYS_OFF = Message(
    "beta-stays-off",
    "GitLab accepted the switch, but beta features stay off.",
    "Look for the request in GitLab's logs.",
)

RAILS_NEEDS_USER = Message(
    "rails-needs-user",
    "Turning beta features on records who accepted the GitLab Testing Agreement.",
    "Set username to the administrator who accepts it.",
)
RAILS_NOT_FOUND = Message(
    "rails-not-found",
    "The command {command} was not found on this host.",
    "Run the task on a GitLab node, or set rails_command, for example to docker exec or kubectl "
    "exec followed by gitlab-rails runner.",
)
RAILS_FAILED = Message(
    "rails-failed",
    "gitlab-rails runner failed ({reason}).",
    "Check rails_command and the rights of the user that runs it (root on a Linux package node).",
)

# --- Agent Platform ----------------------------------------------------------------------------
AGENT_PLATFORM_NEEDS_SIGN_IN = Message(
    "agent-platform-needs-sign-in",
    "GitLab shows and changes this only on an admin page that a token cannot open.",
    "Set the username and password of an administrator, or session_cookie. There is no way to do "
    "it with rails_runner.",
)
AGENT_PLATFORM_REFUSED = Message(
    "agent-platform-refused", "GitLab did not connect it: {reason}.", "{hint}"
)
# GitLab makes the account under this name alone.
FREE_ACCOUNT = (
    "A user of this GitLab has the name duo-developer, under which GitLab makes the account: "
    "rename or delete that user, and run again."
)
LOOK_INTO_LOGS = "Look for the request in GitLab's logs."
NO_AGENT_PLATFORM = Message(
    "no-agent-platform",
    "GitLab has nothing to connect: it answers {path} with 404.",
    "Turn GitLab Duo on (Admin > GitLab Duo > Change configuration: on by default), and check "
    "that the licence includes the GitLab Duo Agent Platform.",
)
DUO_IS_OFF = Message(
    "duo-is-off",
    "GitLab Duo is off on this instance, so it cannot be {done}.",
    "Turn GitLab Duo on (Admin > GitLab Duo > Change configuration: on by default).",
)

# --- subscription ------------------------------------------------------------------------------
OFFLINE_LICENSE = Message(
    "offline-license",
    "An offline licence cannot be synchronised.",
    "Upload a new licence file, or activate again with a new activation code.",
)
SYNC_NEEDS_ONLINE = Message(
    "sync-needs-online",
    "GitLab synchronises only an online cloud licence with an expiry date; this one is {licence}.",
    "Activate GitLab with an activation code (Admin > Subscription), or upload a new licence file.",
)
SYNCED_JUST_NOW = Message(
    "synced-just-now",
    "The subscription was synchronised within the last 10 minutes, but GitLab still shows no "
    "self-hosted models.",
    "Check the add-ons under Admin > Subscription; sync: always synchronises again.",
)
SYNC_REFUSED = Message(
    "sync-refused",
    "GitLab has nothing to synchronise ({reason}).",
    "Only an online cloud licence with an expiry date can be synchronised; check Admin > "
    "Subscription.",
)
SYNC_NEEDS_SIGN_IN = Message(
    "sync-needs-sign-in",
    "The subscription should be synchronised, but GitLab offers this only on an admin page that a "
    "token cannot open.",
    "Set the username and password of an administrator, or session_cookie, or use via: "
    "rails_runner on a GitLab node; or set sync: never.",
)

# --- signing in --------------------------------------------------------------------------------
SIGN_IN_REFUSED = Message(
    "sign-in-refused",
    "GitLab refused the sign-in of {username}: {reason}.",
    "Check username and password; the sign-in was tried once and is not retried.",
)
SIGN_IN_NEEDS_MORE = Message(
    "sign-in-needs-more",
    "Signing in as {username} needs more than a password: {reason}.",
    "{hint}",
)
SIGN_IN_NOT_OFFERED = Message(
    "sign-in-not-offered",
    "The sign-in page has no form for a user name and password ({reason}).",
    "Password sign-in may be off, as with single sign-on.",
)
PAGE_REFUSED = Message(
    "page-refused",
    "The admin page {path} answered {status}: {reason}.",
    "{hint}",
)

# --- findings ----------------------------------------------------------------------------------
PREFLIGHT_FINDING = Message(
    "preflight-finding", "Cannot continue: {first}", "{action} Nothing was changed."
)
PREFLIGHT_FINDINGS = Message(
    "preflight-findings",
    "Cannot continue for {count} reasons: {findings}",
    "Nothing was changed.",
)

# --- health ------------------------------------------------------------------------------------
HEALTH_FINDING = Message("health-finding", "One check failed: {first}", "{action}")
HEALTH_FINDINGS = Message(
    "health-findings",
    "{failed} of {count} checks failed: {findings}",
    "The return value checks lists all of them.",
)
NOT_AS_DECLARED = Message(
    "not-as-declared",
    "It is not as declared; still to do: {change}.",
    "Run again, and find out who else changes it.",
)
GATEWAY_UNREACHABLE = Message(
    "gateway-unreachable",
    "{url} does not answer the controller ({reason}).",
    "Check the URL, and DNS, firewall, proxy and ca_path on the host that runs the task. GitLab "
    "itself may still reach the gateway.",
)

# --- upgrades ----------------------------------------------------------------------------------
NO_UPGRADE = Message(
    "no-upgrade",
    "GitLab {version} cannot be upgraded to {target}.",
    "Set target_version to a later release, such as 19.2 or 19.2.1.",
)
UPGRADE_FINDINGS = Message(
    "upgrade-findings",
    "Findings that fail the check of the upgrade to {target}: {count}. The first: {first}",
    "The return value findings lists all of them; fail_on decides which ones fail the task.",
)

# --- reports -----------------------------------------------------------------------------------
NO_REPORT = Message(
    "no-report",
    "{source} is not a report of this collection ({reason}).",
    "Name the JSON files that the callback gitlab_ops.duo.report or the module duo_report wrote.",
)
REPORT_VERSION = Message(
    "report-version",
    "{source} is a report of schema version {found}; this version of the collection knows {known}.",
    "Write and merge the reports with the same version of the collection.",
)
REPORT_NOT_WRITTEN = Message(
    "report-not-written",
    "The report was not written ({reason}).",
    "The run itself is not affected. Check the option folder; if the files are not the cause, "
    "report a bug.",
)
NOT_REPORTED = Message(
    "not-reported",
    "{variable} is listed as a result of {module}, which the report does not cover.",
    "Name one of: {names}.",
)
REPORT_FINDINGS = Message(
    "report-findings",
    "{sentence}",
    "The report says where and why: {paths}.",
)

UNEXPECTED = Message(
    "unexpected",
    "The collection itself failed ({reason} at {where}).",
    "This is a bug: report this sentence with the module's name and the GitLab version. Run with "
    "-vvv to see the traceback, which holds no values.",
)
