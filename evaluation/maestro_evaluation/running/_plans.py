"""Which plans there are: every pair that may be called, and a readable list of plans of several calls."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from maestro_evaluation.plans import Plan
from maestro_graph.errors import MaestroError, UnknownNameError
from maestro_graph.registry import Action, Registry

__all__ = ["all_plans", "listed_plans", "pairs"]

PACKAGED = "embedded.yaml"


class _Listed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    plan: str = Field(min_length=1)
    why: str = ""


class _PlanFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    why: str = ""
    plans: tuple[_Listed, ...] = ()


def pairs(registry: Registry) -> tuple[Plan, ...]:
    """One call each: every pair that may be called now."""
    return tuple(Plan((action,)) for action in registry.actions())


def all_plans(registry: Registry, file: Path | None = None) -> tuple[Plan, ...]:
    """The pairs, then the listed plans of several calls."""
    return (*pairs(registry), *listed_plans(registry, file))


def listed_plans(registry: Registry, file: Path | None = None) -> tuple[Plan, ...]:
    """The plans of a YAML file (`plans: [{plan: "a > b@@Skill", why: …}, …]`).

    Without a file those that ship for the embedded ensemble, as far as this registry can carry them out.

    Raises:
        MaestroError: the file cannot be read, or a plan of it is none of this registry.
    """
    actions = set(registry.actions())
    if file is None:
        text = (files("maestro_evaluation.running") / "plans" / PACKAGED).read_text(encoding="utf-8")
        return tuple(plan for plan in _parse(text, PACKAGED) if set(plan.actions) <= actions)
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MaestroError(f"the plans {str(file)!r} cannot be read: {error}; give another --plans") from error
    found = _parse(text, str(file))
    for plan in found:
        for action in plan.actions:
            _check(action, actions, f"{file}, plan {str(plan)!r}")
    return found


def _parse(text: str, where: str) -> tuple[Plan, ...]:
    try:
        read = _PlanFile.model_validate(yaml.safe_load(text) or {})
    except yaml.YAMLError as error:
        raise MaestroError(f"{where} is no YAML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        at = ".".join(str(part) for part in first["loc"]) or "the file"
        raise MaestroError(f"{where}: {at}: {first['msg']}; write plans: [{{plan: 'a > b', why: …}}]") from error
    plans = tuple(Plan.parse(item.plan) for item in read.plans)
    for plan in plans:
        if len(plan.actions) < 2:
            raise MaestroError(
                f"{where}: the plan {str(plan)!r} is one call; single calls are all there without a list"
            )
        if plans.count(plan) > 1:
            raise MaestroError(f"{where}: the plan {str(plan)!r} is there twice; take one out")
    return plans


def _check(action: Action, actions: set[Action], where: str) -> None:
    if action not in actions:
        name = action[0] if action[1] is None else f"{action[0]}@@{action[1]}"
        known = [one if skill is None else f"{one}@@{skill}" for one, skill in actions]
        raise MaestroError(f"{where}: {UnknownNameError('pair', name, known)}")
