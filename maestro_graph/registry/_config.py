"""What a registry file may say: YAML, validated by pydantic."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from importlib.resources import files
from itertools import count
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from maestro_graph.errors import RegistryError
from maestro_graph.experts import ExpertCard, Price
from maestro_graph.registry._serve import ServeConfig

__all__ = [
    "EndpointConfig",
    "ExpertConfig",
    "PerceiverConfig",
    "RegistryConfig",
    "RouterConfig",
    "Sampling",
    "ServeConfig",
    "preset_names",
    "read_config",
]

MAX_VALUES = 100_000

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


class _Strict(BaseModel):
    # The input stays out of errors: somebody may have put a key into the file.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Sampling(_Strict):
    """How a chat model is sampled."""

    temperature: float = Field(default=0.0, ge=0)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_tokens: int = Field(default=1024, ge=1)
    seed: int | None = None


class EndpointConfig(_Strict):
    """An OpenAI-compatible endpoint.

    Attributes:
        base_url: up to and including `/v1`. `${NAME:-default}` takes environment variables.
        model: the name the server knows.
        api_key_env: environment variable that holds the key; the key itself is never in a file.
        structured_outputs: whether the server takes vLLM's `structured_outputs` (grammar of a turn).
        max_image_side: pictures are scaled down to this many pixels.
        serve: how `maestro up` serves it; without this section it is somebody else's.
    """

    base_url: str = Field(min_length=1)
    model: str = Field(min_length=1)
    api_key_env: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    structured_outputs: bool = False
    max_image_side: int = Field(default=2048, ge=16)
    extra_body: dict[str, Any] = Field(default_factory=dict)
    serve: ServeConfig | None = None

    @model_validator(mode="after")
    def _url(self) -> EndpointConfig:
        if not re.match(r"^https?://[^\s]+$", self.base_url):
            shown = re.sub(r"//[^/@]*@", "//***@", self.base_url.partition("?")[0])
            raise ValueError(f"base_url {shown!r} is no http(s) URL")
        if "@" in self.base_url.split("//", 1)[1].split("/", 1)[0]:
            raise ValueError("base_url holds credentials; put the key into an environment variable (api_key_env)")
        return self


class ExpertConfig(ExpertCard):
    """An expert: its card, and where it lives: `endpoint` or `embedded` (an entry point of `maestro.experts`)."""

    endpoint: EndpointConfig | None = None
    embedded: str | None = None
    sampling: Sampling = Sampling()

    @model_validator(mode="after")
    def _one_home(self) -> ExpertConfig:
        if (self.endpoint is None) == (self.embedded is None):
            raise ValueError(f"expert {self.name!r} needs exactly one of 'endpoint' and 'embedded'")
        return self

    def card(self) -> ExpertCard:
        """The card alone."""
        return ExpertCard(**{name: getattr(self, name) for name in ExpertCard.model_fields})


class PerceiverConfig(_Strict):
    """An auxiliary service that turns an image into evidence; used by skills."""

    kind: Literal["ocr", "caption", "detect", "zoom"]
    coordinates: Literal["auto", "absolute", "relative", "thousandths"] = "auto"
    sampling: Sampling = Sampling(max_tokens=2048)
    endpoint: EndpointConfig | None = None
    embedded: str | None = None
    max_concurrency: int = Field(default=8, ge=1)
    timeout_s: float = Field(default=60.0, gt=0)

    @model_validator(mode="after")
    def _one_home(self) -> PerceiverConfig:
        if (self.endpoint is None) == (self.embedded is None):
            raise ValueError(f"perceiver {self.kind!r} needs exactly one of 'endpoint' and 'embedded'")
        return self


class RouterConfig(_Strict):
    """The router: an entry point of `maestro.routers`, its endpoint or weights, and the protocol it speaks.

    Attributes:
        kind: name of the entry point (`encoder`, `chat`, `policy`).
        weights: folder with trained weights, relative to the file that names it; it holds a `router.json`.
        path: for `policy`, the folder of its model or of a PEFT adapter, relative to the file that names it (a
            router.json stands in it mostly: `.`), or a model's name on the hub. With an endpoint only the tokenizer
            is read.
        protocol_version: version the weights were trained on; another one than the installed is an error.
        think_opened: the chat template opens `<think>` itself.
        calls_per_turn: searches that one turn may hold.
    """

    kind: str = Field(min_length=1)
    endpoint: EndpointConfig | None = None
    weights: str | None = None
    path: str | None = None
    protocol_version: int | None = None
    sampling: Sampling = Sampling(max_tokens=2048)
    think_opened: bool = False
    calls_per_turn: int = Field(default=1, ge=1, le=16)
    options: dict[str, Any] = Field(default_factory=dict)


class CacheConfig(_Strict):
    """Where replies are shared: a directory (relative to the file) and its size limit, or this process alone."""

    directory: str | None = None
    max_bytes: int = Field(default=1 << 30, ge=1 << 16)


class RegistryConfig(_Strict):
    """A registry file.

    Attributes:
        skills: names of installed skills (`"*"` for all) and paths of skill folders, relative to the file.
        router: a RouterConfig, or the short forms `router: encoder` and `router: ./folder`.
        currency: what prices are in; said in reports, never converted.
        deadline_s: seconds for a run that brings no deadline of its own.
    """

    version: Literal[1] = 1
    name: str = Field(default="registry", min_length=1)
    currency: str = "USD"
    deadline_s: float = Field(default=120.0, gt=0)
    experts: tuple[ExpertConfig, ...] = ()
    skills: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    perceivers: tuple[PerceiverConfig, ...] = ()
    cache: CacheConfig = CacheConfig()
    router: RouterConfig | str | None = None


def preset_names() -> tuple[str, ...]:
    """Presets that ship with the package."""
    folder = files("maestro_graph.registry") / "presets"
    return tuple(sorted(item.name.removesuffix(".yaml") for item in folder.iterdir() if item.name.endswith(".yaml")))


def read_config(source: str | Path) -> tuple[RegistryConfig, Path | None]:
    """Read a preset by its name, or a file by its path.

    Returns:
        The configuration and the folder that relative paths in it start from (`None` for presets).

    Raises:
        RegistryError: no such preset or file, no YAML, or a field that does not validate.
    """
    if isinstance(source, str) and source in preset_names():
        text = (files("maestro_graph.registry") / "presets" / f"{source}.yaml").read_text(encoding="utf-8")
        return _parse(text, f"preset {source!r}"), None
    if not isinstance(source, str | os.PathLike):
        raise RegistryError(
            f"a registry is named by a preset ({', '.join(preset_names())}) or a path, not by a "
            f"{type(source).__name__}; one that Python builds is a Registry(experts=[…])"
        )
    try:
        path = Path(source).expanduser()
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: `~` without a home
        raise RegistryError(
            f"registry {str(source)!r} is neither a preset ({', '.join(preset_names())}) nor a readable file: {error}"
        ) from error
    return _parse(text, str(path)), path.resolve().parent


def _parse(text: str, where: str) -> RegistryConfig:
    try:
        data = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a date that is none
        raise RegistryError(f"{where} is no YAML: {error}") from error
    if not isinstance(data, dict):
        raise RegistryError(f"{where} must be a mapping with 'experts:', found {type(data).__name__}")
    try:
        return RegistryConfig.model_validate(_expand(data, count()))
    except ValidationError as error:
        lines = "\n".join(
            f"  {'.'.join(map(str, item['loc']))}: {_said(item)}{_found(item)}" for item in error.errors()
        )
        raise RegistryError(f"{where} does not validate; mend these fields:\n{lines}") from None
    except (RecursionError, OverflowError):
        raise RegistryError(
            f"{where} holds itself, or more than {MAX_VALUES:,} values; write it without such aliases"
        ) from None


def _said(item: ErrorDetails) -> str:
    """What is wrong with a field, and what may stand there."""
    if item["type"] == "extra_forbidden":
        parents = [part for part in item["loc"][:-1] if isinstance(part, str)]
        model = _PARTS.get(parents[-1] if parents else "")
        return f"there is no such field; there are: {', '.join(model.model_fields)}" if model else item["msg"]
    if item["type"] == "string_pattern_mismatch" and item["loc"][-1] == "name":
        return "a name has no space at its ends, no line break and none of @ : < >"
    return item["msg"]


_PARTS: dict[str, type[BaseModel]] = {
    "": RegistryConfig,
    "experts": ExpertConfig,
    "price": Price,
    "endpoint": EndpointConfig,
    "serve": ServeConfig,
    "sampling": Sampling,
    "perceivers": PerceiverConfig,
    "cache": CacheConfig,
    "RouterConfig": RouterConfig,
}


def _found(item: ErrorDetails) -> str:
    """The value that was found, where it can be no secret."""
    shown = isinstance(item["input"], str | int | float | bool | None) and item["type"] != "extra_forbidden"
    private = {"extra_body", "env", "args"} & set(item["loc"]) or item["loc"][-1:] in [("base_url",), ("api_key_env",)]
    if not shown or private:
        return ""
    return f" (found {str(item['input'])[:60]!r})" if isinstance(item["input"], str) else f" (found {item['input']!r})"


def _expand(value: Any, seen: Iterator[int]) -> Any:
    """Fill `${NAME:-default}` from the environment in every string.

    Raises:
        OverflowError: there are more than `MAX_VALUES` of them: aliases in YAML multiply.
    """
    if next(seen) > MAX_VALUES:
        raise OverflowError
    if isinstance(value, str):
        return _VARIABLE.sub(_variable, value)
    if isinstance(value, dict):
        return {key: _expand(item, seen) for key, item in value.items()}
    if isinstance(value, list):
        return [_expand(item, seen) for item in value]
    return value


def _variable(match: re.Match[str]) -> str:
    name, default = match[1], match[2]
    found = os.environ.get(name) or default
    if found is None:
        raise RegistryError(
            f"the environment variable {name!r} is not set (or empty) and the registry gives no default for it; "
            f"export it, or write ${{{name}:-default}}"
        )
    return found
