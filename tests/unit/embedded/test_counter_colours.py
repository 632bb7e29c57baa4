"""Colour names: the words of people against RGB values."""

import numpy as np
import pytest

from maestro_graph.embedded.colours import (
    COLOUR_NAMES,
    canonical_colour,
    colour_distance,
    colour_labels,
    colour_mask,
    colour_name,
)

PLAIN = {
    "red": [(255, 0, 0), (200, 20, 30), (150, 0, 0)],
    "green": [(0, 255, 0), (0, 110, 0), (120, 200, 120)],
    "blue": [(0, 0, 255), (0, 0, 110), (120, 180, 240)],
    "yellow": [(255, 255, 0), (240, 220, 40)],
    "orange": [(255, 150, 0), (230, 110, 20)],
    "purple": [(120, 0, 140), (150, 110, 200)],
    "pink": [(255, 180, 200), (255, 110, 180)],
    "cyan": [(0, 255, 255), (0, 130, 130)],
    "brown": [(120, 70, 30)],
    "black": [(0, 0, 0), (25, 25, 25)],
    "white": [(255, 255, 255), (242, 243, 245)],
    "gray": [(128, 128, 128), (90, 90, 92)],
}


@pytest.mark.parametrize(("name", "colours"), PLAIN.items())
def test_plain_colours_have_the_name_people_use(name, colours):
    assert {colour_name(c) for c in colours} == {name}


@pytest.mark.parametrize("name", ["red", "green", "blue", "yellow", "purple", "orange"])
def test_a_third_less_light_keeps_the_name(name):
    rgb = np.array(PLAIN[name][0], float)
    assert colour_distance(rgb * 0.7, name) < 0.03


def test_mask_labels_and_names_agree_up_to_rounding():
    rng = np.random.default_rng(5)
    pixels = rng.integers(0, 256, (40, 50, 3), dtype=np.uint8)
    labels = colour_labels(pixels)
    same = [COLOUR_NAMES[labels[y, x]] == colour_name(pixels[y, x]) for y in range(40) for x in range(50)]
    assert np.mean(same) > 0.9
    assert (colour_mask(pixels, "blue") == (labels == COLOUR_NAMES.index("blue"))).all()


def test_words():
    assert canonical_colour("Grey") == "gray"
    assert canonical_colour("violet") == "purple"
    assert canonical_colour("reddish") == "red"
    assert canonical_colour("dark blue") == "blue"
    assert canonical_colour("coins") is None
    with pytest.raises(ValueError, match="use one of: black"):
        colour_mask(np.zeros((1, 1, 3), np.uint8), "coins")
