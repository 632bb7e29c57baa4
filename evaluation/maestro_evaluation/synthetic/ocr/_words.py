"""Names, goods and words, each split its own."""

from __future__ import annotations

from random import Random

from maestro_evaluation.samples import Split
from maestro_evaluation.synthetic._generator import share

__all__ = ["code", "goods", "place", "word"]

WORDS = (
    *("ANCHOR", "BAKERY", "CASTLE", "DOLPHIN", "EMBER", "FALCON", "GARDEN", "HARBOUR", "ISLAND", "JASMINE", "KITCHEN"),
    *(
        "LANTERN",
        "MEADOW",
        "NORTHERN",
        "ORCHARD",
        "PALACE",
        "QUARRY",
        "RIVER",
        "SILVER",
        "TIMBER",
        "UMBRELLA",
        "VALLEY",
    ),
    *("WINDOW", "YELLOW", "ZEPHYR", "ACORN", "BRIDGE", "COPPER", "DIAMOND", "EAGLE", "FOREST", "GLACIER", "HERITAGE"),
    *("IVORY", "JOURNEY", "KESTREL", "LEMON", "MARBLE", "NECTAR", "OCEAN", "PEPPER", "QUILT", "RAINBOW", "SUMMIT"),
    *("TRAVEL", "UNION", "VELVET", "WILLOW", "CRIMSON", "BLOSSOM", "CANYON", "DESERT", "FESTIVAL", "GRANITE", "HOLLOW"),
)
KINDS = (
    "CAFE",
    "MARKET",
    "BOOKS",
    "HOTEL",
    "STATION",
    "GALLERY",
    "MUSEUM",
    "STREET",
    "TAILORS",
    "CYCLES",
    "STUDIO",
    "BANK",
)
GOODS = (
    *("Apples", "Bread", "Butter", "Carrots", "Cheese", "Coffee", "Eggs", "Flour", "Garlic", "Grapes", "Honey", "Jam"),
    *(
        "Juice",
        "Lentils",
        "Lettuce",
        "Milk",
        "Mustard",
        "Noodles",
        "Oats",
        "Olives",
        "Onions",
        "Pasta",
        "Pears",
        "Plums",
    ),
    *(
        "Potatoes",
        "Rice",
        "Salmon",
        "Salt",
        "Soap",
        "Spinach",
        "Sugar",
        "Tea",
        "Tofu",
        "Tomatoes",
        "Vinegar",
        "Walnuts",
    ),
    *("Yoghurt", "Almonds", "Beans", "Candles", "Celery", "Cherries"),
)
PLACES = (
    *("Aldbury", "Brenham", "Carrick", "Dunmore", "Elsworth", "Farley", "Glenross", "Hartwell", "Ingleby", "Jarrow"),
    *("Kelso", "Linden", "Morpeth", "Newbury", "Oakham", "Penrith", "Quorn", "Redruth", "Selby", "Thirsk", "Ulver"),
    *("Whitby", "Yarrow", "Zennor"),
)
LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"


def word(rng: Random, split: Split) -> str:
    """One or two words of a sign, all of the split's own."""
    first = rng.choice(share(WORDS, split))
    return first if rng.random() < 0.4 else f"{first} {rng.choice(share(KINDS, split))}"


def goods(rng: Random, split: Split, count: int) -> list[str]:
    """Different goods."""
    return rng.sample(share(GOODS, split), count)


def place(rng: Random, split: Split) -> str:
    """A town's name."""
    return rng.choice(share(PLACES, split))


def code(rng: Random) -> str:
    """Letters and digits that nobody can guess; O, I and Q are left out, which look like digits."""
    return "".join(rng.choice(LETTERS) for _ in range(2)) + "".join(rng.choice("23456789") for _ in range(5))
