"""Turns an ONNX model's float32 weights into int8, with activations quantised token by token.

ONNX Runtime's own dynamic quantisation takes one scale for all activations of a batch, so that a text's
embedding moves with the texts beside it: on MiniLM by a cosine of .991 on average and .974 at worst. Here
each token has a scale of its own (vector-wise quantisation, Dettmers et al., "LLM.int8()", NeurIPS 2022),
which costs about a third of the speed and leaves nothing to the neighbours. Channels are smoothed first
(smoothing.py), and what GELU gives, which is hardly ever negative, takes all 256 steps. A fine-tuned MiniLM's
int8 embeddings are at a cosine of .9989 to those in full precision, .998 at worst; .9955 without these two.

Weights are symmetric, one scale per output column, and as large as they may be: AVX2 machines without VNNI
add the products of two neighbours, u8 x s8, in 16 bits, so that two neighbours may not sum to more than 128.
Embedding tables have one scale per row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from engine.types import FloatArray
from index_builder.train.smoothing import Samples, channel_factors

QUANTISATION = "int8-per-token"
_ORT_DOMAIN = "com.microsoft"
_LIMIT = 127
_TABLE_ROWS = 1000
"""Smaller tables (positions, token types) stay as they are."""
_TINY = np.float32(1e-12)
_GELU_LEAST = np.float32(-0.17)
"""GELU gives no less (Hendrycks and Gimpel 2016: its minimum is -0.16997)."""


def quantise(model: onnx.ModelProto, samples: Samples = ()) -> onnx.ModelProto:
    """A new model with every MatMul by a constant matrix, and every large table, in int8.

    `samples` are inputs of the model, from which the factors of smoothing are taken; without any, channels
    are quantised as they are. Matrices that are multiplied as (n, k) @ (k, m) by Gemm (poolers, classifiers)
    are few and stay float32.
    """
    result = onnx.ModelProto()
    result.CopyFrom(model)
    rewriter = _Rewriter(result.graph, channel_factors(model, samples))
    rewriter.run()
    result.opset_import.append(helper.make_opsetid(_ORT_DOMAIN, 1))
    onnx.checker.check_model(result)
    return result


@dataclass(frozen=True, slots=True)
class _Span:
    """What the 256 steps of a token's activations span, in units of the largest: step `zero` means 0."""

    name: str
    zero: int
    steps: int


_BOTH_SIDES, _ONE_SIDE = _Span("both_sides", zero=128, steps=127), _Span("one_side", zero=0, steps=255)


@dataclass(frozen=True, slots=True)
class _Activations:
    """Names of activations in uint8, of the size of a step (one per token) and of the step that means 0.

    What was quantised is (activations - least) / factors.
    """

    integers: str
    scale: str
    zero: str
    factors: FloatArray | np.float32
    least: np.float32


class _Rewriter:
    def __init__(self, graph: onnx.GraphProto, factors: Mapping[str, FloatArray]) -> None:
        self._graph = graph
        self._factors = factors
        self._weights = {tensor.name: tensor for tensor in graph.initializer}
        self._gelus = {name for node in graph.node if node.op_type == "Gelu" for name in node.output}
        self._added: dict[str, TensorProto] = {}
        self._quantised: dict[str, _Activations] = {}

    def run(self) -> None:
        nodes = [new for node in self._graph.node for new in self._rewritten(node)]
        del self._graph.node[:]
        self._graph.node.extend(nodes)
        used = {name for node in nodes for name in node.input}
        kept = [tensor for tensor in self._graph.initializer if tensor.name in used]
        del self._graph.initializer[:]
        self._graph.initializer.extend([*kept, *self._added.values()])

    def _rewritten(self, node: NodeProto) -> Iterable[NodeProto]:
        if node.op_type == "MatMul" and self._rank(node.input[1]) == 2:
            return self._matmul(node)
        if (
            node.op_type == "Gather"
            and self._rank(node.input[0]) == 2
            and self._rows(node.input[0]) >= _TABLE_ROWS
        ):
            return self._lookup(node)
        return [node]

    def _rank(self, name: str) -> int:
        return len(self._weights[name].dims) if name in self._weights else 0

    def _rows(self, name: str) -> int:
        return int(self._weights[name].dims[0])

    def _matmul(self, node: NodeProto) -> list[NodeProto]:
        name, out = node.input[1], node.output[0]
        nodes, read = self._activations(node.input[0])
        factors = np.reshape(read.factors, (-1, 1))
        integers, scale = _whole_columns(numpy_helper.to_array(self._weights[name]) * factors)
        whole = self._constant(f"{name}_int8", integers)
        one, column_scale = self._one(), self._constant(f"{name}_scale", scale)
        # ONNX Runtime's operator takes one scale for all activations, so theirs is applied after it.
        scaled = f"{out}_scaled" if read.least else out
        nodes += [
            helper.make_node(
                "MatMulIntegerToFloat",
                [read.integers, whole, one, column_scale, read.zero],
                [f"{out}_steps"],
                domain=_ORT_DOMAIN,
            ),
            helper.make_node("Mul", [f"{out}_steps", read.scale], [scaled]),
        ]
        if read.least:
            columns = (integers * scale / factors).sum(axis=0) * read.least
            least = self._constant(f"{name}_least", columns.astype(np.float32))
            nodes.append(helper.make_node("Add", [scaled, least], [out]))
        return nodes

    def _activations(self, name: str) -> tuple[list[NodeProto], _Activations]:
        """Nodes that quantise to uint8, once for all matrices that read the same activations."""
        if name in self._quantised:
            return [], self._quantised[name]
        nodes, smooth = [], name
        factors: FloatArray | np.float32 = np.float32(1)
        if name in self._factors:
            factors, smooth = self._factors[name], f"{name}_smooth"
            inverse = self._constant(f"{name}_inverse_factors", np.float32(1) / factors)
            nodes.append(helper.make_node("Mul", [name, inverse], [smooth]))
        span, least = _BOTH_SIDES, np.float32(0)
        if name in self._gelus:
            span, least, above = _ONE_SIDE, _GELU_LEAST, f"{name}_above"
            lift = self._constant(f"{name}_lift", -least / factors)
            nodes.append(helper.make_node("Add", [smooth, lift], [above]))
            smooth = above
        zero = self._constant(f"quantise_zero_{span.name}", np.uint8(span.zero))
        nodes += self._steps(smooth, span, zero)
        self._quantised[name] = _Activations(f"{smooth}_uint8", f"{smooth}_scale", zero, factors, least)
        return nodes, self._quantised[name]

    def _steps(self, name: str, span: _Span, zero: str) -> list[NodeProto]:
        last_axis = self._constant("quantise_axis", np.array([-1], np.int64))
        step = self._constant(f"quantise_step_{span.name}", np.float32(1 / span.steps))
        tiny = self._constant("quantise_tiny", _TINY)
        sides = [f"{name}_max"] if span is _ONE_SIDE else [f"{name}_max", f"{name}_depth"]
        depth = [
            helper.make_node("ReduceMin", [name, last_axis], [f"{name}_min"], keepdims=1),
            helper.make_node("Neg", [f"{name}_min"], [f"{name}_depth"]),
        ]
        return [
            helper.make_node("ReduceMax", [name, last_axis], [f"{name}_max"], keepdims=1),
            *(depth if span is _BOTH_SIDES else ()),
            helper.make_node("Max", [*sides, tiny], [f"{name}_largest"]),
            helper.make_node("Mul", [f"{name}_largest", step], [f"{name}_scale"]),
            helper.make_node("Div", [name, f"{name}_scale"], [f"{name}_steps"]),
            helper.make_node("QuantizeLinear", [f"{name}_steps", self._one(), zero], [f"{name}_uint8"]),
        ]

    def _one(self) -> str:
        return self._constant("quantise_one", np.float32(1))

    def _lookup(self, node: NodeProto) -> list[NodeProto]:
        table, rows, out = node.input[0], node.input[1], node.output[0]
        values = numpy_helper.to_array(self._weights[table])
        integers, scale = _whole(values, np.abs(values).max(axis=1, keepdims=True))
        whole = self._constant(f"{table}_int8", integers)
        row_scale = self._constant(f"{table}_scale", scale)
        return [
            helper.make_node("Gather", [whole, rows], [f"{out}_int8"]),
            helper.make_node("Gather", [row_scale, rows], [f"{out}_scale"]),
            helper.make_node("Cast", [f"{out}_int8"], [f"{out}_float"], to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{out}_float", f"{out}_scale"], [out]),
        ]

    def _constant(self, name: str, value: NDArray[np.generic] | np.generic) -> str:
        if name not in self._added:
            self._added[name] = numpy_helper.from_array(np.asarray(value), name)
        return name


def _whole_columns(weight: FloatArray) -> tuple[NDArray[np.int8], FloatArray]:
    """(k, m) in whole numbers, of which no two neighbours in a column sum to more than 128, with scales (m,).

    Two neighbours of one sign decide the scale where they are large, since 255 x 128 is the most that 16 bits
    hold, and rounding adds one at most.
    """
    pairs = np.abs(weight[1:] + weight[:-1]).max(axis=0, initial=0)
    return _whole(weight, np.maximum(np.abs(weight).max(axis=0), pairs))


def _whole(values: FloatArray, largest: FloatArray) -> tuple[NDArray[np.int8], FloatArray]:
    scale = np.maximum(largest / np.float32(_LIMIT), _TINY).astype(np.float32)
    return np.clip(np.rint(values / scale), -_LIMIT, _LIMIT).astype(np.int8), scale
