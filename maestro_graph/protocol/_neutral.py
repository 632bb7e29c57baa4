r"""Text from outside is data: make protocol tags and chat-template control tokens harmless, reversibly.

A backslash is put behind the opening bracket of whatever a parser, a chat template or a tokenizer could take for
structure: `</information>` becomes `<\/information>`. Text that holds such a backslash already gets one more, so
`restore(neutralise(text)) == text` for every text.
"""

from __future__ import annotations

import re

__all__ = ["neutralise", "restore"]

_GAP = r"[\s\u00ad\u200b-\u200f\u2060-\u2064\ufeff]*"
"""White space, and what is invisible and may be dropped on the way."""

_TAGS = (
    # this protocol, and the tool and role tags of the chat templates in use
    r"think|thinking|search|information|answer|tool_call|tool_response|tool|tools|function|parameter|observation"
    r"|system|user|assistant|human|bot|ai|用户|action|analysis|final|response|reasoning|arg_key|arg_value"
    # sequence, turn, mode and picture tokens that are plain words in angle brackets
    r"|s|bos|eos|pad|unk|mask|cls|sep|sop|eop|sys|delim|image|images|img|video|audio|box|ref|quad|point|obj|object|patch"
    r"|slice|grounding|smiles|selfies|fasta|iupac"
)
_SQUARE_TAGS = (
    r"INST|IMG|IMG_BREAK|IMG_END|AUDIO|BEGIN_AUDIO|THINK|ARGS|CALL_ID|PREFIX|MIDDLE|SUFFIX|MODEL_SETTINGS"
    r"|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|SYSTEM_PROMPT|g?MASK|sMASK|CLS|SEP|PAD|UNK|BOS|EOS"
)
_IN_ANGLES = "|".join(
    (
        rf"{_GAP}(?:/{_GAP})?(?:{_TAGS})(?![A-Za-z0-9])",
        rf"{_GAP}(?:/{_GAP})?[|｜]",  # <|im_end|>, <｜User｜>
        r"/?[A-Za-z_]{1,40}[|｜]>",  # <turn|>
        # control tokens of models to come: <start_of_turn>, <unused99>, <IMG_CONTEXT>, <seed:eos>, <global-img>
        r"/?[A-Za-z][A-Za-z0-9]{0,40}[_0-9:-][\w:.-]{0,60}>",
    )
)
_IN_SQUARES = rf"{_GAP}(?:/{_GAP})?(?:{_SQUARE_TAGS}){_GAP}\]|{_GAP}[|｜]"

# The bracket, the backslashes behind it (one fewer when it is undone), and what makes it structure. What is looked
# ahead at holds no bracket itself, so that one replacement cannot make or break another. No two repetitions touch:
# matching takes linear time.
_STRUCTURE = re.compile(rf"([<＜﹤])(\\*)(?={_IN_ANGLES})|([\[［])(\\*)(?={_IN_SQUARES})", re.IGNORECASE)
_NEUTRAL = re.compile(rf"([<＜﹤])\\(\\*)(?={_IN_ANGLES})|([\[［])\\(\\*)(?={_IN_SQUARES})", re.IGNORECASE)


def neutralise(text: str) -> str:
    """Make `text` safe to stand inside a turn; `restore` gives it back unchanged."""
    return _STRUCTURE.sub(lambda m: f"{m[1] or m[3]}\\{m[2] or m[4] or ''}", text)


def restore(text: str) -> str:
    """Undo `neutralise`: what the user, and an expert that is asked, reads."""
    return _NEUTRAL.sub(lambda m: f"{m[1] or m[3]}{m[2] or m[4] or ''}", text)
