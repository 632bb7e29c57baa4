"""The public face: what is exported, and what importing does not do."""

from __future__ import annotations

import subprocess
import sys

import maestro_graph
import maestro_graph.protocol

EXPORTED = [
    "Answer",
    "CallExpert",
    "CallFailure",
    "CallSkill",
    "ChatExpert",
    "DuplicateNameError",
    "Evidence",
    "Expert",
    "ExpertCard",
    "ExpertReply",
    "ExpertRequest",
    "ImageError",
    "ImageStore",
    "MaestroContext",
    "MaestroError",
    "MaestroImage",
    "Malformed",
    "MissingExtraError",
    "Registry",
    "RegistryError",
    "Router",
    "RouterTurn",
    "RouterView",
    "RunTrace",
    "Skill",
    "SkillCard",
    "TraceError",
    "TraceSettings",
    "UnknownNameError",
    "Usage",
    "compile_maestro",
    "create_maestro_graph",
    "ingest",
    "load_registry",
    "read_trace",
]


def test_exported_names() -> None:
    assert sorted(maestro_graph.__all__) == EXPORTED
    assert all(hasattr(maestro_graph, name) for name in EXPORTED)


def test_protocol_names() -> None:
    assert maestro_graph.protocol.__all__ == [
        "LARK_HEAD",
        "PROTOCOL_VERSION",
        "neutralise",
        "parse_turn",
        "render_observation",
        "render_problem",
        "render_prompt",
        "render_template",
        "render_turn",
        "restore",
        "turn_grammar",
        "turn_regex",
    ]


QUIET = """
import sys, threading, signal, logging
def audit(event, args):
    if event in ("subprocess.Popen", "os.system") or event.startswith("socket.") and event not in ALLOWED:
        raise SystemExit(f"{event} {args}")
ALLOWED = {"socket.__new__"}
heavy = (
    "langchain_openai openai numpy cv2 torch scipy skimage sympy onnxruntime rapidocr diskcache transformers "
    "maestro_graph.embedded"
).split()
def is_quiet():
    found = [name for name in heavy if name in sys.modules]
    assert not found, found
    assert threading.active_count() == 1, threading.enumerate()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert not logging.getLogger().handlers
sys.addaudithook(audit)
import maestro_graph
is_quiet()
"""


def test_importing_opens_nothing_and_imports_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-W", "error", "-c", QUIET], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_building_a_graph_of_endpoints_opens_nothing() -> None:
    # A library of LangChain's looks, by binding a port of its own, whether there is IPv6.
    script = QUIET + (
        "ALLOWED.add('socket.bind')\n"
        "for name in maestro_graph.__all__: getattr(maestro_graph, name)\n"
        "maestro_graph.compile_maestro(maestro_graph.load_registry('paper'))\n"
        "is_quiet()\n"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
