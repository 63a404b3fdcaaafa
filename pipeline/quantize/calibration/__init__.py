"""Calibration data: from the recipe's sources to blocks of token ids of exact length."""

from pipeline.models.tokenizer import Tokenizer, load_tokenizer
from pipeline.quantize.calibration.blocks import build_calibration
from pipeline.quantize.calibration.result import (
    CalibrationFacts,
    CalibrationSet,
    SourceFacts,
    calibration_texts,
    read_calibration,
)
from pipeline.quantize.calibration.sources import calibration_identity

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
