"""V* (191 items): VLMEvalKit's matcher on shuffled options.

The authors compare likelihoods of the options, which no chat interface gives.
"""

from __future__ import annotations

from maestro_evaluation._rule import Rule
from maestro_evaluation.scorers._options import score_option

__all__ = ["RULES"]

RULES = (
    Rule(
        name="vstar.vlmevalkit",
        benchmark="V*",
        source="open-compass/VLMEvalKit@e8e78f05f3 vlmeval/dataset/utils/multiple_choice.py::eval_vanilla",
        scorer=score_option,
    ),
)
