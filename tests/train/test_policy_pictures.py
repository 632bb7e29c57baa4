"""Pictures reach the gradient: a tiny Qwen3-VL through the whole path, from runs of the graph to the update."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("trl")

from policy_world import settings, write_world  # noqa: E402
from safetensors.torch import load_file  # noqa: E402

from maestro_graph.images import ImageStore  # noqa: E402
from maestro_training.policy import _train  # noqa: E402
from maestro_training.policy._masks import token_masks  # noqa: E402
from maestro_training.policy._model import open_model  # noqa: E402
from maestro_training.policy._rows import PolicyRow  # noqa: E402
from maestro_training.policy._scoring import RowScorer  # noqa: E402
from maestro_training.policy._trl import GraphGRPOTrainer  # noqa: E402
from maestro_training.policy._vision import PictureInputs  # noqa: E402

pytestmark = [
    pytest.mark.train,
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


class Seen:
    """What one update was made of."""

    def __init__(self) -> None:
        self.rows: list[PolicyRow] = []
        self.gradients: dict[str, float] = {}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return write_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def updated(world: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> tuple[Seen, Path]:
    """One update: four questions with one or two pictures of three sizes, all in one forward pass."""
    seen, out = Seen(), tmp_path_factory.mktemp("run")

    def before_update(self: Any, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any) -> None:
        for name, parameter in model.named_parameters():
            seen.gradients[name] = 0.0 if parameter.grad is None else float(parameter.grad.abs().max())

    def loss(self: Any, model: Any, inputs: Any) -> Any:
        seen.rows = list(self._rows)
        return plain(self, model, inputs)

    plain = GraphGRPOTrainer._compute_loss
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_train._Watch, "on_pre_optimizer_step", before_update, raising=False)
        patch.setattr(GraphGRPOTrainer, "_compute_loss", loss)
        training = settings(world, steps=1, questions=4, group_size=8, micro_batch=32)
        _train.train_policy(training, out / "run", shown=False)
    return seen, out / "run"


def test_the_vision_tower_is_trained(updated: tuple[Seen, Path], world: dict[str, Any]) -> None:
    seen, out = updated
    tower = {name: value for name, value in seen.gradients.items() if ".visual." in name}
    assert any("patch_embed" in name for name in tower)
    # A bias of the keys shifts all scores of a query alike, and has no gradient at all.
    assert min(tower.values()) > 0, [name for name, value in tower.items() if not value]
    before, after = (load_file(str(Path(folder) / "model.safetensors")) for folder in (world["model"], out / "policy"))
    name = next(name for name in before if "patch_embed.proj.weight" in name)
    assert not torch.equal(before[name], after[name])


def scored(world: dict[str, Any], rows: list[PolicyRow], other: dict[str, str] | None = None) -> Any:
    """Log-probabilities under the model that they were sampled from, with some pictures in place of others."""
    trained = open_model(settings(world), device="cpu")
    store, shown = ImageStore(), other or {}

    def pixels(reference: str) -> PictureInputs:
        values, grid = trained.policy.pixels(store.open(shown.get(reference, reference)))
        return PictureInputs(pixel_values=values, image_grid_thw=grid)

    masks = token_masks(trained.policy.masks)
    scorer = RowScorer(pad=0, masks=masks, pixels=pixels, image_token=trained.image_token)
    with torch.no_grad():
        return scorer(trained.model, rows, device="cpu")[0]


def test_one_batch_holds_several_pictures_and_sizes_and_is_exact(
    updated: tuple[Seen, Path], world: dict[str, Any]
) -> None:
    seen, _ = updated
    assert {len(row.images) for row in seen.rows} == {1, 2}
    assert len({image for row in seen.rows for image in row.images}) == 6
    sampled = torch.tensor([value for row in seen.rows for value in row.sampled])
    assert (scored(world, seen.rows) - sampled).exp().sub(1).abs().max() < 1e-3


def test_another_picture_changes_the_log_probabilities(updated: tuple[Seen, Path], world: dict[str, Any]) -> None:
    seen, _ = updated
    rows = [row for row in seen.rows if len(row.images) == 1]
    plain = scored(world, rows)
    red = rows[0].images[0]
    folder = Path(red).parent
    blue = {red: str(_recoloured(Path(red), folder / "recoloured.png"))}
    changed = scored(world, [row for row in rows if row.images == (red,)], blue)
    kept = scored(world, [row for row in rows if row.images == (red,)])
    assert (changed - kept).abs().max() > 1e-4
    torch.testing.assert_close(scored(world, rows), plain)


def _recoloured(source: Path, target: Path) -> Path:
    """The picture with red and blue exchanged."""
    from PIL import Image

    red, green, blue = Image.open(source).convert("RGB").split()
    Image.merge("RGB", (blue, green, red)).save(target)
    return target


def test_a_blind_model_sees_no_difference(updated: tuple[Seen, Path], tmp_path: Path) -> None:
    """The control has everything but the pixels."""
    from maestro_training.policy._tiny import build_tiny_qwen3vl

    seen, _ = updated
    row = next(row for row in seen.rows if len(row.images) == 1)
    blind = build_tiny_qwen3vl(tmp_path / "blind", hidden=64, layers=2, vision_hidden=48, vision_layers=2, blind=True)
    from maestro_graph.routers.policy import PolicyOptions, PolicyTokenizer
    from maestro_graph.routers.policy._torch_model import load_policy

    policy = load_policy(str(blind), PolicyTokenizer.load(str(blind)), adapter=None, options=PolicyOptions())
    store = ImageStore()
    other = _recoloured(Path(row.images[0]), tmp_path / "other.png")
    one, two = (policy.pixels(store.open(str(image)))[0] for image in (row.images[0], other))
    torch.testing.assert_close(one, two)
    assert replace(row).images == row.images


async def test_the_policy_that_comes_out_sees(updated: tuple[Seen, Path], world: dict[str, Any]) -> None:
    """A registry's `router: FOLDER` finds the weights, the tokenizer and the image processor there."""
    from maestro_graph.registry import build_router, load_registry, resolve_router
    from maestro_graph.routers import RouterView

    seen, out = updated
    registry = load_registry(world["registry"])
    router = build_router(resolve_router(str(out / "policy")))
    picture = registry.images.open(seen.rows[0].images[0])
    turn = await router.decide(RouterView(question="What is it?", images=(picture,), registry=registry, turns_left=2))
    assert isinstance(turn.decision, tuple)
    assert turn.tokens is not None and turn.tokens.prompt_ids == seen.rows[0].ids[: seen.rows[0].start]
