from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from maestro_graph.embedded.encoder import DIMENSIONS, SentenceEncoder, default_encoder
from maestro_graph.errors import MissingExtraError

pytestmark = pytest.mark.real

TEXTS = [
    "How many coins are there?",
    "What is the total on the receipt?",
    "Read the sign above the door and say in which year the house was built, if it is written there.",
    "",
    "2 + 2",
]


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return SentenceEncoder()


def test_shape_type_and_unit_length(encoder: SentenceEncoder) -> None:
    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), DIMENSIONS)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_no_texts_give_no_rows(encoder: SentenceEncoder) -> None:
    assert encoder.encode([]).shape == (0, DIMENSIONS)


def test_a_bare_string_is_refused(encoder: SentenceEncoder) -> None:
    with pytest.raises(TypeError, match="wrap a single text in a list"):
        encoder.encode("How many?")


def test_a_vector_does_not_depend_on_its_batch() -> None:
    together = SentenceEncoder(cache_size=0).encode([*TEXTS, "long " * 300])
    fresh = SentenceEncoder(cache_size=0)
    for text, vector in zip(TEXTS, together, strict=False):
        np.testing.assert_allclose(fresh.encode([text])[0], vector, atol=1e-5)


def test_many_texts_come_back_in_their_order(encoder: SentenceEncoder) -> None:
    texts = [f"item {n} " + "and more " * (n * 7 % 90) for n in range(60)] + ["item 3 " + "and more " * 21]
    vectors = encoder.encode(texts)
    fresh = SentenceEncoder()
    for index in (0, 17, 59):
        np.testing.assert_allclose(vectors[index], fresh.encode([texts[index]])[0], atol=1e-5)
    np.testing.assert_array_equal(vectors[60], vectors[3])  # the same text twice


@pytest.mark.parametrize(
    ("text", "paraphrase", "unrelated"),
    [
        (
            "How many coins are on the table?",
            "Count the pieces of money lying there.",
            "What is the title of the book?",
        ),
        ("What is the tallest bar?", "Which column of the chart is highest?", "Solve for x: 3x + 2 = 11."),
        ("What does the sign say?", "Read the words on the board.", "Which slice of the pie is biggest?"),
        (
            "What colour is the car?",
            "Name the paint hue of the automobile.",
            "Add up the prices of all articles.",
        ),
    ],
)
def test_paraphrases_are_nearer_than_other_sentences(
    encoder: SentenceEncoder, text: str, paraphrase: str, unrelated: str
) -> None:
    vectors = encoder.encode([text, paraphrase, unrelated])
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.1


def test_a_known_vector(encoder: SentenceEncoder) -> None:
    """Figures of sentence-transformers in fp32: a wrong graph, pooling or tokenizer misses them."""
    vector = encoder.encode(["How many coins are there?"])[0]
    np.testing.assert_allclose(vector[:4], [0.0262, 0.0610, -0.0547, 0.0109], atol=5e-3)


def test_long_text_is_cut_at_the_limit(encoder: SentenceEncoder) -> None:
    start = "coins " * 254  # with the two marks of a sentence: 256 tokens
    full, over, far_over = encoder.encode([start, start + "umbrella umbrella", start + "umbrella " * 100_000])
    np.testing.assert_allclose(full, over, atol=1e-5)
    np.testing.assert_allclose(full, far_over, atol=1e-5)
    within = encoder.encode(["coins " * 200 + "umbrella " * 20])[0]
    assert within @ full < 0.999


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n\t ",
        "\x00",
        "\ud800 lone",
        "👩‍👩‍👧‍👦 ‮right-to-left‬",
        "Wie viele Münzen?",
        "有多少硬币",
        "ﷺ" * 50,
        "a" * 5000,
        "e\u0301" * 40,
    ],
)
def test_odd_texts_have_vectors(encoder: SentenceEncoder, text: str) -> None:
    vector = encoder.encode([text])[0]
    assert np.isfinite(vector).all()
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_callers_cannot_change_the_cache(encoder: SentenceEncoder) -> None:
    first = encoder.encode(["a text kept in the cache"])
    kept = first.copy()
    first[:] = 0
    np.testing.assert_array_equal(encoder.encode(["a text kept in the cache"]), kept)


def test_the_cache_is_bounded() -> None:
    small = SentenceEncoder(cache_size=3)
    small.encode([f"text {n}" for n in range(10)])
    assert len(small._cache) == 3


def test_threads_get_the_same_vectors() -> None:
    shared = SentenceEncoder(cache_size=2)
    wanted = SentenceEncoder().encode(TEXTS)
    with ThreadPoolExecutor(8) as pool:
        for vectors in pool.map(shared.encode, [TEXTS] * 24):
            np.testing.assert_allclose(vectors, wanted, atol=1e-5)


def test_one_default_encoder() -> None:
    with ThreadPoolExecutor(4) as pool:
        assert len({id(e) for e in pool.map(lambda _: default_encoder(), range(8))}) == 1


@pytest.mark.parametrize("package", ["tokenizers", "onnxruntime"])
def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf"{package}.*maestro-graph\[embedded\]"):
        SentenceEncoder()
