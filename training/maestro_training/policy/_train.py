"""`maestro train policy`: from a configuration to a folder with a trained policy."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from transformers import PrinterCallback, TrainerCallback

from maestro_evaluation import score
from maestro_evaluation.loaders import open_suite
from maestro_evaluation.records import Table
from maestro_evaluation.running import TableEnsemble, read_table
from maestro_evaluation.samples import Sample
from maestro_graph.errors import MaestroError
from maestro_graph.protocol import PROTOCOL_VERSION
from maestro_graph.registry import Registry, load_registry
from maestro_training.encoder._figures import StepFigures, collapse_warning, round_figures
from maestro_training.encoder._report import write_report
from maestro_training.encoder._run_folder import RunFolder, write_whole
from maestro_training.encoder._scores import Scores
from maestro_training.policy._checkpoints import last_checkpoint
from maestro_training.policy._config import PolicyTraining
from maestro_training.policy._full_disk import disk_watched
from maestro_training.policy._held_out import HeldOut, possible, solvable, write_scores
from maestro_training.policy._masks import token_masks
from maestro_training.policy._model import TrainedModel, open_model
from maestro_training.policy._processes import Processes
from maestro_training.policy._runs import GraphRuns
from maestro_training.policy._scoring import RowScorer
from maestro_training.policy._trl import GraphGRPOTrainer, GRPOConfig
from maestro_training.policy._vision import PictureInputs
from maestro_training.rewards import Calls, Format, Outcome, Reward
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
    """Train, or go on with a training that was interrupted; then write the policy, its figures and a report.

    Raises:
        MaestroError: model, suite or table cannot be used, `out` holds another run, or there is no room to write.
    """
    with disk_watched(out):
        return _train(training, out, shown=shown)


def _train(training: PolicyTraining, out: Path, *, shown: bool) -> TrainedPolicy:
    began = time.monotonic()
    processes = Processes.here()
    say = _say if shown and processes.is_first else _silent
    own = processes.folder(out)
    folder = RunFolder(own, training.model_dump(mode="json"))
    samples, held_out = _samples(training), _held_out_samples(training)
    ensemble, table = _ensemble(training, [*samples, *held_out])
    best = possible(table, samples, held_out)
    if training.solvable:
        samples = solvable(table, samples)
        say(f"{len(samples)} questions to train on that the table has a solution of")
    _check_rules([*samples, *held_out])
    trained = open_model(training)
    started, updates = last_checkpoint(out / CHECKPOINTS, clear=processes.is_first)
    first = updates // training.passes
    rewards: list[Reward] = [
        Outcome(scorer=Scores()),
        Format(),
        *([Calls(weight=training.calls_weight)] if training.calls_weight else []),
    ]
    settings = RolloutSettings(
        in_flight=training.in_flight,
        apart_s=0.0,
        temperature=training.temperature,
        seed=training.seed,
        max_turns=training.max_turns,
        max_calls=training.max_calls,
        deadline_s=training.deadline_s,
    )
    trial = None
    if training.held_out is not None and processes.is_first:
        trial = HeldOut(
            samples=held_out,
            registry=ensemble,
            router=trained.router,
            rewards=rewards,
            settings=settings,
            folder=out,
            some=training.held_out.some,
            group=training.held_out.group,
        )
    watch = _Watch(folder, ensemble, training, trial, began=began, say=say)
    folder.rewind(first)
    runs = GraphRuns(
        samples=samples,
        registry=ensemble,
        router=trained.router,
        rewards=rewards,
        settings=settings,
        folder=own / "rollouts",
        end=trained.tokenizer.eos_token_id,
        lengths=training.lengths,
        sees=training.options.pictures == "shown",
        on_groups=watch.rolled,
    )
    runs.keep_from(first)
    trainer = GraphGRPOTrainer(
        model=trained.model,
        args=_arguments(training, out, processes),
        samples=[sample.key for sample in samples],
        rollout=runs,
        scorer=_scorer(training, trained, ensemble),
        reward_weights={reward.name: reward.weight for reward in rewards},
        tokenizer=trained.tokenizer,
        callbacks=[watch],
    )
    trainer.remove_callback(PrinterCallback)
    watch.gathered = trainer.gathered
    start = watch.try_out(0) if first == 0 else {}
    trainer.train(resume_from_checkpoint=None if started is None else str(started))
    _save(trained, trainer, training, out)
    end = watch.try_out(runs.round, every=True)
    if start and end:
        write_scores(out, {"untrained": start, "trained": end}, best)
    if watch.figures and processes.is_first:
        write_report(out)
    return TrainedPolicy(out, list(folder.figures()))


def _check_rules(samples: Sequence[Sample]) -> None:
    """Score an answer by each rule once: what a rule lacks is an error before the first round.

    Raises:
        MaestroError: a rule needs what is not installed, or leaves answers to a judge.
    """
    for sample in {sample.rule: sample for sample in samples}.values():
        if score(sample.rule, "unknown", sample.answer, sample.meta) is None:
            raise MaestroError(
                f"the rule {sample.rule!r} of the sample {sample.key!r} leaves answers to a judge; a policy is trained "
                f"on rules that decide by themselves"
            )


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


def _held_out_samples(training: PolicyTraining) -> list[Sample]:
    wanted = training.held_out
    if wanted is None:
        return []
    found = list(open_suite(training.suite, split=wanted.split, limit=wanted.limit))
    if not found:
        raise MaestroError(f"the suite {training.suite!r} has no questions in its {wanted.split} split to hold out")
    return [sample for sample in found if sample.answer is not None]


def _ensemble(training: PolicyTraining, samples: Sequence[Sample]) -> tuple[Registry, Table]:
    """The experts, live or out of a table, and the table."""
    registry = load_registry(training.registry)
    if training.outcomes is None:
        return registry, {}
    table = read_table(training.outcomes, samples={sample.key: sample for sample in samples})
    return TableEnsemble(registry, table, samples, live=True), table


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


def _arguments(training: PolicyTraining, out: Path, processes: Processes) -> Any:
    rows = training.questions * training.group_size
    if training.questions % processes.count or (rows // processes.count) % training.micro_batch:
        raise MaestroError(
            f"{training.questions} questions by {training.group_size} runs are {rows} trajectories; they cannot be "
            f"shared by {processes.count} processes so that groups stay whole and micro_batch ({training.micro_batch}) "
            f"divides what each has"
        )
    return GRPOConfig(
        output_dir=str(out / CHECKPOINTS),
        per_device_train_batch_size=training.micro_batch,
        gradient_accumulation_steps=rows // (training.micro_batch * processes.count),
        num_generations=training.group_size,
        max_steps=training.steps * training.passes,
        num_iterations=training.passes,
        learning_rate=training.learning_rate,
        warmup_steps=training.warmup,
        lr_scheduler_type="constant_with_warmup",
        temperature=training.temperature,
        max_completion_length=training.lengths.trajectory,
        beta=training.kl,
        scale_rewards="group" if training.scale_rewards else "none",
        entropy_coef=training.entropy,
        epsilon=training.clip_low,
        epsilon_high=training.clip_high,
        bf16=training.precision == "bfloat16",
        tf32=True if training.tf32 and _has_gpu() else None,
        use_cpu=not _has_gpu(),
        gradient_checkpointing=training.checkpointing,
        gradient_checkpointing_kwargs={"use_reentrant": False},
        save_strategy="steps",
        save_steps=training.checkpoint * training.passes,
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
    state = _whole_state(trainer) if Processes.here().count > 1 else None
    if not Processes.here().is_first:
        return
    model.save_pretrained(out / "policy", state_dict=state)
    trained.tokenizer.save_pretrained(out / "policy")
    if trained.policy.image_processor is not None:
        trained.policy.image_processor.save_pretrained(out / "policy")
    router = {
        "kind": "policy",
        "path": ".",
        "protocol_version": PROTOCOL_VERSION,
        "think_opened": training.think_opened,
        "sampling": {"temperature": 0.0, "max_tokens": training.lengths.turn},
        "options": training.options.model_dump(mode="json", exclude_defaults=True),
    }
    write_whole(out / "policy" / "router.json", json.dumps(router, indent=2) + "\n")


def _whole_state(trainer: Any) -> dict[str, Any]:
    """The weights of all processes; a weight that is tied to another is left out."""
    found: dict[str, Any] = trainer.accelerator.get_state_dict(trainer.model_wrapped)
    tied = getattr(trainer.accelerator.unwrap_model(trainer.model), "all_tied_weights_keys", None) or {}
    return {name: value for name, value in found.items() if name not in tied}


class _Watch(TrainerCallback):  # type: ignore[misc]  # transformers is not typed
    """Figures of every update (what the rollouts came to, and what TRL logged of it), trials on held-out questions
    between updates, and the end when the time is up."""

    def __init__(
        self,
        folder: RunFolder,
        registry: Registry,
        training: PolicyTraining,
        trial: HeldOut | None,
        *,
        began: float,
        say: Callable[[str], None],
    ) -> None:
        self._folder, self._registry, self._training, self._trial = folder, registry, training, trial
        self._began, self._say = began, say
        self._last_end = time.monotonic()
        self._longest = 0.0
        self._rolled: StepFigures | None = None
        self._tried: Mapping[str, float] = {}
        self._logs: dict[str, Any] | None = None
        self.figures = 0
        self.gathered: Callable[[], AbstractContextManager[None]] = nullcontext
        self._processes = Processes.here()

    def rolled(self, number: int, groups: Sequence[TrajectoryGroup]) -> None:
        """A round of rollouts is there."""
        self._rolled = round_figures(number, groups)
        self._say(f"{number + 1}/{self._training.steps} rolled out: reward {self._rolled.reward:.3f}")

    def try_out(self, step: int, *, every: bool = False) -> Mapping[str, float]:
        """Figures on the held-out questions after so many updates; none where none are held out."""
        with self.gathered():
            if self._trial is None:
                return {}
            found = self._trial(step, every=every or step == 0)
        self._say(f"held out after {step}: " + ", ".join(f"{name} {value:.3f}" for name, value in found.items()))
        return found

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        """An update is done. A round is told of after its last one, with what its first came to."""
        if self._rolled is None or logs is None or "loss" not in logs:
            return
        self._logs = self._logs or logs
        if state.global_step % self._training.passes:
            return
        logs, self._logs = self._logs, None
        figures = replace(
            self._rolled,
            entropy=float(logs.get("entropy", 0.0)),
            loss=float(logs["loss"]),
            kl=float(logs.get("kl", 0.0)),
            clipped=float(logs.get("clip_ratio/region_mean", 0.0)),
            grad_norm=float(logs.get("grad_norm", 0.0)),
            seconds=float(logs.get("step_time", 0.0)),
            watched=self._tried,
        )
        self._rolled, self._tried = None, {}
        self._folder.append(figures.to_json())
        self.figures += 1
        if warning := collapse_warning(figures, self._registry.actions()):
            self._say(f"warning: {warning}")
        experts = " ".join(f"{name} {share:.0%}" for name, share in figures.experts.items())
        self._say(
            f"{figures.step + 1}/{self._training.steps} reward {figures.reward:.3f}, valid {figures.valid:.1%}, "
            f"entropy {figures.entropy:.3f}, {figures.calls:.2f} calls, {experts} ({figures.seconds:.1f} s)"
        )

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Try the policy out where it is due, and stop while there is time to end well."""
        if state.global_step % self._training.passes:
            return
        done = state.global_step // self._training.passes
        held_out = self._training.held_out
        if held_out is not None and held_out.every and done % held_out.every == 0:
            self._tried = self.try_out(done)
        now = time.monotonic()
        self._longest, self._last_end = max(self._longest, now - self._last_end), now
        limit = self._training.max_minutes
        if limit is None:
            return
        left = limit * 60 - (now - self._began)
        last = self._trial.seconds * len(self._trial.samples) if self._trial is not None else 0.0
        if self._processes.agreed(left < self._longest + last):
            self._say(f"stopping after {done} rounds: the {limit:g} minutes are nearly over")
            control.should_training_stop = control.should_save = True


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _silent(text: str) -> None:
    pass
