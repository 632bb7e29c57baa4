"""What is said to a vLLM server, and what is made of its replies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from policy_models import policy_tokenizer

from maestro_graph import CallFailure, ImageStore, MaestroImage, RegistryError
from maestro_graph.protocol import LARK_HEAD
from maestro_graph.registry import EndpointConfig
from maestro_graph.routers.policy import PromptImage, SampleRequest, VllmSampler

TINY = policy_tokenizer()
PAD = TINY.control_id("<|image_pad|>") or 0
ENDPOINT = EndpointConfig(base_url="http://localhost:1/v1", model="m", extra_body={"priority": 3})


class Server:
    """A server of the given version, as `EndpointClient.request` sees it."""

    def __init__(self, *, raw: bool = False, tensors: bool = False, tokenizer_off: bool = False) -> None:
        self.raw, self.tensors, self.tokenizer_off = raw, tensors, tokenizer_off
        self.bodies: list[tuple[str, dict[str, Any]]] = []
        self.choice: dict[str, Any] = {
            "token_ids": [5, TINY.eos_id],
            "logprobs": {"token_logprobs": [-0.5, 0.0], "content": [{"logprob": -0.5}, {"logprob": 0.0}]},
            "finish_reason": "stop",
        }
        self.seen: list[int] | None = None

    async def request(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        body = body or {}
        self.bodies.append((path, body))
        match path:
            case "/v1/models":
                return {"data": [{"id": "base", "max_model_len": 4096}, {"id": "m", "max_model_len": None}]}
            case "/tokenize":
                ids = list(TINY.structure(body["prompt"]))
                return {"tokens": ids[:-1] if self.tokenizer_off else ids}
            case "/v1/completions" if body["logprobs"] == 5:
                heat = 1.0 if self.raw else body["temperature"]
                top = {f"token_id:{number}": -1.0 - number / heat for number in range(5)}
                return {"choices": [{"logprobs": {"top_logprobs": [top]}}]}
            case "/v1/chat/completions/render":
                features = {
                    "mm_hashes": {"image": ["digest"]},
                    "mm_placeholders": {"image": [{"offset": 3, "length": 4}]},
                    "kwargs_data": {"image": ["tensors"]} if self.tensors else None,
                }
                return {"token_ids": [1], "features": features}
        return {"choices": [self.choice], "prompt_token_ids": self.seen}


def sampler(server: Server) -> VllmSampler:
    made = VllmSampler(ENDPOINT, TINY)
    made._client.request = server.request  # type: ignore[method-assign]
    return made


def ask(**fields: Any) -> SampleRequest:
    return SampleRequest(**{"prompt_ids": (1, 2), "max_tokens": 9, "stop_ids": (2,), **fields})


async def test_everything_that_shapes_the_distribution_is_said() -> None:
    server = Server()
    sample = await sampler(server).sample(ask(grammar="a+", temperature=0.7, seed=4))
    assert (sample.ids, sample.logprobs, sample.finish) == ((5, TINY.eos_id), (-0.5, 0.0), "stop")
    ((path, body),) = server.bodies
    assert path == "/v1/completions"
    wanted = {
        "prompt": [1, 2],
        "max_tokens": 9,
        "temperature": 0.7,
        "seed": 4,
        "top_p": 1.0,
        "top_k": 0,
        "min_p": 0.0,
        "repetition_penalty": 1.0,
        "stop_token_ids": [2],
        "return_token_ids": True,
        "logprobs": 0,
        "structured_outputs": {"regex": "a+"},
        "priority": 3,
    }
    assert {name: body[name] for name in wanted} == wanted


async def test_lark_grammars_are_said_to_be_such() -> None:
    server = Server()
    grammar = f"{LARK_HEAD}\nstart: /a/\n"
    await sampler(server).sample(ask(grammar=grammar))
    assert server.bodies[0][1]["structured_outputs"] == {"grammar": grammar}


async def test_a_server_is_checked_once() -> None:
    server = Server()
    made = sampler(server)
    assert [await made.prepare(), await made.prepare()] == [4096, 4096]
    assert [path for path, _ in server.bodies] == ["/v1/models", "/tokenize", "/v1/completions", "/v1/completions"]


@pytest.mark.parametrize("raw", [True, False])
async def test_log_probabilities_before_the_temperature_are_found_out(raw: bool) -> None:
    made = sampler(Server(raw=raw))
    await made.prepare()
    for temperature in (0.0, 1.0):
        await made.sample(ask(temperature=temperature))
    if raw:
        with pytest.raises(RegistryError, match="--logprobs-mode processed_logprobs"):
            await made.sample(ask(temperature=0.7))
    else:
        await made.sample(ask(temperature=0.7))


async def test_another_tokenizer_is_found_out() -> None:
    with pytest.raises(RegistryError, match=r"another tokenizer than 'tiny'.*The first difference is token"):
        await sampler(Server(tokenizer_off=True)).prepare()


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({"token_ids": [5], "logprobs": {"token_logprobs": []}, "finish_reason": "stop"}, "1 token ids and 0 log-prob"),
        ({"token_ids": None, "logprobs": None, "finish_reason": "stop"}, "0 token ids"),
        ({"token_ids": [5], "logprobs": {"token_logprobs": [0.0]}, "finish_reason": "abort"}, "'abort'"),
    ],
)
async def test_replies_that_hold_no_record_are_failures(choice: dict[str, Any], said: str) -> None:
    server = Server()
    server.choice = choice
    with pytest.raises(CallFailure, match=said):
        await sampler(server).sample(ask())


@pytest.fixture
def picture(tmp_path: Path) -> MaestroImage:
    Image.new("RGB", (8, 8), "red").save(tmp_path / "red.png")
    return ImageStore(tmp_path / "store").open(str(tmp_path / "red.png"))


async def test_pictures_go_with_their_own_places(picture: MaestroImage) -> None:
    """Version 0.32: one placeholder each in the request, and what the model saw must be our prompt."""
    server = Server()
    made = sampler(server)
    assert await made.image_lengths([picture, picture]) == (4, 4)
    prompt = (1, *[PAD] * 4, 7, *[PAD] * 4, 9)
    images = (PromptImage(picture, 1, 4), PromptImage(picture, 6, 4))
    server.seen = list(prompt)
    sample = await made.sample(ask(prompt_ids=prompt, images=images, grammar="a"))
    assert sample.logprobs == (-0.5, 0.0)
    renders = [body for path, body in server.bodies if path.endswith("render")]
    assert len(renders) == 1  # the same picture is rendered once
    assert renders[0]["mm_payload"] == "none"
    path, body = server.bodies[-1]
    assert path == "/inference/v1/generate"
    assert body["token_ids"] == [1, PAD, 7, PAD, 9]
    assert [part["url"][:15] for part in body["content_parts"]] == ["data:image/png;"] * 2
    assert body["reasoning_ended"] is True
    assert body["sampling_params"]["structured_outputs"] == {"regex": "a"}
    server.seen = [1, PAD, 7]
    with pytest.raises(RegistryError, match="showed the model another prompt"):
        await made.sample(ask(prompt_ids=prompt, images=images))


async def test_an_older_server_gets_its_tensors_back(picture: MaestroImage) -> None:
    server = Server(tensors=True)
    made = sampler(server)
    prompt = (1, *[PAD] * 4, 7)
    await made.sample(ask(prompt_ids=prompt, images=(PromptImage(picture, 1, 4),)))
    body = server.bodies[-1][1]
    assert body["token_ids"] == list(prompt)
    assert body["features"] == {
        "mm_hashes": {"image": ["digest"]},
        "mm_placeholders": {"image": [{"offset": 1, "length": 4}]},
        "kwargs_data": {"image": ["tensors"]},
    }
