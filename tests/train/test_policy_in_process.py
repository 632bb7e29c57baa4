"""The policy in process: tiny random models, sampled in batches, exact by recomputation; pictures too."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from policy_models import policy_tokenizer, write_tokenizer
from scripted import ScriptedExpert

from maestro_graph import CallFailure, ImageStore, MaestroContext, Registry, RegistryError, compile_maestro, read_trace
from maestro_graph.registry import RouterConfig, Sampling
from maestro_graph.routers import TokenRecord
from maestro_graph.routers.policy import PolicyOptions, PolicyRouter, SampleRequest, build

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from maestro_graph.routers.policy._in_process import InProcessSampler  # noqa: E402
from maestro_graph.routers.policy._torch_model import TorchPolicy  # noqa: E402

TINY = policy_tokenizer()
SHORT: dict[str, Any] = {"max_thought": 8, "max_query": 8, "max_answer": 6, "dtype": "float32", "device": "cpu"}
IMAGE_PAD = TINY.control_id("<|image_pad|>")
TEXT: dict[str, Any] = {
    "vocab_size": TINY.size + 9,  # more logits than tokens, as most models have
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 4096,
    "eos_token_id": TINY.eos_id,
    "pad_token_id": 0,
    "bos_token_id": None,
}


def text_model(seed: int = 0) -> Any:
    torch.manual_seed(seed)
    model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**TEXT))
    return spread(model)


def seeing_model() -> Any:
    """A Qwen3-VL of a few thousand random parameters."""
    torch.manual_seed(0)
    rope = {"rope_type": "default", "mrope_section": [2, 1, 1], "mrope_interleaved": True, "rope_theta": 10_000.0}
    config = transformers.Qwen3VLConfig(
        text_config={**TEXT, "rope_parameters": rope},
        vision_config={
            "depth": 2,
            "hidden_size": 32,
            "intermediate_size": 48,
            "num_heads": 4,
            "patch_size": 8,
            "out_hidden_size": 32,
            "deepstack_visual_indexes": [0],
            "num_position_embeddings": 64,
        },
        image_token_id=IMAGE_PAD,
        vision_start_token_id=TINY.control_id("<|vision_start|>"),
        vision_end_token_id=TINY.control_id("<|vision_end|>"),
    )
    return spread(transformers.Qwen3VLForConditionalGeneration(config))


def spread(model: Any) -> Any:
    """Random weights are all but uniform over tokens; these are not."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3.0)
    return model.eval().float()


def image_processor() -> Any:
    kind = transformers.models.qwen2_vl.image_processing_pil_qwen2_vl.Qwen2VLImageProcessorPil
    return kind(patch_size=8, size={"shortest_edge": 16 * 16, "longest_edge": 64 * 64})


def router(policy: TorchPolicy, *, temperature: float = 1.0, **options: Any) -> PolicyRouter:
    sampler = InProcessSampler(policy, max_batch=16)
    sampling = Sampling(temperature=temperature, max_tokens=40)
    return PolicyRouter(sampler, TINY, options=PolicyOptions(**{**SHORT, **options}), sampling=sampling)


def recomputed(policy: TorchPolicy, record: TokenRecord, images: list[Any] | None = None) -> Any:
    """Log-probabilities of the sampled tokens in one ordinary forward pass."""
    ids = torch.tensor([record.prompt_ids + record.sampled_ids])
    given = {}
    if images:
        made = image_processor()(images=images, return_tensors="pt")
        given = {**made, "mm_token_type_ids": (ids == IMAGE_PAD).int()}
    policy.model.rope_deltas = None
    with torch.no_grad():
        out = policy.model(input_ids=ids, attention_mask=torch.ones_like(ids), **given)
    logits = out.logits[0, len(record.prompt_ids) - 1 : -1].float() / (record.temperature or 1.0)
    if record.grammar is not None:
        masks = torch.from_numpy(policy.masks.replay(record.grammar, record.sampled_ids))
        bits = (masks[..., None] >> torch.arange(32, dtype=torch.int32)) & 1
        logits = logits.masked_fill(bits.flatten(1)[:, : logits.shape[1]] == 0, float("-inf"))
    return torch.log_softmax(logits, dim=-1).gather(1, torch.tensor(record.sampled_ids)[:, None])[:, 0]


def distance(policy: TorchPolicy, record: TokenRecord, images: list[Any] | None = None) -> float:
    return float((recomputed(policy, record, images) - torch.tensor(record.logprobs)).abs().max())


@pytest.mark.parametrize("structured", [True, False])
@pytest.mark.parametrize("temperature", [1.0, 0.6, 0.0])
async def test_runs_at_once_are_exact(tmp_path: Path, structured: bool, temperature: float) -> None:
    """Eight runs of different questions share their batches; every token's log-probability is that of a plain pass."""
    policy = TorchPolicy(text_model(), TINY)
    sizes: list[int] = []
    work = policy.work
    policy.work = lambda batch: (sizes.append(len(batch)), work(batch))[1]  # type: ignore[method-assign]
    registry = Registry(experts=[ScriptedExpert("Reader", "It says <|im_end|> 42.")])
    graph = compile_maestro(registry, router(policy, temperature=temperature, structured=structured))
    trace = tmp_path / "runs.jsonl"
    context = MaestroContext(max_turns=3, trace=trace)
    await asyncio.gather(*(graph.ainvoke({"question": f"How many{'?' * n}"}, context=context) for n in range(8)))
    assert max(sizes) > 1
    turns = [turn for run in read_trace(trace) for turn in run.turns]
    assert len(turns) >= 8
    for run in read_trace(trace):
        grown: tuple[int, ...] = ()
        for turn in run.turns:
            assert turn.tokens is not None
            assert turn.tokens.prompt_ids[: len(grown)] == grown
            grown = turn.tokens.prompt_ids + turn.tokens.sampled_ids
            assert distance(policy, turn.tokens) < 1e-4
    if structured:
        assert {turn.kind for turn in turns} <= {"calls", "answer"}


def test_a_wrong_record_is_seen() -> None:
    """The comparison above can fail: a tenth on one token, or the other distribution, is far beyond its bound."""
    policy = TorchPolicy(text_model(), TINY)
    grammar = router(policy).grammar([("Reader", None)])
    request = SampleRequest(prompt_ids=TINY.text("How many?"), grammar=grammar, max_tokens=40, stop_ids=TINY.stop_ids)
    (sample,) = policy.sample([request])
    record = TokenRecord(
        prompt_ids=request.prompt_ids,
        sampled_ids=sample.ids,
        logprobs=sample.logprobs,
        temperature=1.0,
        masked=True,
        grammar=grammar,
    )
    assert distance(policy, record) < 1e-4
    unmasked = TokenRecord(**{name: getattr(record, name) for name in TokenRecord.__slots__ if name != "grammar"})
    assert distance(policy, unmasked) > 0.1


def test_the_sampled_distribution_is_the_masked_one() -> None:
    """Frequencies of the first token against its probabilities, at temperature 0.8 under a grammar."""
    policy = TorchPolicy(text_model(), TINY)
    grammar = "[abc]d"
    request = SampleRequest(
        prompt_ids=TINY.text("x"), grammar=grammar, temperature=0.8, max_tokens=1, stop_ids=TINY.stop_ids
    )
    samples = policy.sample([request] * 3000)
    found = {sample.ids[0]: sample for sample in samples}
    probabilities = {token: float(torch.tensor(sample.logprobs[0]).exp()) for token, sample in found.items()}
    assert sum(probabilities.values()) == pytest.approx(1.0, abs=1e-5)
    for token, probability in probabilities.items():
        share = sum(sample.ids[0] == token for sample in samples) / len(samples)
        assert share == pytest.approx(probability, abs=4 * (probability * (1 - probability) / 3000) ** 0.5)


def test_a_seed_repeats_a_turn_whatever_is_sampled_beside_it() -> None:
    policy = TorchPolicy(text_model(), TINY)

    def asked(seed: int | None, text: str = "How many?") -> SampleRequest:
        return SampleRequest(prompt_ids=TINY.text(text), max_tokens=12, seed=seed, stop_ids=TINY.stop_ids)

    alone = policy.sample([asked(7)])[0]
    beside = policy.sample([asked(None, "Something longer than that?"), asked(7), asked(8)])[1]
    assert alone.ids == beside.ids


async def test_an_expert_that_was_just_added_is_called() -> None:
    policy = TorchPolicy(text_model(), TINY)
    registry = Registry(experts=[ScriptedExpert("Reader")])
    chosen = router(policy)
    from maestro_graph import RouterView

    registry.add_expert(ScriptedExpert("Zoologist"))
    view = RouterView(question="How many?", images=(), registry=registry, turns_left=3)
    turns = await asyncio.gather(*(chosen.decide(view) for _ in range(24)))
    assert "Zoologist" in {call.expert for turn in turns if isinstance(turn.decision, tuple) for call in turn.decision}


def save(model: Any, folder: Path) -> Path:
    model.save_pretrained(folder)
    write_tokenizer(folder)
    return folder


@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing.:FutureWarning")  # peft 0.21 on transformers 5.23
async def test_an_adapter_serves_from_a_registry(tmp_path: Path) -> None:
    """`path` names an adapter: it is found on its model, and it changes what is sampled."""
    peft = pytest.importorskip("peft")
    base = save(text_model(), tmp_path / "base")
    model = peft.get_peft_model(text_model(), peft.LoraConfig(r=4, target_modules=["q_proj"], init_lora_weights=False))
    model.save_pretrained(tmp_path / "adapter")
    written = json.loads((tmp_path / "adapter" / "adapter_config.json").read_text())
    written["base_model_name_or_path"] = str(base)
    (tmp_path / "adapter" / "adapter_config.json").write_text(json.dumps(written))
    request = SampleRequest(prompt_ids=TINY.text("How many?"), temperature=0.0, max_tokens=8, stop_ids=TINY.stop_ids)
    replies = []
    for path in (base, tmp_path / "adapter"):
        built = build(RouterConfig(kind="policy", path=str(path), options=SHORT))
        replies.append(await built.sampler.sample(request))
    assert replies[0].logprobs != pytest.approx(replies[1].logprobs, abs=1e-3)


def test_a_folder_without_weights_says_so(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="cannot be loaded"):
        build(RouterConfig(kind="policy", path=str(write_tokenizer(tmp_path / "empty")), options=SHORT))


async def test_pictures_are_seen(tmp_path: Path) -> None:
    """Two pictures of different sizes, two runs in a batch, three turns: exact, and another picture changes it."""
    policy = TorchPolicy(seeing_model(), TINY, image_processor=image_processor())
    Image.effect_noise((48, 32), 90).convert("RGB").save(tmp_path / "a.png")
    Image.linear_gradient("L").resize((32, 32)).convert("RGB").save(tmp_path / "b.png")
    registry = Registry(experts=[ScriptedExpert("Reader", "It says 42.")], images=ImageStore(tmp_path / "store"))
    graph = compile_maestro(registry, router(policy))
    trace = tmp_path / "runs.jsonl"
    context = MaestroContext(max_turns=3, trace=trace)
    both = [str(tmp_path / "a.png"), str(tmp_path / "b.png")]
    await asyncio.gather(
        graph.ainvoke({"question": "How many?", "images": both}, context=context),
        graph.ainvoke({"question": "How many ships are there?", "images": both[:1]}, context=context),
    )
    opened = [Image.open(path).convert("RGB") for path in both]
    runs = read_trace(trace)
    assert sorted(len(run.images) for run in runs) == [1, 2]
    for run in runs:
        shown = opened[: len(run.images)]
        for turn in run.turns:
            assert turn.tokens is not None
            assert distance(policy, turn.tokens, shown) < 1e-4
            assert "<|image_pad|><|image_pad|>" not in (turn.prompt or "")
        first = run.turns[0].tokens
        assert first is not None
        blank = [Image.new("RGB", one.size, "white") for one in shown]
        assert distance(policy, first, blank) > 1e-3


async def test_a_model_without_eyes_says_so(tmp_path: Path) -> None:
    Image.new("RGB", (32, 32)).save(tmp_path / "a.png")
    registry = Registry(experts=[ScriptedExpert("Reader")], images=ImageStore(tmp_path / "store"))
    graph = compile_maestro(registry, router(TorchPolicy(text_model(), TINY)))
    with pytest.raises(RegistryError, match="takes no pictures"):
        await graph.ainvoke({"question": "How many?", "images": [str(tmp_path / "a.png")]})


async def test_a_run_that_is_given_up_leaves_its_batch() -> None:
    policy = TorchPolicy(text_model(), TINY)
    sampler = InProcessSampler(policy, max_batch=4)
    long = SampleRequest(prompt_ids=TINY.text("x"), max_tokens=3000, grammar="[a-z]{3000}", stop_ids=TINY.stop_ids)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(sampler.sample(long), 0.05)
    short = await sampler.sample(SampleRequest(prompt_ids=TINY.text("x"), max_tokens=2, stop_ids=TINY.stop_ids))
    assert len(short.ids) <= 2


def test_failures_of_one_grammar_are_its_own() -> None:
    from maestro_graph import MaestroError
    from maestro_graph.routers.policy._batcher import Pending

    policy = TorchPolicy(text_model(), TINY)
    good = Pending(SampleRequest(prompt_ids=TINY.text("x"), max_tokens=2, stop_ids=TINY.stop_ids))
    bad = Pending(SampleRequest(prompt_ids=TINY.text("x"), max_tokens=2, grammar="(", stop_ids=TINY.stop_ids))
    policy.work([good, bad])
    assert len(good.future.result().ids) <= 2
    with pytest.raises(MaestroError, match="cannot be compiled"):
        bad.future.result()
    assert not isinstance(bad.future.exception(), CallFailure)
