"""What a training takes of the machine that it runs on."""

from __future__ import annotations

import resource
import shutil
import sys
from pathlib import Path

import torch

from engine.backends.device import CUDA

MIB = 2**20


def free_bytes(folder: Path) -> int:
    """On the disk that holds `folder`, or is going to."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    return shutil.disk_usage(there).free


def peak_bytes(device: torch.device) -> int:
    """Memory at the most so far: of the GPU, where it trains there, else of this process."""
    if device.type == CUDA:
        return torch.cuda.max_memory_allocated(device)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
