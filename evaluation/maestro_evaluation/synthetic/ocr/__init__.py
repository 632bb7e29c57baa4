"""`synthetic-ocr`."""

from maestro_evaluation.synthetic.ocr._suite import OcrSuite

__all__ = ["OcrSuite"]
