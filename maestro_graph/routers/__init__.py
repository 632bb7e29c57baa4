"""Routers: the objects that take decisions. `ChatRouter` and `EncoderRouter` live in modules of their own."""

from maestro_graph.routers._base import PastTurn, Router, RouterTurn, RouterView, TokenRecord

__all__ = ["PastTurn", "Router", "RouterTurn", "RouterView", "TokenRecord"]
