r"""Text from outside is data: make protocol tags and chat-template control tokens harmless, reversibly.

A backslash is put behind the opening bracket of whatever a parser, a chat template or a tokenizer could take for
structure: `</information>` becomes `<\/information>`. Text that holds such a backslash already gets one more, so
`restore(neutralise(text)) == text` for every text.
"""

from __future__ import annotations

import re

__all__ = ["neutralise", "restore"]

_TAGS = (
    # this protocol, and the tool and role tags of the chat templates in use
    r"think|thinking|search|information|answer|tool_call|tool_response|tool|tools|function|observation|system|user|assistant"
    # sequence, turn and image tokens that are written with plain angle brackets
    r"|s|bos|eos|pad|unk|mask|sop|eop|sys|image|img|video|box|ref|quad|image_soft_token"
    r"|(?:start|end)_of_(?:turn|image|audio|role|text)|(?:begin|end)_of_(?:text|sentence)"
)
_BRACKETED = (
    r"/?\s*(?:INST|IMG|IMG_BREAK|IMG_END|gMASK|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|SYSTEM_PROMPT|CLS|SEP|PAD)\s*\]"
)
_ANGLE = rf"(<)(\\*)(?=\s*/?\s*(?:{_TAGS})(?![A-Za-z0-9])|\s*/?\s*[|｜])"
_SQUARE = rf"(\[)(\\*)(?=\s*{_BRACKETED})"

_STRUCTURE = re.compile(f"{_ANGLE}|{_SQUARE}", re.IGNORECASE)
_NEUTRAL = re.compile(
    _ANGLE.replace(r"(\\*)", r"\\(\\*)", 1) + "|" + _SQUARE.replace(r"(\\*)", r"\\(\\*)", 1), re.IGNORECASE
)


def neutralise(text: str) -> str:
    """Make `text` safe to stand inside a turn; `restore` gives it back unchanged."""
    return _STRUCTURE.sub(lambda m: f"{m[1] or m[3]}\\{m[2] or m[4] or ''}", text)


def restore(text: str) -> str:
    """Undo `neutralise`: what the user, and an expert that is asked, reads."""
    return _NEUTRAL.sub(lambda m: f"{m[1] or m[3]}{m[2] or m[4] or ''}", text)
