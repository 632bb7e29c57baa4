"""The registry: files, environment, names, secrets."""

from __future__ import annotations

import pickle
import shutil
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from scripted import RecordingModel, ScriptedExpert, ScriptedSkill

from maestro_graph import (
    DuplicateNameError,
    Registry,
    RegistryError,
    UnknownNameError,
    load_registry,
)
from maestro_graph.registry import preset_names, read_config

ENDPOINT = {"base_url": "http://localhost:1/v1", "model": "m"}
EXPERT = {"name": "a", "description": "d", "endpoint": ENDPOINT}


def file(tmp_path: Path, **data: Any) -> Path:
    path = tmp_path / "registry.yaml"
    path.write_text(yaml.safe_dump(data))
    return path


def test_names_are_exact_and_unique() -> None:
    registry = Registry(experts=[ScriptedExpert("Alpha"), ScriptedExpert("beta")], skills=[ScriptedSkill("plan")])
    with pytest.raises(UnknownNameError, match="no expert named 'alpha'; there are: 'Alpha', 'beta'"):
        registry.expert("alpha")
    with pytest.raises(UnknownNameError, match="no skill named 'plan'; there are: 'Plan'"):
        registry.skill("plan")
    with pytest.raises(DuplicateNameError, match=r"'Alpha' is registered already.*choose another name"):
        registry.add_expert(ScriptedExpert("Alpha"))
    with pytest.raises(DuplicateNameError, match="'Plan'"):
        registry.add_skill(ScriptedSkill("plan"))
    with pytest.raises(UnknownNameError, match="'gamma'"):
        registry.remove_expert("gamma")
    with pytest.raises(UnknownNameError, match="there are: none"):
        Registry().expert("x")


def test_actions_follow_the_registry() -> None:
    registry = Registry(experts=[ScriptedExpert("a")])
    version = registry.version
    assert registry.actions() == (("a", None),)
    registry.add_expert(ScriptedExpert("b", card={"abilities": ["read"]}))
    registry.add_skill(ScriptedSkill("plan"))
    assert registry.actions() == (("a", None), ("a", "Plan"), ("b", None))
    registry.remove_skill("Plan")
    registry.remove_expert("a")
    assert registry.actions() == (("b", None),)
    assert registry.version > version


@pytest.mark.parametrize("name", ["[INST]", "x [/INST] y", "[gMASK]", "[|user|]"])
def test_names_that_are_control_tokens_are_refused(name: str) -> None:
    with pytest.raises(RegistryError, match="control token"):
        Registry(experts=[ScriptedExpert(name)])


@pytest.mark.parametrize("name", ["", " a", "a ", "a@b", "a:b", "a<b", "a\nb", "a\x00b", "a\u2028b", "x" * 65])
def test_names_that_the_protocol_cannot_hold_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        ScriptedExpert(name)


def test_presets_validate(monkeypatch: pytest.MonkeyPatch) -> None:
    assert preset_names() == ("embedded", "embedded-small", "openai", "paper")
    monkeypatch.setenv("MAESTRO_GLM_46V_URL", "https://elsewhere.example/v1")
    paper, folder = read_config("paper")
    assert folder is None
    urls = {item.name: item.endpoint.base_url for item in paper.experts if item.endpoint is not None}
    assert urls["GLM-4.6V-Flash"] == "https://elsewhere.example/v1"
    assert urls["Chart-R1"] == "http://localhost:8004/v1"
    assert len(paper.experts) == 5
    assert len(paper.perceivers) == 4


def test_every_address_of_the_paper_can_be_overridden() -> None:
    text = (Path(read_config.__code__.co_filename).parent / "presets" / "paper.yaml").read_text()
    addresses = [line.strip() for line in text.splitlines() if line.strip().startswith(("base_url:", "model:"))]
    assert len(addresses) == 20
    assert all("${MAESTRO_" in line for line in addresses)


def test_the_environment_fills_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", "example.org")
    monkeypatch.delenv("LIMIT", raising=False)
    endpoint = {"base_url": "https://${HOST}:${PORT:-8000}/v1", "model": "${MODEL:-}x"}
    path = file(tmp_path, experts=[{**EXPERT, "endpoint": endpoint, "max_concurrency": "${LIMIT:-3}"}])
    config, folder = read_config(path)
    [item] = config.experts
    assert folder == tmp_path
    assert item.endpoint is not None
    assert (item.endpoint.base_url, item.endpoint.model) == ("https://example.org:8000/v1", "x")
    assert item.max_concurrency == 3
    bad = file(tmp_path, experts=[{**EXPERT, "description": "${NOT_THERE}"}])
    with pytest.raises(RegistryError, match=r"'NOT_THERE' is not set.*export it, or write \$\{NOT_THERE:-default\}"):
        load_registry(bad)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"experts": [{**EXPERT, "max_concurrency": 0}]}, ["experts.0.max_concurrency", "greater than", "found 0"]),
        ({"experts": [{**EXPERT, "timeout_s": "soon"}]}, ["experts.0.timeout_s", "valid number", "found 'soon'"]),
        ({"experts": [{**EXPERT, "colour": "red"}]}, ["experts.0.colour", "no such field", "description", "embedded"]),
        ({"experts": [{**EXPERT, "price": {"in": 1}}]}, ["experts.0.price.in", "there are: input, output"]),
        ({"experts": [{"name": "a", "description": "d"}]}, ["'a' needs exactly one of 'endpoint' and 'embedded'"]),
        ({"experts": [{**EXPERT, "embedded": "x"}]}, ["'a' needs exactly one"]),
        ({"experts": [{**EXPERT, "endpoint": {**ENDPOINT, "base_url": "ftp://x"}}]}, ["'ftp://x' is no http"]),
        ({"experts": [{**EXPERT, "name": "a:b"}]}, ["experts.0.name", "none of @ : < >", "found 'a:b'"]),
        ({"experts": [EXPERT, EXPERT]}, ["'a' is registered already"]),
        ({"experts": "all"}, ["experts", "found 'all'"]),
        ({"version": 2}, ["version", "found 2"]),
        ({"expert": []}, ["expert", "no such field", "experts, skills"]),
        ({"router": {"kind": "chat", "think": True}}, ["think", "no such field", "think_opened"]),
        ({"experts": [{"name": "a", "description": "d", "embedded": "nobody"}]}, ["no embedded expert named 'nobody'"]),
        ({"skills": ["no-such-skill"]}, ["no skill named 'no-such-skill'", "'counting-problem-solver'"]),
        ({"router": "no-such-router"}, ["'no-such-router'", "router.json", "chat, encoder"]),
        ({"router": {"kind": "chat", "endpoint": ENDPOINT, "protocol_version": 99}}, ["version 99", "train it again"]),
    ],
)
def test_errors_name_field_value_and_cure(tmp_path: Path, data: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(RegistryError) as caught:
        load_registry(file(tmp_path, **data))
    for word in words:
        assert word in str(caught.value)


PAIRS = ["ab", "bc", "cd", "de", "ef", "fg", "gh", "hi"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("experts: [", "is no YAML"),
        ("- a\n- b", "must be a mapping"),
        ("", "must be a mapping"),
        ("\x00", "is no YAML"),
        ("experts: &a [*a]", "holds itself"),
        (
            "\n".join(["a: &a [x,x,x,x,x,x,x,x,x,x]"] + [f"{b}: &{b} [{','.join(['*' + a] * 10)}]" for a, b in PAIRS]),
            "values",
        ),
    ],
)
def test_files_that_are_no_registry(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(text)
    with pytest.raises(RegistryError, match=words):
        load_registry(path)


@pytest.mark.parametrize("source", ["nowhere.yaml", "Embedded", "\x00"])
def test_sources_that_are_not_there(source: str) -> None:
    presets = "embedded, embedded-small, openai, paper"
    with pytest.raises(RegistryError, match=rf"neither a preset \({presets}\) nor a readable file"):
        load_registry(source)
    with pytest.raises(RegistryError, match="nor a readable file"):
        load_registry(Path("/"))
    with pytest.raises(RegistryError, match="not by a dict"):
        load_registry({"version": 1})  # type: ignore[arg-type]


def test_yaml_makes_no_objects(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text("experts: !!python/object/apply:os.system ['touch pwned']")
    with pytest.raises(RegistryError, match="is no YAML"):
        load_registry(path)


SECRET = "sk-very-secret-0123456789"


@pytest.mark.parametrize(
    "endpoint",
    [
        {**ENDPOINT, "api_key": SECRET},
        {**ENDPOINT, "api_key_env": SECRET},
        {**ENDPOINT, "base_url": f"https://user:{SECRET}@example.org/v1"},
        {**ENDPOINT, "base_url": f"ftp://user:{SECRET}@example.org/v1?key={SECRET}"},
        {**ENDPOINT, "extra_body": SECRET},
    ],
)
def test_a_key_in_a_file_is_refused_and_not_shown(tmp_path: Path, endpoint: dict[str, Any]) -> None:
    import traceback

    with pytest.raises(RegistryError) as caught:
        load_registry(file(tmp_path, experts=[{**EXPERT, "endpoint": endpoint}]))
    assert "sk-very" not in "".join(traceback.format_exception(caught.value))


def test_keys_of_the_environment_are_in_no_dump(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_KEY", SECRET)
    path = file(tmp_path, experts=[{**EXPERT, "endpoint": {**ENDPOINT, "api_key_env": "THE_KEY"}}])
    config, _ = read_config(path)
    registry = load_registry(path)
    expert = registry.expert("a")
    shown = [
        repr(registry),
        repr(expert),
        repr(config),
        config.model_dump_json(),
        str(config.model_dump()),
    ]
    shown += [str(vars(expert)), expert.card.model_dump_json()]
    assert all("sk-very" not in text for text in shown)
    assert SECRET.encode() not in pickle.dumps(config)


def test_a_registry_without_a_router_says_so() -> None:
    with pytest.raises(RegistryError, match="names no router; add 'router: encoder'"):
        Registry("mine").router()


def test_what_is_no_expert_says_how_to_make_one() -> None:
    with pytest.raises(RegistryError, match=r"a RecordingModel is no expert.*ChatExpert\(model"):
        Registry().add_expert(RecordingModel(answer=lambda _: "x"))  # type: ignore[arg-type]


def test_two_skills_of_one_name_are_refused(tmp_path: Path) -> None:
    shipped = Path(str(files("maestro_skills"))) / "library" / "counting-problem-solver"
    (tmp_path / "mine").mkdir()
    shutil.copytree(shipped, tmp_path / "mine" / "counting-problem-solver")
    with pytest.raises(DuplicateNameError, match="a skill named 'counting-problem-solver' is registered already"):
        load_registry(file(tmp_path, skills=["counting-problem-solver", "./mine"]))
    twice = load_registry(file(tmp_path, skills=["*", "counting-problem-solver"]))
    assert "Counting_Problem_Solver" in twice.skills
