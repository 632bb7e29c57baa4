"""`maestro train policy`: from a configuration to a folder with a trained policy."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from transformers import PrinterCallback, TrainerCallback
from transformers.trainer_utils import get_last_checkpoint

from maestro_evaluation.loaders import open_suite
from maestro_evaluation.running import TableEnsemble, read_table
from maestro_evaluation.samples import Sample
from maestro_graph.errors import MaestroError
from maestro_graph.protocol import PROTOCOL_VERSION
from maestro_graph.registry import Registry, load_registry
from maestro_training.encoder._figures import StepFigures, collapse_warning, round_figures
from maestro_training.encoder._run_folder import RunFolder, write_whole
from maestro_training.policy._config import PolicyTraining
from maestro_training.policy._masks import token_masks
from maestro_training.policy._model import TrainedModel, open_model
from maestro_training.policy._runs import GraphRuns
from maestro_training.policy._scoring import RowScorer
from maestro_training.policy._trl import GraphGRPOTrainer, GRPOConfig
from maestro_training.policy._vision import PictureInputs
from maestro_training.rewards import Calls, Reward, paper_rewards
from maestro_training.rollouts import RolloutSettings
from maestro_training.trajectory import TrajectoryGroup

__all__ = ["TrainedPolicy", "train_policy"]

CHECKPOINTS = "trainer"


@dataclass(frozen=True)
class TrainedPolicy:
    """What came out: its sub-folder `policy` is what a registry names by `router: FOLDER`."""

    folder: Path
    figures: Sequence[Mapping[str, Any]]

    def summary(self) -> str:
        """A few lines for the terminal."""
        first, last = self.figures[0], self.figures[-1]
        return (
            f"trained policy: {self.folder} (registry file: 'router: {self.folder}/policy')\n"
            f"  reward {first['reward']:.3f} -> {last['reward']:.3f}, entropy {first['entropy']:.2f} -> "
            f"{last['entropy']:.2f} over {len(self.figures)} updates"
        )


def train_policy(training: PolicyTraining, out: Path, *, shown: bool = True) -> TrainedPolicy:
    """Train, or go on with a training that was interrupted; then write the policy and its figures.

    Raises:
        MaestroError: model, suite or table cannot be used, or `out` holds another run.
    """
    folder = RunFolder(out, training.model_dump(mode="json"))
    samples = _samples(training)
    registry = _registry(training, samples)
    trained = open_model(training)
    started = get_last_checkpoint(str(out / CHECKPOINTS)) if (out / CHECKPOINTS).is_dir() else None
    first = int(Path(started).name.removeprefix("checkpoint-")) if started else 0
    rewards: list[Reward] = [
        *paper_rewards(),
        *([Calls(weight=training.calls_weight)] if training.calls_weight else []),
    ]
    watch = _Watch(folder, registry, training, _say if shown else _silent)
    folder.rewind(first)
    runs = GraphRuns(
        samples=samples,
        registry=registry,
        router=trained.router,
        rewards=rewards,
        settings=RolloutSettings(
            in_flight=training.in_flight,
            temperature=training.temperature,
            seed=training.seed,
            max_turns=training.max_turns,
            max_calls=training.max_calls,
            deadline_s=training.deadline_s,
        ),
        folder=out / "rollouts",
        end=trained.tokenizer.eos_token_id,
        lengths=training.lengths,
        sees=training.options.pictures == "shown",
        on_groups=watch.rolled,
    )
    runs.keep_from(first)
    trainer = GraphGRPOTrainer(
        model=trained.model,
        args=_arguments(training, out),
        samples=[sample.key for sample in samples],
        rollout=runs,
        scorer=_scorer(training, trained, registry),
        reward_weights={reward.name: reward.weight for reward in rewards},
        tokenizer=trained.tokenizer,
        callbacks=[watch],
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train(resume_from_checkpoint=started)
    _save(trained, trainer, training, out)
    figures = list(folder.figures())
    return TrainedPolicy(out, figures)


def _samples(training: PolicyTraining) -> list[Sample]:
    suite = open_suite(training.suite, split=training.split, limit=training.limit)
    if not len(suite):
        raise MaestroError(f"the suite {training.suite!r} has no questions in its {training.split} split")
    if unanswered := next((sample for sample in suite if sample.answer is None), None):
        raise MaestroError(
            f"the sample {unanswered.key!r} has no answer; a policy is rewarded by its outcome, so that every sample "
            f"it is trained on must have one"
        )
    return list(suite)


def _registry(training: PolicyTraining, samples: Sequence[Sample]) -> Registry:
    registry = load_registry(training.registry)
    if training.outcomes is None:
        return registry
    table = read_table(training.outcomes, samples={sample.key: sample for sample in samples})
    return TableEnsemble(registry, table, samples, live=True)


def _scorer(training: PolicyTraining, trained: TrainedModel, registry: Registry) -> RowScorer:
    def pixels(reference: str) -> PictureInputs:
        values, grid = trained.policy.pixels(registry.images.open(reference))
        return PictureInputs(pixel_values=values, image_grid_thw=grid)

    sees = trained.image_token is not None
    return RowScorer(
        pad=trained.tokenizer.pad_token_id,
        share=training.share_prefixes,
        attention=training.attention,
        masks=token_masks(trained.policy.masks),
        pixels=pixels if sees else None,
        image_token=trained.image_token,
    )


def _arguments(training: PolicyTraining, out: Path) -> Any:
    rows = training.questions * training.group_size
    return GRPOConfig(
        output_dir=str(out / CHECKPOINTS),
        per_device_train_batch_size=training.micro_batch,
        gradient_accumulation_steps=rows // training.micro_batch,
        num_generations=training.group_size,
        max_steps=training.steps,
        learning_rate=training.learning_rate,
        warmup_steps=training.warmup,
        lr_scheduler_type="constant_with_warmup",
        temperature=training.temperature,
        max_completion_length=training.lengths.trajectory,
        beta=training.kl,
        entropy_coef=training.entropy,
        epsilon=training.clip_low,
        epsilon_high=training.clip_high,
        bf16=training.precision == "bfloat16",
        use_cpu=not _has_gpu(),
        gradient_checkpointing=training.checkpointing,
        gradient_checkpointing_kwargs={"use_reentrant": False},
        save_strategy="steps",
        save_steps=training.checkpoint,
        save_total_limit=2,
        logging_steps=1,
        report_to=[],
        disable_tqdm=True,
        seed=training.seed,
    )


def _has_gpu() -> bool:
    import torch

    return bool(torch.cuda.is_available())


def _save(trained: TrainedModel, trainer: Any, training: PolicyTraining, out: Path) -> None:
    """The policy (all weights, or the adapter) with its tokenizer and grammar: `router: FOLDER` in a registry."""
    model = trainer.accelerator.unwrap_model(trainer.model)
    model.save_pretrained(out / "policy")
    trained.tokenizer.save_pretrained(out / "policy")
    router = {
        "kind": "policy",
        "path": ".",
        "protocol_version": PROTOCOL_VERSION,
        "think_opened": training.think_opened,
        "sampling": {"temperature": 0.0, "max_tokens": training.lengths.turn},
        "options": training.options.model_dump(mode="json", exclude_defaults=True),
    }
    write_whole(out / "policy" / "router.json", json.dumps(router, indent=2) + "\n")


class _Watch(TrainerCallback):  # type: ignore[misc]  # transformers is not typed
    """Figures of every update: what the rollouts came to, and what TRL logged of the update."""

    def __init__(
        self, folder: RunFolder, registry: Registry, training: PolicyTraining, say: Callable[[str], None]
    ) -> None:
        self._folder, self._registry, self._training, self._say = folder, registry, training, say
        self._rolled: StepFigures | None = None

    def rolled(self, number: int, groups: Sequence[TrajectoryGroup]) -> None:
        """A round of rollouts is there."""
        self._rolled = round_figures(number, groups)
        self._say(f"{number + 1}/{self._training.steps} rolled out: reward {self._rolled.reward:.3f}")

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        """An update is done."""
        if self._rolled is None or logs is None or "loss" not in logs:
            return
        figures = replace(
            self._rolled,
            entropy=float(logs.get("entropy", 0.0)),
            loss=float(logs["loss"]),
            kl=float(logs.get("kl", 0.0)),
            clipped=float(logs.get("clip_ratio/region_mean", 0.0)),
            grad_norm=float(logs.get("grad_norm", 0.0)),
            seconds=float(logs.get("step_time", 0.0)),
        )
        self._rolled = None
        self._folder.append(figures.to_json())
        if warning := collapse_warning(figures, self._registry.actions()):
            self._say(f"warning: {warning}")
        experts = " ".join(f"{name} {share:.0%}" for name, share in figures.experts.items())
        self._say(
            f"{figures.step + 1}/{self._training.steps} reward {figures.reward:.3f}, valid {figures.valid:.1%}, "
            f"entropy {figures.entropy:.3f}, {figures.calls:.2f} calls, {experts} ({figures.seconds:.1f} s)"
        )


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _silent(text: str) -> None:
    pass
