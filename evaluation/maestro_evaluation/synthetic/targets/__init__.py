"""`synthetic-targets-4k`, `synthetic-targets-8k` and, with free answers, `synthetic-targets`."""

from maestro_evaluation.synthetic.targets._suite import FreeTargets, Targets4K, Targets8K

__all__ = ["FreeTargets", "Targets4K", "Targets8K"]
