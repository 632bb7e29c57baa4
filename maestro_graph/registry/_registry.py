"""The live registry: the experts and skills that exist now, which are the action space."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from maestro_graph.cache import CallCache
from maestro_graph.errors import DuplicateNameError, RegistryError, UnknownNameError
from maestro_graph.experts import Expert
from maestro_graph.images import ImageStore
from maestro_graph.limits import Limiter
from maestro_graph.perceivers import MountedPerceiver, PerceiverKind
from maestro_graph.protocol import neutralise
from maestro_graph.skills import Skill

if TYPE_CHECKING:
    from maestro_graph.registry._config import RouterConfig
    from maestro_graph.routers import Router

__all__ = ["Action", "Registry"]

Action = tuple[str, str | None]
"""An expert's name, and the protocol name of a skill that runs on it or `None` for the direct call."""


class Registry:
    """Experts by name, skills by protocol name, and the router that chooses among them.

    Experts and skills can be added and removed while graphs run; a run sees the change at its next turn. Names are
    exact: a miss and a duplicate are errors that list what there is.

    Args:
        name: for reports and traces.
        experts, skills: what exists at the start.
        perceivers: what turns pictures into evidence for skills, by kind (one each).
        cache: shares replies among equal requests; by default in this process only.
        router: configuration of the default router.
        images: where references are opened; by default the user's cache directory.
        currency: what prices are in.
        deadline_s: seconds for a run that brings no deadline of its own.
    """

    def __init__(
        self,
        name: str = "registry",
        *,
        experts: Iterable[Expert] = (),
        skills: Iterable[Skill] = (),
        perceivers: Iterable[MountedPerceiver] = (),
        cache: CallCache | None = None,
        router: RouterConfig | None = None,
        images: ImageStore | None = None,
        currency: str = "USD",
        deadline_s: float = 120.0,
    ) -> None:
        self.name = name
        self.currency = currency
        self.deadline_s = deadline_s
        self.images = images or ImageStore()
        self.router_config = router
        self.cache = cache or CallCache()
        self._lock = threading.RLock()
        self._experts: dict[str, Expert] = {}
        self._perceivers: dict[PerceiverKind, MountedPerceiver] = {}
        self._skills: dict[str, Skill] = {}
        self._limiters: dict[str, Limiter] = {}
        self._actions: tuple[Action, ...] | None = None
        self._router: Router | None = None
        self.version = 0
        for expert in experts:
            self.add_expert(expert)
        for perceiver in perceivers:
            self.add_perceiver(perceiver)
        for skill in skills:
            self.add_skill(skill)

    @property
    def experts(self) -> Mapping[str, Expert]:
        """Experts by name, in the order they were added."""
        return MappingProxyType(self._experts)

    @property
    def perceivers(self) -> Mapping[PerceiverKind, MountedPerceiver]:
        """Perceivers by kind."""
        return MappingProxyType(self._perceivers)

    @property
    def skills(self) -> Mapping[str, Skill]:
        """Level-1 skills by protocol name."""
        return MappingProxyType(self._skills)

    def expert(self, name: str) -> Expert:
        """The expert of that exact name.

        Raises:
            UnknownNameError: there is none; the message lists what there is.
        """
        try:
            return self._experts[name]
        except KeyError:
            raise UnknownNameError("expert", name, self._experts) from None

    def skill(self, protocol_name: str) -> Skill:
        """The skill of that exact protocol name (`UnknownNameError` if there is none)."""
        try:
            return self._skills[protocol_name]
        except KeyError:
            raise UnknownNameError("skill", protocol_name, self._skills) from None

    def add_expert(self, expert: Expert) -> None:
        """Add an expert; `DuplicateNameError` if its name is taken."""
        if not isinstance(expert, Expert):
            raise RegistryError(
                f"a {type(expert).__name__} is no expert: that has a card and a coroutine ask; a chat model becomes "
                f"one by ChatExpert(model, ExpertCard(name=…, description=…))"
            )
        if neutralise(expert.card.name) != expert.card.name:
            raise RegistryError(
                f"the expert's name {expert.card.name!r} holds a control token of chat templates; choose another name"
            )
        with self._lock:
            if expert.card.name in self._experts:
                raise DuplicateNameError("expert", expert.card.name, self._experts)
            self._experts = {**self._experts, expert.card.name: expert}
            self._limiters[expert.card.name] = Limiter(expert.card.max_concurrency)
            self._changed()

    def remove_expert(self, name: str) -> None:
        """Remove an expert; calls in flight end as they would have."""
        with self._lock:
            self.expert(name)
            self._experts = {key: value for key, value in self._experts.items() if key != name}
            del self._limiters[name]
            self._changed()

    def add_perceiver(self, mounted: MountedPerceiver) -> None:
        """Add a perceiver; `DuplicateNameError` if there is one of its kind."""
        with self._lock:
            kind = mounted.perceiver.kind
            if kind in self._perceivers:
                raise DuplicateNameError("perceiver", kind, self._perceivers)
            self._perceivers = {**self._perceivers, kind: mounted}

    def remove_perceiver(self, kind: PerceiverKind) -> None:
        """Remove the perceiver of a kind; skills then say that it is absent."""
        with self._lock:
            if kind not in self._perceivers:
                raise UnknownNameError("perceiver", kind, self._perceivers)
            self._perceivers = {key: value for key, value in self._perceivers.items() if key != kind}

    def add_skill(self, skill: Skill) -> None:
        """Add a Level-1 skill; `DuplicateNameError` if its protocol name is taken."""
        with self._lock:
            if skill.card.protocol_name in self._skills:
                raise DuplicateNameError("skill", skill.card.protocol_name, self._skills)
            self._skills = {**self._skills, skill.card.protocol_name: skill}
            self._changed()

    def remove_skill(self, protocol_name: str) -> None:
        """Remove a skill."""
        with self._lock:
            self.skill(protocol_name)
            self._skills = {key: value for key, value in self._skills.items() if key != protocol_name}
            self._changed()

    def _changed(self) -> None:
        self.version += 1
        self._actions = None

    def limiter(self, expert: str) -> Limiter:
        """The gate that keeps calls in flight of that expert within its `max_concurrency`."""
        with self._lock:
            self.expert(expert)
            return self._limiters[expert]

    def actions(self) -> tuple[Action, ...]:
        """Every pair that may be called now: each expert directly, and each skill on each expert it runs on."""
        with self._lock:
            if self._actions is None:
                self._actions = tuple(
                    pair
                    for name, expert in self._experts.items()
                    for pair in [
                        (name, None),
                        *((name, key) for key, skill in self._skills.items() if skill.refusal(expert.card) is None),
                    ]
                )
            return self._actions

    def router(self) -> Router:
        """The registry's default router, built at the first call.

        Raises:
            RegistryError: the registry names none.
        """
        from maestro_graph.registry._build import build_router

        with self._lock:
            if self._router is None:
                if self.router_config is None:
                    raise RegistryError(
                        f"registry {self.name!r} names no router; add 'router: encoder' (or 'kind: chat' with an "
                        f"endpoint), or give a router to compile_maestro(registry, router)"
                    )
                self._router = build_router(self.router_config)
            return self._router

    def __repr__(self) -> str:
        return f"Registry({self.name!r}, experts={list(self._experts)}, skills={list(self._skills)})"
