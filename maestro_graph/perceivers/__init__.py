"""Perceivers: OCR, caption, detection and zoom, as endpoints or in-process."""

from maestro_graph.perceivers._base import MountedPerceiver, Perceiver, PerceiverKind, Perception, PerceptionRequest
from maestro_graph.perceivers._boxes import Box, Coordinates, described, parse_boxes
from maestro_graph.perceivers._chat import ChatPerceiver
from maestro_graph.perceivers._derived import cropped, mirrored, with_boxes

__all__ = [
    "Box",
    "ChatPerceiver",
    "Coordinates",
    "MountedPerceiver",
    "Perceiver",
    "PerceiverKind",
    "Perception",
    "PerceptionRequest",
    "cropped",
    "described",
    "mirrored",
    "parse_boxes",
    "with_boxes",
]
