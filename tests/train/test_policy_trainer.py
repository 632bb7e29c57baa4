"""TRL's trainer on rows of the graph: the old policy is what was sampled, and the loss is TRL's own."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("trl")

from policies import text_policy  # noqa: E402
from tokenizers import Tokenizer, models  # noqa: E402
from transformers import PreTrainedTokenizerFast  # noqa: E402

from maestro_training.policy._rows import PolicyRow, PolicySpan  # noqa: E402
from maestro_training.policy._runs import RewardedRow  # noqa: E402
from maestro_training.policy._scoring import RowScorer  # noqa: E402
from maestro_training.policy._trl import GraphGRPOTrainer, GRPOConfig  # noqa: E402

pytestmark = [
    pytest.mark.train,
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

TEMPERATURE = 0.7


def tokenizer() -> Any:
    words = {f"t{number}": number for number in range(97)}
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel(words, unk_token="t0")), pad_token="t0", eos_token="t1"
    )


class Sampled:
    """Rows sampled from the model, token by token; `shift` corrupts the log-probabilities that are recorded."""

    def __init__(self, model: Any, shift: float = 0.0) -> None:
        self.model, self.shift = model, shift
        self.draw = torch.Generator().manual_seed(0)
        self.reward = random.Random(0)

    def __call__(self, keys: Any) -> list[RewardedRow]:
        return [RewardedRow(row=self._row(key), rewards={"outcome": self.reward.random()}) for key in keys]

    @torch.no_grad()
    def _row(self, key: str) -> PolicyRow:
        ids = list(range(10, 30 + 3 * int(key)))
        spans, logps = [], []
        for turn in range(2):
            start = len(ids)
            for _ in range(4):
                logs = (self.model(input_ids=torch.tensor([ids])).logits[0, -1] / TEMPERATURE).log_softmax(-1)
                ids.append(int(torch.multinomial(logs.exp(), 1, generator=self.draw)))
                logps.append(float(logs[ids[-1]]) + self.shift)
            spans.append(PolicySpan(start=start, stop=len(ids)))
            ids += [7, 8, 9] if turn == 0 else []
        return PolicyRow(ids=tuple(ids), spans=tuple(spans), sampled=tuple(logps), temperature=TEMPERATURE, group=key)


class OwnScoring(GraphGRPOTrainer):
    """The same batch scored by TRL itself."""

    def _get_per_token_logps_and_entropies(self, *args: Any, **kwargs: Any) -> Any:
        return super(GraphGRPOTrainer, self)._get_per_token_logps_and_entropies(*args, **kwargs)


def trained(kind: type, folder: Path, *, shift: float = 0.0, steps: int = 1) -> Any:
    model = text_policy()
    args = GRPOConfig(
        output_dir=str(folder),
        per_device_train_batch_size=8,
        gradient_accumulation_steps=2,
        num_generations=4,
        max_steps=steps,
        max_completion_length=20,
        temperature=TEMPERATURE,
        learning_rate=1e-3,
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        report_to=[],
        save_strategy="no",
        logging_steps=1,
        disable_tqdm=True,
        seed=3,
    )
    made = kind(
        model=model,
        args=args,
        samples=[str(number) for number in range(6)],
        rollout=Sampled(model, shift),
        scorer=RowScorer(pad=0),
        reward_weights={"outcome": 1.0},
        tokenizer=tokenizer(),
    )
    ratios: list[float] = []
    compute = made._compute_loss

    def watched(model: Any, inputs: dict[str, Any]) -> Any:
        made._batch = inputs["maestro_row"]
        ids = torch.cat([inputs["prompt_ids"], inputs["completion_ids"]], 1)
        with torch.no_grad():
            found, _, _ = GraphGRPOTrainer._get_per_token_logps_and_entropies(
                made, model, ids, None, inputs["completion_ids"].shape[1]
            )
        mask = inputs["completion_mask"] * inputs["tool_mask"]
        ratio = (found - inputs["old_per_token_logps"]).exp()
        ratios.extend(ratio[mask.bool()].tolist())
        return compute(model, inputs)

    made._compute_loss = watched
    made.train()
    made.ratios = ratios
    return made


def logged(made: Any, name: str) -> float:
    return float(next(entry[name] for entry in made.state.log_history if name in entry))


def test_the_ratio_of_the_first_update_is_one(tmp_path: Path) -> None:
    made = trained(GraphGRPOTrainer, tmp_path)
    assert len(made.ratios) == 16 * 8
    assert max(abs(ratio - 1) for ratio in made.ratios) < 1e-3


def test_corrupted_log_probabilities_are_seen(tmp_path: Path) -> None:
    made = trained(GraphGRPOTrainer, tmp_path, shift=0.1)
    assert min(abs(ratio - 1) for ratio in made.ratios) > 0.05


def test_the_loss_is_that_of_trl(tmp_path: Path) -> None:
    ours, theirs = (trained(kind, tmp_path / kind.__name__) for kind in (GraphGRPOTrainer, OwnScoring))
    for name in ("loss", "grad_norm", "entropy"):
        assert logged(ours, name) == pytest.approx(logged(theirs, name), abs=1e-5, rel=1e-4), name
    for one, other in zip(ours.model.parameters(), theirs.model.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)
