"""Write the vectors of all cards that ship beside the encoder; run it after changing a card, an example or a skill.

pip install -e '.[embedded]'
python scripts/known_vectors.py
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from maestro_graph import load_registry
from maestro_graph.embedded import encoder
from maestro_graph.embedded.encoder import SentenceEncoder
from maestro_graph.embedded.preview import TASKS
from maestro_skills import FolderSkill
from maestro_skills._meaning import card_texts

FOLDER = Path(encoder.__file__).parent


def shipped_texts() -> list[str]:
    """What the encoder router and the dispatch of skills compare a question with in the embedded registry."""
    registry = load_registry("embedded")
    cards = [*(e.card for e in registry.experts.values()), *(s.card for s in registry.skills.values())]
    texts = [text for card in cards for text in (card.description, *card.examples)]
    files = [skill.file for skill in registry.skills.values() if isinstance(skill, FolderSkill)]
    children = [text for file in files for child in file.children.values() for text in card_texts(child.card)]
    return sorted({*TASKS.values(), *texts, *children})


def main() -> None:
    """Compute and write."""
    texts = shipped_texts()
    vectors = SentenceEncoder(known=False).encode(texts).astype(np.float16)
    (FOLDER / encoder.TEXTS).write_text(json.dumps(texts, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
    np.save(FOLDER / encoder.VECTORS, vectors, allow_pickle=False)
    print(f"{len(texts)} texts, {(FOLDER / encoder.VECTORS).stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
