"""The policy router: token in, token out, over a vLLM server or a model in process."""

from maestro_graph.routers.policy._format import ChatFormat, ImageTokens, chatml
from maestro_graph.routers.policy._mask import GrammarMasks, TurnMask
from maestro_graph.routers.policy._options import PolicyOptions
from maestro_graph.routers.policy._own_template import choose_format, learn_format
from maestro_graph.routers.policy._router import PolicyRouter, build
from maestro_graph.routers.policy._seam import PromptImage, Sample, SampleRequest, TokenSampler
from maestro_graph.routers.policy._tokens import PolicyTokenizer
from maestro_graph.routers.policy._vllm import VllmSampler

__all__ = [
    "ChatFormat",
    "GrammarMasks",
    "ImageTokens",
    "PolicyOptions",
    "PolicyRouter",
    "PolicyTokenizer",
    "PromptImage",
    "Sample",
    "SampleRequest",
    "TokenSampler",
    "TurnMask",
    "VllmSampler",
    "build",
    "chatml",
    "choose_format",
    "learn_format",
]
