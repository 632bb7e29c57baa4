"""The seven tasks of VLMsAreBlind, after the authors' published generators (not their pictures)."""

from maestro_evaluation.synthetic.blind._suite import BlindSuite

__all__ = ["BlindSuite"]
