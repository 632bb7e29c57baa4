"""Packed trees against one forward pass a row: the same log-probabilities, entropies and gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from policies import IMAGE, PICTURES, seeing_policy, seeing_rows, text_policy, text_rows  # noqa: E402

from maestro_graph.routers.policy._torch_model import allowed_tokens  # noqa: E402
from maestro_training.policy._pack import pack_rows  # noqa: E402
from maestro_training.policy._rows import PolicyRow, PolicySpan  # noqa: E402
from maestro_training.policy._scoring import RowScorer  # noqa: E402

pytestmark = pytest.mark.train

VOCABULARY = 97
CASES = {"text": (text_policy, text_rows), "pictures": (seeing_policy, seeing_rows)}


def one_by_one(model: Any, rows: Sequence[PolicyRow], allowed: torch.Tensor | None = None) -> tuple[Any, Any]:
    """A dense reference: every row alone, logits of all its tokens."""
    logps, entropies = [], []
    for row in rows:
        ids = torch.tensor([row.ids])
        given = {}
        if row.images:
            given = {
                "pixel_values": torch.cat([PICTURES[ref].pixel_values for ref in row.images]),
                "image_grid_thw": torch.cat([PICTURES[ref].image_grid_thw for ref in row.images]),
                "mm_token_type_ids": (ids == IMAGE).int(),
            }
        logits = model(input_ids=ids, **given).logits[0] / row.temperature
        if allowed is not None:
            logits = logits.masked_fill(~allowed, float("-inf"))
        logs = logits.log_softmax(-1)
        for place in row.policy_places:
            line = logs[place - 1]
            logps.append(line[row.ids[place]])
            kept = line[line > float("-inf")]
            entropies.append(-(kept.exp() * kept).sum())
    return torch.stack(logps), torch.stack(entropies)


def gradients(model: Any, logps: torch.Tensor, entropies: torch.Tensor) -> list[torch.Tensor]:
    weights = torch.linspace(-1, 1, len(logps))
    ((logps * weights).sum() + entropies.sum()).backward()
    found = [torch.zeros_like(p) if p.grad is None else p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    return found


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("share", [True, False])
def test_same_as_one_by_one(case: str, share: bool) -> None:
    make, rows_of = CASES[case]
    model, rows = make(), rows_of()
    scorer = RowScorer(pad=0, share=share, pixels=PICTURES.__getitem__, image_token=IMAGE)
    expected = one_by_one(model, rows)
    wanted = gradients(model, *expected)
    found = scorer(model, rows, device="cpu")
    torch.testing.assert_close(found[0], expected[0], atol=5e-6, rtol=0)
    torch.testing.assert_close(found[1], expected[1], atol=5e-6, rtol=0)
    for one, other in zip(gradients(model, *found), wanted, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def test_every_part_of_the_vision_tower_has_a_gradient() -> None:
    model, rows = seeing_policy(), seeing_rows()
    scorer = RowScorer(pad=0, pixels=PICTURES.__getitem__, image_token=IMAGE)
    scorer(model, rows, device="cpu")[0].sum().backward()
    tower = {name: value for name, value in model.named_parameters() if "visual" in name}
    assert len(tower) > 10
    assert not [name for name, value in tower.items() if value.grad is None or not value.grad.abs().sum() > 0]


def test_another_picture_gives_other_log_probabilities() -> None:
    model, rows = seeing_policy(), [row for row in seeing_rows() if row.group == "one"]
    scorer = RowScorer(pad=0, pixels=PICTURES.__getitem__, image_token=IMAGE)
    turned = PICTURES | {
        "z": type(PICTURES["z"])(
            pixel_values=PICTURES["z"].pixel_values.flip(0), image_grid_thw=PICTURES["z"].image_grid_thw
        )
    }
    other = RowScorer(pad=0, pixels=turned.__getitem__, image_token=IMAGE)
    difference = scorer(model, rows, device="cpu")[0] - other(model, rows, device="cpu")[0]
    assert difference.abs().max() > 1e-4


def test_what_rows_share_stands_once() -> None:
    rows = text_rows()
    shared, alone = pack_rows(rows, pad=0), pack_rows(rows, pad=0, share=False)
    assert sum(len(tree.ids) for tree in shared.trees) < 0.6 * sum(len(tree.ids) for tree in alone.trees)


def test_a_wrong_mask_would_be_seen() -> None:
    """The agreement above is not vacuous: attention over everything before a token gives other numbers."""
    model, rows = text_policy(), text_rows()
    pack = pack_rows(rows, pad=0)
    length = pack.ids.shape[1]
    causal = torch.ones(length, length, dtype=torch.bool).tril().expand(len(pack.trees), 1, length, length)
    wrong = model(input_ids=pack.ids, position_ids=pack.depths, attention_mask=causal, score=pack.score())
    right = model(input_ids=pack.ids, position_ids=pack.depths, attention_mask=pack.attention(), score=pack.score())
    assert (wrong.logps - right.logps).abs().max() > 1e-2


def words(allowed: torch.Tensor) -> torch.Tensor:
    """Booleans over the vocabulary as 32-bit words."""
    padded = torch.nn.functional.pad(allowed, (0, -len(allowed) % 32)).view(-1, 32).long()
    value = (padded << torch.arange(32)).sum(-1)
    return torch.where(value >= 2**31, value - 2**32, value).int()


def test_masks_renormalise_as_a_dense_reference_does() -> None:
    model = text_policy()
    rows = [
        PolicyRow(
            ids=row.ids,
            spans=tuple(PolicySpan(start=span.start, stop=span.stop, regex="few") for span in row.spans),
            sampled=row.sampled,
            temperature=row.temperature,
            group=row.group,
        )
        for row in text_rows()
    ]
    allowed = torch.zeros(VOCABULARY, dtype=torch.bool)
    allowed[[0, 1, 2, 31, 32, 63, 96]] = True
    assert torch.equal(allowed_tokens(words(allowed)[None], VOCABULARY)[0], allowed)
    scorer = RowScorer(pad=0, masks=lambda regex, tokens: [words(allowed)] * len(tokens))
    expected = one_by_one(model, rows, allowed)
    wanted = gradients(model, *expected)
    found = scorer(model, rows, device="cpu")
    torch.testing.assert_close(found[0], expected[0], atol=5e-6, rtol=0)
    torch.testing.assert_close(found[1], expected[1], atol=5e-6, rtol=0)
    for one, other in zip(gradients(model, *found), wanted, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def test_observations_contribute_no_gradient() -> None:
    """Where only an observation differs after the last turn, nothing else does."""
    model, rows = text_policy(), text_rows()
    changed = [
        PolicyRow(
            ids=(*row.ids[:-3], 40, 41, 42),
            spans=row.spans,
            sampled=row.sampled,
            temperature=row.temperature,
            group=row.group,
        )
        for row in rows
    ]
    scorer = RowScorer(pad=0)
    one = gradients(model, *scorer(model, rows, device="cpu"))
    other = gradients(model, *scorer(model, changed, device="cpu"))
    embedding = next(at for at, (name, _) in enumerate(model.named_parameters()) if "embed_tokens" in name)
    assert not other[embedding][[40, 41, 42]].any()
    for left, right in zip(one, other, strict=True):
        torch.testing.assert_close(left, right, atol=1e-6, rtol=1e-5)
