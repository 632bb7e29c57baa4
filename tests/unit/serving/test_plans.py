"""From a registry to servers, commands, a compose file and a job script."""

from __future__ import annotations

import json
import shlex
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from maestro_graph import MaestroError, MissingExtraError, RegistryError, UnknownNameError
from maestro_graph.cli._app import app
from maestro_graph.registry import RegistryConfig, read_config, resolve_router
from maestro_graph.serving import (
    Launcher,
    ServerPlan,
    compose_text,
    find_launcher,
    plan_servers,
    server_environment,
    slurm_text,
)


def endpoint(port: int = 8001, host: str = "localhost", **fields: Any) -> dict[str, Any]:
    return {"base_url": f"http://{host}:{port}/v1", "model": "m", **fields}


def registry(*endpoints: dict[str, Any], **fields: Any) -> RegistryConfig:
    experts = [{"name": f"e{at}", "description": "d", "endpoint": item} for at, item in enumerate(endpoints)]
    return RegistryConfig.model_validate({"experts": experts, **fields})


def write(path: Path, config: RegistryConfig) -> str:
    path.write_text(yaml.safe_dump(config.model_dump(mode="json", exclude_unset=True)))
    return str(path)


def words(plan: ServerPlan) -> list[str]:
    return list(Launcher().command(plan))


def test_the_paper_preset_is_served_whole_on_eight_gpus() -> None:
    config, folder = read_config("paper")
    assert config.router is not None
    plans = plan_servers(config, folder=folder, router=resolve_router(config.router, folder))
    assert [plan.name for plan in plans][:2] == ["router", "Intern-S1-mini"]
    assert len(plans) == 10
    assert all(plan.local and plan.serve is not None for plan in plans)
    assert {gpu for plan in plans if plan.serve for gpu in plan.serve.gpus} == set(range(8))
    assert "processed_logprobs" in words(plans[0])


def test_a_command_says_what_the_section_says() -> None:
    serve = {
        "weights": "org/big",
        "gpus": [2, 3],
        "tensor_parallel_size": 2,
        "dtype": "bfloat16",
        "max_model_len": 4096,
        "max_images": 2,
        "lora": {"policy": "/a/policy"},
        "args": ["--seed", "3"],
        "env": {"NCCL_DEBUG": "INFO"},
    }
    (plan,) = plan_servers(registry(endpoint(serve=serve)))
    assert words(plan) == shlex.split(
        "vllm serve org/big --served-model-name m --host localhost --port 8001 --dtype bfloat16 --max-model-len 4096 "
        "--tensor-parallel-size 2 --limit-mm-per-prompt '{\"image\": 2}' --generation-config vllm "
        "--enable-lora --lora-modules policy=/a/policy --seed 3"
    )
    assert server_environment(plan) == {"CUDA_VISIBLE_DEVICES": "2,3", "NCCL_DEBUG": "INFO"}
    module = Launcher(("python", "-m", "x"), positional=False).command(plan)
    assert module[:5] == ("python", "-m", "x", "--model", "org/big")


def test_parts_with_one_address_share_a_server_and_its_adapters() -> None:
    base = endpoint(serve={"weights": "org/base", "lora": {"policy": "adapters/policy"}})
    adapter = {**endpoint(), "model": "policy"}
    (plan,) = plan_servers(registry(base, adapter))
    assert (plan.name, plan.models, plan.lora) == ("e0, e1", ("m",), (("policy", "adapters/policy"),))


def test_folders_start_at_the_registrys_file(tmp_path: Path) -> None:
    (tmp_path / "weights").mkdir()
    serve = {"weights": "weights", "lora": {"a": "org/adapter"}}
    (plan,) = plan_servers(registry(endpoint(serve=serve)), folder=tmp_path)
    assert (plan.weights, plan.lora) == (str(tmp_path / "weights"), (("a", "org/adapter"),))


def test_what_runs_on_this_machine() -> None:
    config = registry(
        endpoint(1, "127.0.0.5", serve={}),
        endpoint(2, socket.gethostname().lower(), serve={}),
        endpoint(3, "gpu-7", serve={}),
        endpoint(4, "gpu-8", serve={}),
    )
    plans = plan_servers(config, hosts=["gpu-7", socket.gethostname().lower()])
    assert [plan.local for plan in plans] == [True, True, True, False]
    assert [plan.name for plan in plan_servers(config, only=["e3"])] == ["e3"]
    with pytest.raises(UnknownNameError, match="there is no part at an endpoint named 'e9'"):
        plan_servers(config, only=["e9"])


@pytest.mark.parametrize(
    ("endpoints", "said"),
    [
        ([endpoint(serve={"dtype": "half"}), endpoint(serve={})], "'e0' and 'e1' share localhost:8001 and say diff"),
        ([endpoint(serve={}), {**endpoint(), "model": "other"}], "name 'm', 'other'; say with 'weights:'"),
        ([endpoint(serve={}), endpoint(api_key_env="KEY")], "name different api_key_env; one server has one key"),
        ([{**endpoint(serve={}), "base_url": "https://x/v1"}], "vLLM serves http://HOST:PORT/v1, not https"),
        (
            [{**endpoint(serve={}), "base_url": "http://x:1/api/v1"}],
            "vLLM serves http://HOST:PORT/v1, not http://…/api",
        ),
        ([{**endpoint(), "base_url": "http://x:99999/v1"}], "has no usable port"),
        (
            [endpoint(1, serve={"gpus": [0]}), endpoint(2, serve={"gpus": [0], "gpu_memory_utilization": 0.2})],
            "GPU 0 is given away more than once: e0 0.92, e1 0.2 of its memory",
        ),
    ],
)
def test_registries_that_cannot_be_served(endpoints: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(RegistryError) as caught:
        plan_servers(registry(*endpoints))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("serve", "said"),
    [
        ({"gpus": [0, 1]}, "gpus names 2, the sizes of tensor, pipeline and data parallelism multiply to 1"),
        ({"gpus": [0, 0], "tensor_parallel_size": 2}, "names a GPU twice"),
        ({"lora": {"a=b": "x"}}, "needs a name without '='"),
        ({"env": {"a b": "x"}}, "env"),
        ({"env": {"OK": ["sk-secret"]}}, "env.OK"),
        ({"tensor_parallel": 2}, "there is no such field; there are: weights, gpus, tensor_parallel_size"),
    ],
)
def test_sections_that_do_not_validate(tmp_path: Path, serve: dict[str, Any], said: str) -> None:
    file = tmp_path / "r.yaml"
    file.write_text(yaml.safe_dump({"experts": [{"name": "e", "description": "d", "endpoint": endpoint(serve=serve)}]}))
    with pytest.raises(RegistryError) as caught:
        read_config(file)
    assert said in str(caught.value)
    assert "sk-secret" not in str(caught.value)


def test_parallelism_over_hosts_is_left_to_ray() -> None:
    serve = {"gpus": [0, 1], "tensor_parallel_size": 4, "args": ["--distributed-executor-backend", "ray"]}
    (plan,) = plan_servers(registry(endpoint(serve=serve)))
    assert words(plan)[-2:] == ["--distributed-executor-backend", "ray"]


def test_the_key_goes_through_the_environment_and_into_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    (plan,) = plan_servers(registry(endpoint(serve={}, api_key_env="UP_KEY")))
    monkeypatch.delenv("UP_KEY", raising=False)
    with pytest.raises(MaestroError, match="takes the key in UP_KEY, which is not set; export it"):
        server_environment(plan)
    monkeypatch.setenv("UP_KEY", "sk-secret")
    assert server_environment(plan) == {"VLLM_API_KEY": "sk-secret"}
    texts = [compose_text([plan], registry="r"), slurm_text([plan], registry="r"), *words(plan)]
    assert not [text for text in texts if "sk-secret" in text]
    assert "VLLM_API_KEY: ${UP_KEY:?}" in texts[0]
    assert 'VLLM_API_KEY="$UP_KEY"' in texts[1]


def test_a_compose_file_has_a_service_for_each_server(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    (tmp_path / "a").mkdir()
    serve = {"weights": "w", "gpus": [1], "lora": {"policy": "a"}, "env": {"PRICE": "5$"}, "start_s": 60}
    config = registry(endpoint(serve=serve), endpoint(8002), endpoint(8003, "elsewhere", serve={}))
    text = compose_text(plan_servers(config, folder=tmp_path), registry="my.yaml", image="vllm:test")
    data = yaml.safe_load(text)
    assert list(data["services"]) == ["e0"]  # the second is somebody else's, the third another machine's
    service = data["services"]["e0"]
    assert service["image"] == "vllm:test"
    assert service["command"][:7] == ["/models/0-w", "--served-model-name", "m", "--host", "0.0.0.0", "--port", "8001"]
    assert service["command"][-1] == "policy=/models/1-a"
    assert service["volumes"][1:] == [f"{tmp_path}/w:/models/0-w:ro", f"{tmp_path}/a:/models/1-a:ro"]
    assert service["ports"] == ["127.0.0.1:8001:8001"]
    assert service["environment"] == {"PRICE": "5$$"}
    assert service["deploy"]["resources"]["reservations"]["devices"][0]["device_ids"] == ["1"]
    with pytest.raises(MaestroError, match="no endpoint on this machine with a 'serve:' section"):
        compose_text(plan_servers(registry(endpoint())), registry="r")


def test_a_job_script_places_servers_on_their_nodes() -> None:
    config = registry(
        endpoint(serve={"gpus": [0, 1], "data_parallel_size": 2}),
        endpoint(8002, "node-2", serve={"gpus": [3]}),
        endpoint(8003, "node-3", serve={}),
        endpoint(8004, "api.example"),
    )
    text = slurm_text(plan_servers(config), registry="two nodes.yaml")
    lines = text.splitlines()
    assert lines[0] == "#!/bin/bash"
    assert "#SBATCH --nodes=3" in lines
    assert "#SBATCH --gpus-per-node=4" in lines
    assert "#SBATCH --nodelist=node-2,node-3" in lines
    assert "--registry 'two nodes.yaml'" in lines[1]
    starts = [line for line in lines if line.endswith(" &")]
    assert starts[0].startswith("env CUDA_VISIBLE_DEVICES=0,1 vllm serve m ")
    assert starts[1].startswith("srun --nodes=1 --ntasks=1 --overlap --nodelist=node-2 env CUDA_VISIBLE_DEVICES=3 vllm")
    assert len(starts) == 3
    with pytest.raises(MaestroError, match="no endpoint with a 'serve:' section"):
        slurm_text(plan_servers(registry(endpoint())), registry="r")


def test_the_job_ends_with_the_first_server_that_ends_and_leaves_none(tmp_path: Path) -> None:
    """The script itself runs, with a `vllm` that fails for one model and waits for the other."""
    stub = tmp_path / "vllm"
    stub.write_text('#!/bin/bash\necho "$$ $*" >> "$STUB_LOG"\n[ "$2" = short ] && exit 1\nexec sleep 300\n')
    stub.chmod(stub.stat().st_mode | stat.S_IXUSR)
    config = registry(
        endpoint(1, serve={"weights": "long", "env": {"A": "a b$c"}}), endpoint(2, serve={"weights": "short"})
    )
    script = tmp_path / "job"
    script.write_text(slurm_text(plan_servers(config), registry="r"))
    log = tmp_path / "log"
    done = subprocess.run(
        ["bash", str(script)],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "STUB_LOG": str(log)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "a server ended" in done.stderr
    started = dict(reversed(line.split(" ", 1)) for line in log.read_text().splitlines())
    assert [command.split()[1] for command in sorted(started)] == ["long", "short"]
    for pid in started.values():
        assert not Path(f"/proc/{pid}").exists()


def test_the_launcher_of_an_interpreter_without_vllm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingExtraError, match=r"maestro-graph\[serve\]"):
        find_launcher()
    with pytest.raises(MaestroError, match="has no vLLM; name one that has"):
        find_launcher(sys.executable)
    with pytest.raises(MaestroError, match="cannot be run"):
        find_launcher(str(tmp_path / "python"))
    command = tmp_path / "vllm"
    command.write_text("#!/bin/sh\n")
    command.chmod(0o755)
    assert find_launcher() == Launcher((str(command), "serve"))


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["up", *arguments])


def test_dry_run_prints_commands_for_a_shell(tmp_path: Path) -> None:
    config = registry(
        endpoint(serve={"env": {"A": "b c"}}), endpoint(8002), endpoint(8003, "gpu-9", serve={}, api_key_env="UP_KEY")
    )
    file = write(tmp_path / "r.yaml", config)
    shown = run("--dry-run", "-r", file)
    assert shown.exit_code == 0, shown.output
    lines = shown.stdout.splitlines()
    assert lines[0] == "# e0 at http://localhost:8001/v1"
    assert lines[1].startswith("A='b c' vllm serve m --served-model-name m --host localhost --port 8001 ")
    assert lines[2] == "# e1 at http://localhost:8002/v1, not served by this registry"
    assert lines[3] == "# e2 at http://gpu-9:8003/v1, to be started on gpu-9"
    assert lines[4].startswith('VLLM_API_KEY="$UP_KEY" vllm serve m ')
    listed = json.loads(run("--dry-run", "--json", "-r", file).stdout)["servers"]
    assert [(item["parts"], item["local"], bool(item["command"])) for item in listed] == [
        (["e0"], True, True),
        (["e1"], True, False),
        (["e2"], False, True),
    ]


@pytest.mark.parametrize("option", ["--compose", "--slurm"])
def test_files_are_written(tmp_path: Path, option: str) -> None:
    file = write(tmp_path / "r.yaml", registry(endpoint(serve={})))
    target = tmp_path / "out"
    assert run(option, str(target), "-r", file).stdout == f"wrote {target}\n"
    assert target.read_text() == run(option, "-", "-r", file).stdout
    missing = run(option, str(tmp_path / "no" / "out"), "-r", file)
    assert missing.exit_code == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--dry-run", "--compose", "-"], "--dry-run and --compose exclude each other"),
        (["--dry-run", "--", "true"], "--dry-run starts nothing, so no command can run; drop 'true'"),
        (["--json"], "--json goes with --dry-run"),
        (["--slurm", "-", "--image", "x"], "--image goes with --compose"),
        (["--", "no-such-command-here"], "there is no command 'no-such-command-here'"),
        (["-r", "nobody"], "neither a preset"),
        (["-r", "embedded"], "has no endpoints: nothing is to be served"),
    ],
)
def test_bad_options_are_told(options: list[str], said: str) -> None:
    done = run(*options)
    assert done.exit_code == 2
    assert said in done.stderr
