"""The servers of a registry as a Slurm job."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from maestro_graph.errors import MaestroError
from maestro_graph.serving._command import KEY, Launcher
from maestro_graph.serving._plan import ServerPlan

__all__ = ["command_line", "slurm_text"]


def command_line(plan: ServerPlan, launcher: Launcher) -> str:
    """The command of a server for a shell, its environment in front; the key by the name of its variable."""
    words = [shlex.quote(word) for word in launcher.command(plan)]
    if plan.serve is None:
        raise MaestroError(f"{plan.name} has no 'serve:' section")
    variables = [f"{name}={shlex.quote(value)}" for name, value in plan.serve.env.items()]
    if plan.serve.gpus:
        variables.insert(0, f"CUDA_VISIBLE_DEVICES={','.join(map(str, plan.serve.gpus))}")
    if plan.key_env:
        variables.append(f'{KEY}="${plan.key_env}"')
    return " ".join([*variables, *words])


def slurm_text(plans: Sequence[ServerPlan], *, registry: str, launcher: Launcher | None = None) -> str:
    """A job script: every server of the registry on its node, all of them ended together.

    Servers at `localhost` run on the job's first node, the others on the node that their address names. The job fails
    when one of them ends.

    Raises:
        MaestroError: the registry serves nothing.
    """
    launcher = launcher or Launcher()
    served = [plan for plan in plans if plan.serve is not None]
    if not served:
        raise MaestroError(f"registry {registry!r} has no endpoint with a 'serve:' section")
    hosts = list(dict.fromkeys(plan.host for plan in served if not plan.local))
    nodes = len(hosts) + any(plan.local for plan in served)
    gpus = max((gpu + 1 for plan in served if plan.serve for gpu in plan.serve.gpus), default=0)
    head = [
        "#!/bin/bash",
        f"# Written by: maestro up --registry {shlex.quote(registry)} --slurm …; hand it in with: sbatch FILE",
        f"#SBATCH --job-name=maestro-{_job_name(registry)}",
        f"#SBATCH --nodes={nodes}",
        *([f"#SBATCH --gpus-per-node={gpus}"] if gpus else []),
        *([f"#SBATCH --nodelist={','.join(hosts)}"] if hosts else []),
        "#SBATCH --output=%x-%j.log",
    ]
    body = [
        "",
        "set -uo pipefail",
        'began() { echo "$(date +%T) started $1"; }',
        "trap 'trap - EXIT; kill $(jobs -p) 2>/dev/null; wait' EXIT",
        "trap 'exit 143' TERM INT",
        *(f': "${{{name}:?export the key first}}"' for name in dict.fromkeys(p.key_env for p in served) if name),
    ]
    for plan in served:
        step = f"srun --nodes=1 --ntasks=1 --overlap --nodelist={shlex.quote(plan.host)} env "
        body += ["", f"# {plan.name}", f"{'env ' if plan.local else step}{command_line(plan, launcher)} &"]
        body.append(f"began {shlex.quote(f'{plan.name} at {plan.url}')}")
    body += ["", "wait -n", 'echo "a server ended; the job ends with it" >&2', "exit 1"]
    return "\n".join([*head, *body]) + "\n"


def _job_name(registry: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in registry.rpartition("/")[2].lower()) or "registry"
