# SPDX-License-Identifier: GPL-3.0-or-later
"""The administrator's pages that a token cannot open (GitLab 18.9, ee/app/controllers/admin)."""

from __future__ import annotations

from starlette.responses import HTMLResponse, JSONResponse, Response

from . import html, page_data
from .pages import Handler, Visit, gate, not_found
from .state import Acceptance, Instance, User
from .subscription import queue_sync

WORKFLOW_USER = "duo-developer"
#: Known to exist in this release; earlier ones were not read.
WORKFLOW_SINCE = (18, 4)


def enterprise_only(handler: Handler) -> Handler:
    """The Community Edition does not have these routes."""

    def page(visit: Visit) -> Response:
        if not visit.instance.options.enterprise:
            return not_found(visit)
        return handler(visit)

    return page


def admin_home(visit: Visit) -> Response:
    return gate(visit) or visit.admin("Dashboard", "<h1>Admin area</h1>")


def configuration(visit: Visit) -> Response:
    refused = gate(visit)
    if refused:
        return refused
    abilities = visit.abilities
    if not abilities.duo_add_on or not abilities.paid_plan:
        return visit.redirect(page_data.DUO)
    element = html.data_element("js-ai-settings", page_data.configuration(visit))
    return visit.admin("Configuration", element)


def duo_home(visit: Visit) -> Response:
    refused = gate(visit)
    if refused:
        return refused
    if not visit.abilities.licensed:
        return not_found(visit)
    element = html.data_element("js-gitlab-duo-admin-page", page_data.duo_home(visit))
    return visit.admin("GitLab Duo", element)


def models(visit: Visit) -> Response:
    """The page of the models; the frontend also shows the page for a new model."""
    refused = gate(visit)
    if refused:
        return refused
    if not visit.abilities.manage_self_hosted:
        return not_found(visit)
    moved = page_data.models_path(visit.instance.release) == page_data.MODEL_SELECTION
    element = "js-duo-instance-model-selection" if moved else "js-duo-self-hosted"
    title = "Model selection" if moved else "Model configuration"
    return visit.admin(title, html.data_element(element, page_data.models(visit)))


def seats(visit: Visit) -> Response:
    refused = gate(visit)
    if refused:
        return refused
    if not visit.abilities.licensed:
        return not_found(visit)
    if not visit.instance.add_on_active("DUO_ENTERPRISE", "CODE_SUGGESTIONS"):
        return visit.redirect(page_data.DUO)
    return visit.admin("Seat utilization", "<div id='js-seat-utilization'></div>")


def _workflow_refused(visit: Visit) -> Response | None:
    """`check_can_admin_duo_workflow`: the licence includes flows, and GitLab Duo is on."""
    refused = gate(visit, write=True)
    if refused:
        return refused
    there = visit.instance.release.at_least(*WORKFLOW_SINCE) and visit.abilities.paid_plan
    return None if there and visit.instance.duo_on else not_found(visit)


def connect_workflow(visit: Visit) -> Response:
    """Connect the Agent Platform's own user, with which it acts for others (composite identity)."""
    refused = _workflow_refused(visit)
    if refused:
        return refused
    instance = visit.instance
    if instance.workflow_user is None and instance.user(WORKFLOW_USER) is not None:
        visit.session.alert = "Username has already been taken"
        return visit.redirect(page_data.DUO)
    connect(instance)
    visit.session.notice = "Duo Agent Platform Settings have been saved"
    return visit.redirect(page_data.DUO)


def connect(instance: Instance) -> None:
    """Create the user, or unblock the existing one."""
    if instance.workflow_user is None:
        user = User(instance.next_id("user"), WORKFLOW_USER, "", name="Duo Developer")
        instance.users.append(user)
        instance.workflow_user = user
    instance.workflow_user.state = "active"


def disconnect_workflow(visit: Visit) -> Response:
    """The user stays, blocked; connecting again unblocks it. 422 where there never was one."""
    refused = _workflow_refused(visit)
    if refused:
        return refused
    user = visit.instance.workflow_user
    if user is None:
        return Response(status_code=422)
    user.state = "blocked"
    return HTMLResponse("")


def toggle_beta(visit: Visit) -> Response:
    """Toggles the caller's own row only; 204 with an empty body."""
    refused = gate(visit, write=True)
    if refused:
        return refused
    user = visit.user
    if user is None or not visit.abilities.manage_self_hosted:
        return not_found(visit)
    instance = visit.instance
    mine = [row for row in instance.acceptances if row.user_id == user.id]
    if mine:
        instance.acceptances.remove(mine[0])
    else:
        instance.acceptances.append(Acceptance(user.id, user.email))
        instance.audit("self_hosted_model_terms_accepted")
    return Response(status_code=204)


def sync_seat_link(visit: Visit) -> Response:
    """200 only means that a job is queued, 422 that there is nothing to synchronise."""
    refused = gate(visit, write=True, sync=True)
    if refused:
        return refused
    queued = queue_sync(visit.instance)
    return JSONResponse({"success": queued}, 200 if queued else 422)
