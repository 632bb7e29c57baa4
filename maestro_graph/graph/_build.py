"""Put the graph together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langgraph.graph import END, START, StateGraph

from maestro_graph.errors import MaestroError
from maestro_graph.graph._context import MaestroContext
from maestro_graph.graph._nodes import MaestroNodes, Node
from maestro_graph.graph._state import MaestroInput, MaestroOutput, MaestroState
from maestro_graph.registry import Registry
from maestro_graph.routers import Router

if TYPE_CHECKING:
    from langgraph.graph.state import CompiledStateGraph

__all__ = ["compile_maestro", "create_maestro_graph"]


def create_maestro_graph(
    registry: Registry, router: Router | None = None, *, context: MaestroContext | None = None
) -> StateGraph[MaestroState, MaestroContext, MaestroInput, MaestroOutput]:
    """The uncompiled graph: the host chooses checkpointer, interrupts and name.

    Args:
        registry: the experts and skills that can be called. Changes of it show at the next turn.
        router: who decides; by default the registry's own router.
        context: settings for runs that bring none.

    Returns:
        A graph with the nodes `router`, `expert_call`, `skill_call` and `terminate`. Input is `{question, images}`
        or `{messages}`; output `{answer, stop_reason, turns, usage, messages}`.

    Raises:
        MaestroError: `registry` or `router` is something else.
    """
    if not isinstance(registry, Registry):
        raise MaestroError(f"registry is {registry!r}; give a Registry, as load_registry('embedded') returns one")
    if router is not None and not isinstance(router, Router):
        raise MaestroError(
            f"router is {router!r}, which has no coroutine decide; give a router, or None for the registry's own"
        )
    nodes = MaestroNodes(registry, router, context or MaestroContext())
    graph: StateGraph[Any, Any, Any, Any] = StateGraph(
        MaestroState, context_schema=MaestroContext, input_schema=MaestroInput, output_schema=MaestroOutput
    )
    graph.add_node(
        "router",
        Node("router", nodes.router),
        destinations=("router", "expert_call", "skill_call", "terminate"),
    )
    graph.add_node("expert_call", Node("expert_call", nodes.call))
    graph.add_node("skill_call", Node("skill_call", nodes.call))
    graph.add_node("terminate", Node("terminate", nodes.terminate))
    graph.add_edge(START, "router")
    graph.add_edge("expert_call", "router")
    graph.add_edge("skill_call", "router")
    graph.add_edge("terminate", END)
    return graph


def compile_maestro(
    registry: Registry, router: Router | None = None, *, context: MaestroContext | None = None, **options: Any
) -> CompiledStateGraph[Any, Any, Any, Any]:
    """`create_maestro_graph(...).compile(name="maestro", ...)`: ready to run, with no checkpointer of its own.

    Args:
        registry, router, context: as for `create_maestro_graph`.
        options: passed to `compile` (`checkpointer`, `interrupt_before`, `name` …).
    """
    return create_maestro_graph(registry, router, context=context).compile(**{"name": "maestro", **options})
