"""Calibration data: from the recipe's sources to blocks of token ids of exact length."""

from pipeline.quantize.calibration.blocks import build_calibration
from pipeline.quantize.calibration.result import CalibrationFacts, CalibrationSet, SourceFacts, read_calibration
from pipeline.quantize.calibration.sources import calibration_identity
from pipeline.quantize.calibration.tokenizer import Tokenizer, calibration_texts, load_tokenizer

__all__ = [
    "CalibrationFacts",
    "CalibrationSet",
    "SourceFacts",
    "Tokenizer",
    "build_calibration",
    "calibration_identity",
    "calibration_texts",
    "load_tokenizer",
    "read_calibration",
]
