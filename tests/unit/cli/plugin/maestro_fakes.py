"""What a third party might install: an expert and a router that behave as the question says, and commands."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
import warnings
from typing import Any

import typer

from maestro_graph.decisions import Answer, CallExpert
from maestro_graph.errors import CallFailure
from maestro_graph.experts import ExpertCard, ExpertReply, ExpertRequest
from maestro_graph.routers import RouterTurn, RouterView


class ScriptedExpert:
    """Does what the question says: `fail KIND`, `sleep S`, `block S`, `bug`, `crash`, `noise`, else it echoes."""

    def __init__(self, card: ExpertCard) -> None:
        self.card = card

    async def ask(self, request: ExpertRequest) -> ExpertReply:
        word, _, rest = request.question.partition(" ")
        match word:
            case "fail":
                raise CallFailure(rest, f"scripted {rest}")  # type: ignore[arg-type]
            case "sleep":
                await asyncio.sleep(float(rest))
            case "block":
                await asyncio.to_thread(time.sleep, float(rest))
            case "bug":
                raise IndexError("a [bold]bug[/bold]")
            case "noise":
                self.make_noise()
            case "say":
                text = json.loads(rest)
                return ExpertReply(text=text, answer=text, confidence=0.9)
            case _:
                pass
        pictures = ", ".join(f"{image.width}x{image.height}" for image in request.images)
        return ExpertReply(text=f"heard: {request.question} [{pictures}]", answer=request.question, confidence=0.9)

    @staticmethod
    def make_noise() -> None:
        sys.stdout.write("noise from Python\n")
        os.write(1, b"noise from native code\n")
        warnings.warn("a warning", stacklevel=1)


class InTurn:
    """Asks every expert once, until one answers."""

    def __init__(self, config: Any) -> None:
        self.config = config

    async def decide(self, view: RouterView) -> RouterTurn:
        if view.question == "fail router":
            raise CallFailure("unreachable", "the router is not there")
        if view.question == "refuse router":
            raise CallFailure("refused", "the key is not accepted")
        if view.evidence and view.evidence[-1].ok:
            return RouterTurn(decision=Answer(view.evidence[-1].answer or ""), info={"why": "an expert answered"})
        names = list(view.registry.experts)
        if len(view.evidence) == len(names):
            return RouterTurn(decision=())
        name = names[len(view.evidence)]
        return RouterTurn(decision=(CallExpert(name, view.question),), info={"why": f"{name} is next"})


def greet(name: str = "world") -> None:
    """Greet somebody."""
    typer.echo(f"hello {name}")


counting = typer.Typer(help="Count in two ways.")


@counting.command()
def up() -> None:
    """Count up."""
    typer.echo("1 2 3")


@counting.command()
def down() -> None:
    """Count down."""
    typer.echo("3 2 1")
    raise typer.Exit(4)
