"""How much each channel of a model's activations is scaled down before it is quantised.

A few channels of a transformer's activations are many times larger than the others and would take all of the
eight bits. SmoothQuant (Xiao et al., ICML 2023) divides each channel by a factor and multiplies the weights'
row by it: the product stays what it was, and what is hard to round is shared between the two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from engine.types import FloatArray

Samples = Sequence[Mapping[str, NDArray[np.generic]]]
"""Inputs of a model, by name."""

_LEAST_SHARE = 0.01
"""Of the largest channel, so that one which the samples never moved is not blown up."""
_STEPS_PER_OCTAVE = 4
"""Factors are rounded, so that the last bits of a float, which differ between machines, decide nothing."""


def channel_factors(model: onnx.ModelProto, samples: Samples) -> dict[str, FloatArray]:
    """By name of the activations that a constant matrix multiplies: float32 (channels,), above 0.

    `samples` are inputs of the model. The factor of a channel is sqrt(largest activation / largest weight),
    the paper's migration strength of one half.
    """
    weights = _weights_by_activation(model)
    return {
        name: _factors(largest, np.concatenate(weights[name], axis=1))
        for name, largest in _largest(model, sorted(weights), samples).items()
    }


def _weights_by_activation(model: onnx.ModelProto) -> dict[str, list[FloatArray]]:
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    found: dict[str, list[FloatArray]] = {}
    for node in model.graph.node:
        if node.op_type == "MatMul" and node.input[1] in constants:
            weight = numpy_helper.to_array(constants[node.input[1]])
            if weight.ndim == 2:
                found.setdefault(node.input[0], []).append(weight)
    return found


def _largest(model: onnx.ModelProto, names: Sequence[str], samples: Samples) -> dict[str, FloatArray]:
    """The largest magnitude of each channel over all tokens of the samples; nothing without samples."""
    if not samples:
        return {}
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    watched.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = ort.InferenceSession(watched.SerializeToString(), options, providers=["CPUExecutionProvider"])
    largest: dict[str, FloatArray] = {}
    for sample in samples:
        for name, values in zip(names, session.run(list(names), dict(sample)), strict=True):
            seen = np.abs(values).reshape(-1, values.shape[-1]).max(axis=0)
            largest[name] = np.maximum(largest[name], seen) if name in largest else seen
    return largest


def _factors(activations: FloatArray, weight: FloatArray) -> FloatArray:
    rows = np.abs(weight).max(axis=1)
    if not activations.any() or not rows.any():
        return np.ones_like(rows)
    ratio = _floored(activations) / _floored(rows)
    octaves = np.rint(np.log2(ratio) / 2 * _STEPS_PER_OCTAVE) / _STEPS_PER_OCTAVE
    return np.asarray(np.exp2(octaves), np.float32)


def _floored(values: FloatArray) -> FloatArray:
    return np.maximum(values, np.float32(_LEAST_SHARE) * np.max(values))
