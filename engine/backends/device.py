"""Which device a model runs on, decided without loading torch where there is no GPU."""

from __future__ import annotations

from ctypes import CDLL

from engine.errors import ConfigError

CPU, CUDA = "cpu", "cuda"


def choose_device(device: str) -> str:
    """`auto`, `cpu` or `cuda` becomes `cpu` or `cuda`.

    Raises ConfigError for other words, and for cuda on a machine where torch cannot use it.
    """
    if device not in ("auto", CPU, CUDA):
        raise ConfigError(f"The device {device!r} is unknown. Use auto, cpu or cuda.", device=device)
    if device == CPU:
        return CPU
    usable = _torch_sees_cuda()
    if device == CUDA and not usable:
        raise ConfigError(
            "The device cuda was asked for, but torch sees no GPU. Use device cpu, or install torch "
            "with CUDA on a machine with an NVIDIA driver.",
            device=device,
        )
    return CUDA if usable else CPU


def _torch_sees_cuda() -> bool:
    if not _driver_is_installed():
        return False
    import torch

    return torch.cuda.is_available()


def _driver_is_installed() -> bool:
    """Importing torch takes seconds and 200 MB; asking for the driver's library takes neither."""
    for library in ("libcuda.so.1", "nvcuda.dll"):
        try:
            CDLL(library)
        except OSError:
            continue
        return True
    return False
