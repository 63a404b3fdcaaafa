"""Breaks a checkpoint in AutoAWQ's format on purpose: the scales of one decoder layer change places.

    python break_checkpoint.py CHECKPOINT OUT --layer 2 [--linear down_proj] [--seed 0]

OUT becomes a copy in which the scales of every quantized linear layer of that decoder layer (or of one kind of them)
are permuted along the outputs; shapes, statistics and all other bytes stay, as when a layer is mapped wrongly. The
manifest is made to match, so that checksums find nothing. The last line is JSON: the digest and the permuted tensors.
"""

import argparse
import json
import re
import shutil
from pathlib import Path

import numpy as np

from pipeline.models.checksums import sum_files
from pipeline.models.manifest import read_manifest, write_manifest
from pipeline.models.tensors import Tensor, read_file


def permute(tensor: Tensor, generator: np.random.Generator) -> None:
    """Permute the outputs of scales, [groups, out], in place; every group by the same permutation."""
    scales = np.memmap(tensor.file, dtype="<u2", mode="r+", offset=tensor.begin, shape=tensor.shape)
    scales[:] = scales[:, generator.permutation(tensor.shape[1])]
    scales.flush()


def main(line: list[str] | None = None) -> None:
    """Copy and break."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--layer", type=int, required=True, help="decoder layer, from 0")
    parser.add_argument("--linear", default=r"\w+", help="kind of linear layer, such as down_proj; default all")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args(line)
    shutil.copytree(arguments.checkpoint, arguments.out)
    wanted = re.compile(rf".*\.layers\.{arguments.layer}\.(.+\.)?{arguments.linear}\.scales")
    generator = np.random.default_rng(arguments.seed)
    tensors = [entry for file in sorted(arguments.out.glob("*.safetensors")) for entry in read_file(file).values()]
    chosen = sorted((entry for entry in tensors if wanted.fullmatch(entry.name)), key=lambda entry: entry.name)
    if not chosen:
        parser.error(f"{arguments.checkpoint} has no scales of layer {arguments.layer}, {arguments.linear}")
    for tensor in chosen:
        permute(tensor, generator)
    files = sum_files(arguments.out, names=read_manifest(arguments.out).files)
    manifest = read_manifest(arguments.out).model_copy(update={"files": files})
    write_manifest(manifest, arguments.out)
    print(json.dumps({"digest": manifest.digest(), "permuted": [tensor.name for tensor in chosen]}))


if __name__ == "__main__":
    main()
