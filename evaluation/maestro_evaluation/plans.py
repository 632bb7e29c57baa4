"""Plans: fixed sequences of calls, which baselines and the oracle are made of."""

from __future__ import annotations

from dataclasses import dataclass

from maestro_graph.errors import MaestroError
from maestro_graph.registry import Action

__all__ = ["Plan"]

BETWEEN = " > "


@dataclass(frozen=True, slots=True, order=True)
class Plan:
    """Calls made one after another with the question as query; the answer is that of the last one that gave any.

    Written `chart-reader@@Chart_Problem_Solver > calculator`: each call as a router writes it (`expert` or
    `expert@@protocol_name`); a later call sees the evidence of the earlier ones.
    """

    actions: tuple[Action, ...]

    def __str__(self) -> str:
        return BETWEEN.join(name if skill is None else f"{name}@@{skill}" for name, skill in self.actions)

    @classmethod
    def parse(cls, text: str) -> Plan:
        """The plan that `str(plan)` gave.

        Raises:
            MaestroError: a call has no name.
        """
        actions: list[Action] = []
        for part in text.split(BETWEEN.strip()):
            expert, _, skill = part.strip().partition("@@")
            if not expert:
                raise MaestroError(f"the plan {text!r} has a call without a name; write 'expert@@Skill > expert'")
            actions.append((expert, skill or None))
        return cls(tuple(actions))
