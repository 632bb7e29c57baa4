"""The registry: experts, skills, perceivers and the router, from YAML to live objects."""

from maestro_graph.registry._build import (
    build_expert,
    build_perceiver,
    build_registry,
    build_router,
    load_registry,
    resolve_router,
)
from maestro_graph.registry._config import (
    EndpointConfig,
    ExpertConfig,
    PerceiverConfig,
    RegistryConfig,
    RouterConfig,
    Sampling,
    ServeConfig,
    preset_names,
    read_config,
)
from maestro_graph.registry._registry import Action, Registry

__all__ = [
    "Action",
    "EndpointConfig",
    "ExpertConfig",
    "PerceiverConfig",
    "Registry",
    "RegistryConfig",
    "RouterConfig",
    "Sampling",
    "ServeConfig",
    "build_expert",
    "build_perceiver",
    "build_registry",
    "build_router",
    "load_registry",
    "preset_names",
    "read_config",
    "resolve_router",
]
