"""Factors of channels, from what a model's activations are over samples."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from engine.types import FloatArray
from index_builder.train.smoothing import channel_factors

TOKENS: FloatArray = np.array([[1, 3, 0], [-16, 2, 0]], np.float32)
WEIGHT: FloatArray = np.array([[1, -1], [0.5, 0.25], [1, 1]], np.float32)


def model(*weights: FloatArray) -> onnx.ModelProto:
    """Each matrix multiplies the same activations, `x` plus 0."""
    nodes = [helper.make_node("Add", ["x", "nothing"], ["read"])]
    outs, constants = [], {"nothing": np.zeros(3, np.float32)}
    for place, weight in enumerate(weights):
        constants[f"w{place}"] = weight
        nodes.append(helper.make_node("MatMul", ["read", f"w{place}"], [f"out{place}"]))
        outs.append(helper.make_tensor_value_info(f"out{place}", TensorProto.FLOAT, ["n", weight.shape[1]]))
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3])
    tensors = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    graph = helper.make_graph(nodes, "test", [x], outs, tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def test_a_factor_is_the_root_of_largest_activation_over_largest_weight() -> None:
    factors = channel_factors(model(WEIGHT), [{"x": TOKENS}])["read"]

    assert factors[0] == pytest.approx(np.sqrt(16 / 1))
    assert factors[1] == pytest.approx(np.sqrt(3 / 0.5), rel=2 ** (1 / 8) - 1)  # in quarters of an octave


def test_the_largest_is_taken_over_all_samples() -> None:
    apart = channel_factors(model(WEIGHT), [{"x": TOKENS[:1]}, {"x": TOKENS[1:]}])["read"]

    np.testing.assert_array_equal(apart, channel_factors(model(WEIGHT), [{"x": TOKENS}])["read"])


def test_matrices_that_read_the_same_share_their_factors() -> None:
    louder = channel_factors(model(WEIGHT, 4 * WEIGHT), [{"x": TOKENS}])

    assert list(louder) == ["read"]
    single = channel_factors(model(WEIGHT), [{"x": TOKENS}])["read"]
    assert louder["read"].tolist() == pytest.approx((single / 2).tolist())


def test_a_channel_that_no_sample_moved_is_taken_for_a_hundredth_of_the_largest() -> None:
    factors = channel_factors(model(WEIGHT), [{"x": TOKENS}])["read"]

    assert factors[2] == pytest.approx(np.sqrt(0.16), rel=2 ** (1 / 8) - 1)


@pytest.mark.parametrize(("tokens", "weight"), [(0 * TOKENS, WEIGHT), (TOKENS, 0 * WEIGHT)])
def test_nothing_is_scaled_where_there_is_nothing(tokens: FloatArray, weight: FloatArray) -> None:
    assert channel_factors(model(weight), [{"x": tokens}])["read"].tolist() == [1, 1, 1]


def test_without_samples_nothing_is_known() -> None:
    assert channel_factors(model(WEIGHT), []) == {}
