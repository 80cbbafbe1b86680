# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connect and disconnect the account with which flows act, on the admin pages of GitLab Duo.

GitLab calls it composite identity: ``@duo-developer``, made by ``POST
/admin/ai/duo_workflow_settings``, blocked by ``…/disconnect`` and unblocked by the first one again
(``duo_workflow_settings_controller.rb`` of 18.9 and 19.4). Repeating either is harmless.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._base import messages
from .._base.messages import Failure, Unclear
from .admin_session import AdminPage

if TYPE_CHECKING:
    from .admin_session import AdminSession
    from .http import Answer

PAGE = "/admin/gitlab_duo"
CONNECT = "/admin/ai/duo_workflow_settings"
DISCONNECT = f"{CONNECT}/disconnect"
# On the page of 18.9, but not on that of 19.4.
_ENABLED = "data-duo-workflow-enabled"
_PATHS = {CONNECT: "data-duo-workflow-settings-path", DISCONNECT: "data-duo-workflow-disable-path"}
_TAKEN = "has already been taken"


def is_connected(session: AdminSession) -> bool | None:
    """Return whether the account is there and not blocked; None if the page does not show it.

    :raises Failure: the sign-in failed, or GitLab does not show the page.
    """
    return _state(_page(session))


def connect(session: AdminSession) -> None:
    """Let GitLab make the account, or unblock it.

    :raises Unclear: it is not known whether it was done.
    :raises Failure: GitLab refused it, which it tells on the page that it leads to.
    """
    before = _page(session)
    answer = _post(session, before, CONNECT)
    if not 300 <= answer.status < 400 or not _leads_to_page(answer):
        raise session.form_refused(CONNECT, answer)
    try:
        after = _page(session)
    except Failure as failure:
        raise Unclear.after(failure) from None
    if alerts := [it for it in after.alerts if it not in before.alerts]:
        reason = " ".join(alerts).rstrip(".")
        hint = messages.FREE_ACCOUNT if _TAKEN in reason else messages.LOOK_INTO_LOGS
        raise Failure(messages.AGENT_PLATFORM_REFUSED, reason=reason, hint=hint)


def disconnect(session: AdminSession) -> None:
    """Let GitLab block the account; there is nothing to do where GitLab has never made it.

    :raises Unclear: it is not known whether it was done.
    :raises Failure: GitLab refused it.
    """
    answer = _post(session, _page(session), DISCONNECT)
    # A refused CSRF token is a 422 too, with a page that says so.
    never_made = answer.status == 422 and not answer.text.strip()
    if answer.status != 200 and not never_made:
        raise session.form_refused(DISCONNECT, answer)


def _post(session: AdminSession, page: AdminPage, path: str) -> Answer:
    answer = session.post(session.below(page.data.get(_PATHS[path])) or path)
    if answer.status == 404:
        raise Failure(messages.NO_AGENT_PLATFORM, path=path)
    return answer


def _page(session: AdminSession) -> AdminPage:
    answer = session.page(PAGE)
    if answer.status != 200:
        raise session.page_refused(PAGE, answer)
    return AdminPage(answer.text)


def _state(page: AdminPage) -> bool | None:
    return {"true": True, "false": False}.get(page.data.get(_ENABLED, ""))


def _leads_to_page(answer: Answer) -> bool:
    return answer.headers.get("Location", "").split("?")[0].rstrip("/").endswith(PAGE)
