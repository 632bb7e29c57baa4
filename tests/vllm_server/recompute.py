"""Log-probabilities of sampled tokens, recomputed by transformers and llguidance alone; runs in vLLM's environment.

    python recompute.py MODEL RECORDS DTYPE

RECORDS is a JSON list of token records; printed is a JSON list with the log-probabilities of each.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import llguidance
import numpy as np
import torch
from transformers import AutoModelForCausalLM


def masks(tokenizer: llguidance.LLTokenizer, grammar: str, ids: list[int], end: int) -> torch.Tensor:
    source = grammar if grammar.startswith("%llguidance") else llguidance.LLMatcher.grammar_from_regex(grammar)
    matcher = llguidance.LLMatcher(tokenizer, source)
    rows = []
    for token in ids:
        row = np.frombuffer(matcher.compute_bitmask(), dtype=np.uint8)
        rows.append(np.unpackbits(row, bitorder="little").astype(bool))
        if token != end:
            matcher.consume_token(token)
    return torch.from_numpy(np.stack(rows))


def main(folder: str, records: str, dtype: str) -> None:
    torch.set_num_threads(2)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype)).eval()
    end = json.loads((Path(folder) / "tokenizer_config.json").read_text())["eos_token"]
    source = (Path(folder) / "tokenizer.json").read_text()
    end_id = next(item["id"] for item in json.loads(source)["added_tokens"] if item["content"] == end)
    tokenizer = llguidance.LLTokenizer(source, n_vocab=model.config.vocab_size, eos_token=end_id)
    found = []
    for record in json.loads(Path(records).read_text()):
        prompt, sampled = record["prompt_ids"], record["sampled_ids"]
        with torch.no_grad():
            logits = model(torch.tensor([prompt + sampled])).logits[0, len(prompt) - 1 : -1].float()
        logits = logits / (record["temperature"] or 1.0)
        if record["grammar"] is not None:
            allowed = masks(tokenizer, record["grammar"], sampled, end_id)[:, : logits.shape[1]]
            logits = logits.masked_fill(~allowed, float("-inf"))
        chosen = torch.log_softmax(logits, dim=-1).gather(1, torch.tensor(sampled)[:, None])
        found.append(chosen[:, 0].tolist())
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
