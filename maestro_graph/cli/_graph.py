"""`maestro graph`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from maestro_graph.cli._errors import errors_told
from maestro_graph.cli._streams import stdout_reserved
from maestro_graph.errors import MaestroError

__all__ = ["app"]

app = typer.Typer(add_completion=False)


@app.command()
def graph(
    registry: Annotated[
        str | None,
        typer.Option(
            "--registry", "-r", metavar="NAME|FILE", help="Write this registry's names into the boxes of the drawing."
        ),
    ] = None,
    mermaid: Annotated[str | None, typer.Option(metavar="FILE|-", help="Write Mermaid text.")] = None,
    svg: Annotated[str | None, typer.Option(metavar="FILE|-", help="Write a drawing as SVG.")] = None,
    png: Annotated[str | None, typer.Option(metavar="FILE", help="Write a drawing as PNG.")] = None,
) -> None:
    """Draw the graph that answers questions, from its code. Without options: Mermaid on stdout."""
    with errors_told():
        if png == "-":
            raise MaestroError("--png cannot go to the terminal ('-'); give a file")
        with stdout_reserved():
            from maestro_graph.graph import compile_maestro
            from maestro_graph.registry import Registry

            drawable = compile_maestro(Registry("drawn")).get_graph()
            notes = _notes(registry) if registry is not None else {}
        if mermaid is not None or (svg is None and png is None):
            _write(mermaid or "-", drawable.draw_mermaid())
        if svg is not None or png is not None:
            from maestro_graph.cli._drawing import arranged
            from maestro_graph.cli._drawing_png import to_png
            from maestro_graph.cli._drawing_svg import to_svg

            drawing = arranged(drawable, notes)
            if svg is not None:
                _write(svg, to_svg(drawing))
            if png is not None:
                _write(png, to_png(drawing))


def _notes(source: str) -> dict[str, tuple[str, ...]]:
    """What a registry puts into the nodes."""
    from maestro_graph.cli._registry_show import installed_skills
    from maestro_graph.registry import read_config

    config, folder = read_config(source)
    skills, _ = installed_skills(config, folder)
    router = config.router if isinstance(config.router, str) or config.router is None else config.router.kind
    return {
        "router": (router,) if router else (),
        "expert_call": tuple(expert.name for expert in config.experts),
        "skill_call": tuple(card.protocol_name for card in skills),
    }


def _write(target: str, content: str | bytes) -> None:
    if target == "-":
        sys.stdout.write(content if isinstance(content, str) else "")
        return
    data = content.encode() if isinstance(content, str) else content
    try:
        Path(target).expanduser().write_bytes(data)
    except (OSError, ValueError, RuntimeError) as error:
        raise MaestroError(f"{target!r} cannot be written: {error}; give another file") from error
    typer.echo(f"{target}: {len(data):,} bytes", err=True)
