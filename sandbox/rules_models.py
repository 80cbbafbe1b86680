# SPDX-License-Identifier: GPL-3.0-or-later
"""What GitLab accepts as a self-hosted model.

Source: ai/self_hosted_model.rb of GitLab 18.9 unless said otherwise.
"""

from __future__ import annotations

from typing import Any

from .errors import ServerFault
from .state import Instance, SelfHostedModel, now
from .url_blocker import Blocked, check_endpoint

MAX_IDENTIFIER = 255
MAX_NAME = 255
MAX_ENDPOINT = 2048
MAX_ROLE = 2048


#: 19.0 drops NOT NULL from the endpoint: from then on only the provider API needs one, and the
#: endpoint of any other is not looked at.
ENDPOINT_OPTIONAL = (19, 0)
#: 18.11: `before_save` of a new model sets its provider by the prefix of its identifier.
PREFIXES = {"bedrock/": "bedrock", "vertex_ai/": "vertex_ai"}


def _endpoint_problems(instance: Instance, model: SelfHostedModel) -> list[str]:
    """Check the endpoint. Spaces around it are removed only if it is checked."""
    optional = instance.release.at_least(*ENDPOINT_OPTIONAL)
    if optional and model.provider != "api":
        return []
    if not (model.endpoint or "").strip():
        blank = "Endpoint can't be blank"
        return [blank] if optional else [blank, "Endpoint must be a valid URL"]
    model.endpoint = (model.endpoint or "").strip()
    try:
        check_endpoint(instance, model.endpoint)
    except Blocked as reason:
        return [f"Endpoint is blocked: {reason}"]
    return []


def _problems(instance: Instance, model: SelfHostedModel) -> list[str]:
    """GitLab's validations in their order: endpoint, name, identifier."""
    problems = _endpoint_problems(instance, model)
    if not model.name.strip():
        problems.append("Name can't be blank")
    elif any(one.name == model.name and one.id != model.id for one in instance.models):
        # Hidden models of beta families count too.
        problems.append("Name has already been taken")
    problems += _role_problems(model)
    if len(model.identifier or "") > MAX_IDENTIFIER:
        problems.append("Identifier is too long (maximum is 255 characters)")
    return problems


def _role_problems(model: SelfHostedModel) -> list[str]:
    """Of Bedrock only; the limit is that of the column, and the texts are the sandbox's own."""
    role = model.iam_role or ""
    if role and model.provider != "bedrock":
        return ["Iam role must be blank"]
    return ["Iam role is too long (maximum is 2048 characters)"] if len(role) > MAX_ROLE else []


def _database_check(model: SelfHostedModel) -> None:
    """Only constraints of the database refuse these, so it ends in HTTP 500."""
    too_long = len(model.name) > MAX_NAME or len(model.endpoint or "") > MAX_ENDPOINT
    if too_long or model.provider is None:
        raise ServerFault


def _given(data: dict[str, Any]) -> dict[str, Any]:
    """Return the input's keys as columns, without those that were left out."""
    columns = {
        "name": "name",
        "model": "model",
        "endpoint": "endpoint",
        "identifier": "identifier",
        "apiToken": "api_token",
        "provider": "provider",
        "iamRole": "iam_role",
    }
    given = {column: data[key] for key, column in columns.items() if key in data}
    given["model"] = given["model"].lower()
    if given.get("provider") is not None:
        given["provider"] = given["provider"].lower()
    return given


def set_provider(instance: Instance, model: SelfHostedModel) -> None:
    """18.11, a new model: by its prefix. A bare ARN has none, nor has an upper-case one."""
    release, identifier = instance.release, model.identifier
    if not release.at_least(18, 11) or release.at_least(*ENDPOINT_OPTIONAL) or identifier is None:
        return
    found = (one for prefix, one in PREFIXES.items() if identifier.startswith(prefix))
    model.provider = next(found, "api")


def build(data: dict[str, Any]) -> SelfHostedModel:
    """A model that is not saved: what the connection check sends on, never validated."""
    return SelfHostedModel(id=0, **{"endpoint": None, **_given(data)})


def create(instance: Instance, data: dict[str, Any]) -> tuple[SelfHostedModel | None, list[str]]:
    model = build(data)
    problems = _problems(instance, model)
    if problems:
        return None, [", ".join(problems)]
    set_provider(instance, model)
    _database_check(model)
    model.id = instance.next_id("model")
    instance.models.append(model)
    instance.audit("self_hosted_model_created")
    return model, []


def update(
    instance: Instance, model_id: int | None, data: dict[str, Any]
) -> tuple[SelfHostedModel | None, list[str]]:
    """Optional keys that are left out are kept; an unknown id is not handled at all (18.9)."""
    model = instance.model(model_id)
    if model is None:
        raise ServerFault
    given = _given(data)
    changed = SelfHostedModel(**{**vars(model), **given})
    problems = _problems(instance, changed)
    if problems:
        return None, [", ".join(problems)]
    _database_check(changed)
    # A token is encrypted afresh each time, so sending one changes the row even if it is the same.
    if changed != model or given.get("api_token"):
        changed.updated_at = now()
    instance.models[instance.models.index(model)] = changed
    instance.audit("self_hosted_model_updated")
    return changed, []


def delete(instance: Instance, model_id: int | None) -> list[str]:
    """No guard: the foreign key is ON DELETE CASCADE, so the features' rows go with the model."""
    model = instance.model(model_id)
    if model is None:
        return ["Self-hosted model not found"]
    instance.models.remove(model)
    instance.features = [row for row in instance.features if row.model_id != model.id]
    instance.audit("self_hosted_model_destroyed")
    return []


def listed(instance: Instance) -> list[SelfHostedModel]:
    """Newest id first; while beta is off only models of GA families (17.9: likely, not dated)."""
    models = sorted(instance.models, key=lambda one: one.id, reverse=True)
    return [one for one in models if instance.beta_on or is_ga(instance, one)]


def is_ga(instance: Instance, model: SelfHostedModel) -> bool:
    return instance.catalog.families[model.model].release_state == "GA"
