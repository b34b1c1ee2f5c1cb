"""Quantised graphs against the float32 graphs they were made from."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from engine.types import FloatArray
from index_builder.train.quantise import quantise

WIDTH, COLUMNS, ROWS = 64, 48, 1500
RANDOM = np.random.default_rng(0)
WEIGHT: FloatArray = RANDOM.normal(size=(WIDTH, COLUMNS)).astype(np.float32)
TABLE: FloatArray = RANDOM.normal(size=(ROWS, WIDTH)).astype(np.float32)


def value(name: str, kind: int, *sizes: str | int) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, sizes)


def graph(
    nodes: list[onnx.NodeProto], inputs: list[onnx.ValueInfoProto], rank: int, **constants: FloatArray
) -> onnx.ModelProto:
    output = value("out", TensorProto.FLOAT, *(f"axis {axis}" for axis in range(rank)))
    made = helper.make_graph(
        nodes,
        "test",
        inputs,
        [output],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def matmul() -> onnx.ModelProto:
    activations = value("x", TensorProto.FLOAT, "n", "tokens", WIDTH)
    return graph([helper.make_node("MatMul", ["x", "w"], ["out"])], [activations], 3, w=WEIGHT)


def lookup(rows: int = ROWS) -> onnx.ModelProto:
    ids = value("ids", TensorProto.INT64, "n")
    return graph([helper.make_node("Gather", ["table", "ids"], ["out"])], [ids], 2, table=TABLE[:rows])


def run(model: onnx.ModelProto, **inputs: object) -> FloatArray:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    result: FloatArray = session.run(None, inputs)[0]
    return result


def largest_in_pairs(weight: FloatArray) -> FloatArray:
    """The largest weight of a column, or sum of two neighbours: what its 127 steps have to span."""
    return np.asarray(np.abs(np.concatenate([weight, weight[1:] + weight[:-1]])), np.float32)


QUANTISED = quantise(matmul())


def operators(model: onnx.ModelProto) -> set[str]:
    return {node.op_type for node in model.graph.node}


def test_products_with_a_constant_matrix_are_computed_in_integers() -> None:
    assert "MatMul" not in operators(QUANTISED)
    assert "MatMulIntegerToFloat" in operators(QUANTISED)
    assert {tensor.data_type for tensor in QUANTISED.graph.initializer if len(tensor.dims) == 2} == {
        TensorProto.INT8
    }


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), size=st.sampled_from([1e-6, 1.0, 1e4]), outlier=st.floats(1, 100))
def test_the_error_stays_within_what_rounding_can_do(seed: int, size: float, outlier: float) -> None:
    chance = np.random.default_rng(seed)
    x = (chance.normal(size=(2, 3, WIDTH)) * size).astype(np.float32)
    x[0, 0, 0] *= outlier

    error = np.abs(run(QUANTISED, x=x) - x @ WEIGHT)

    # Rounding moves an activation by half its token's step at most, and a weight by half its column's.
    half_step = np.abs(x).max(axis=-1, keepdims=True) / 127 / 2
    half_weight = largest_in_pairs(WEIGHT).max(axis=0) / 127 / 2
    bound = (
        half_step * np.abs(WEIGHT).sum(axis=0)
        + (np.abs(x) + half_step).sum(axis=-1, keepdims=True) * half_weight
    )
    assert (error <= bound * 1.001).all()


def test_a_token_is_computed_alike_whatever_stands_beside_it() -> None:
    x = RANDOM.normal(size=(1, 1, WIDTH)).astype(np.float32)
    loud = 1000 * RANDOM.normal(size=(7, 5, WIDTH)).astype(np.float32)
    loud[3, 2] = x[0, 0]

    np.testing.assert_array_equal(run(QUANTISED, x=x)[0, 0], run(QUANTISED, x=loud)[3, 2])


def test_zeros_stay_zeros() -> None:
    assert not run(QUANTISED, x=np.zeros((1, 2, WIDTH), np.float32)).any()


def test_the_products_of_two_neighbours_fit_16_bits() -> None:
    [weight] = [tensor for tensor in QUANTISED.graph.initializer if tensor.name == "w_int8"]
    steps = numpy_helper.to_array(weight).astype(int)

    # What AVX2 adds up without VNNI: u8 x s8 twice, each activation anywhere from 0 to 255.
    highest = 255 * (np.maximum(steps[1:], 0) + np.maximum(steps[:-1], 0))
    lowest = 255 * (np.minimum(steps[1:], 0) + np.minimum(steps[:-1], 0))
    limits = np.iinfo(np.int16)
    assert highest.max() <= limits.max
    assert lowest.min() >= limits.min
    assert np.abs(steps).max() > 64  # seven bits would always be safe, and coarser


def test_weights_all_alike_take_half_of_the_steps() -> None:
    model = graph(
        [helper.make_node("MatMul", ["x", "w"], ["out"])],
        [value("x", TensorProto.FLOAT, "n", "tokens", 4)],
        3,
        w=np.ones((4, 2), np.float32),
    )

    [weight] = [tensor for tensor in quantise(model).graph.initializer if tensor.name == "w_int8"]

    assert set(numpy_helper.to_array(weight).flat) == {64}


def gelu() -> onnx.ModelProto:
    nodes = [helper.make_node("Gelu", ["x"], ["bent"]), helper.make_node("MatMul", ["bent", "w"], ["out"])]
    model = graph(nodes, [value("x", TensorProto.FLOAT, "n", "tokens", WIDTH)], 3, w=WEIGHT)
    model.opset_import[0].version = 20
    model.ir_version = 9
    return model


def error_of(model: onnx.ModelProto, exact: FloatArray, x: FloatArray) -> float:
    return float(np.abs(run(model, x=x) - exact).mean())


def test_what_gelu_gives_is_spread_over_all_steps() -> None:
    x = RANDOM.normal(size=(4, 5, WIDTH)).astype(np.float32)
    exact = run(gelu(), x=x)
    bent = gelu()
    bent.graph.node[0].op_type = "Elu"  # of about the same values, and not known to have a least one
    elu = run(bent, x=x)

    assert error_of(quantise(gelu()), exact, x) < 0.8 * error_of(quantise(bent), elu, x)


def test_a_loud_channel_does_not_drown_the_others_once_channels_are_smoothed() -> None:
    x = RANDOM.normal(size=(4, 5, WIDTH)).astype(np.float32)
    x[:, :, 3] *= 50
    exact = x @ WEIGHT

    assert error_of(quantise(matmul(), [{"x": x}]), exact, x) < 0.5 * error_of(QUANTISED, exact, x)


@pytest.mark.parametrize("make", [matmul, gelu])
def test_smoothing_changes_no_product_beyond_rounding(make: object) -> None:
    assert callable(make)
    x = RANDOM.normal(size=(4, 5, WIDTH)).astype(np.float32)
    exact = run(make(), x=x)

    found = run(quantise(make(), [{"x": x}]), x=x)

    assert np.abs(found - exact).max() < 0.02 * np.abs(exact).max()


def test_activations_are_quantised_once_for_all_matrices_that_read_them() -> None:
    model = matmul()
    model.graph.node.append(helper.make_node("MatMul", ["x", "v"], ["other"]))
    model.graph.initializer.append(numpy_helper.from_array(WEIGHT + 1, "v"))

    kinds = [node.op_type for node in quantise(model).graph.node]

    assert (kinds.count("QuantizeLinear"), kinds.count("MatMulIntegerToFloat")) == (1, 2)


def test_large_tables_shrink_to_a_quarter_and_keep_their_rows() -> None:
    ids = np.array([0, 7, ROWS - 1], np.int64)
    quantised = quantise(lookup())

    found = run(quantised, ids=ids)

    assert quantised.ByteSize() < lookup().ByteSize() * 0.3
    half_step = np.abs(TABLE[ids]).max(axis=1, keepdims=True) / 127 / 2
    assert (np.abs(found - TABLE[ids]) <= half_step * 1.001).all()


def test_small_tables_stay_as_they_are() -> None:
    assert operators(quantise(lookup(rows=100))) == {"Gather"}


def test_products_of_two_computed_matrices_stay_as_they_are() -> None:
    pair = [value(name, TensorProto.FLOAT, "n", "n") for name in "xy"]

    assert operators(quantise(graph([helper.make_node("MatMul", ["x", "y"], ["out"])], pair, 2))) == {
        "MatMul"
    }


def test_the_given_model_is_not_changed() -> None:
    model = matmul()
    before = model.SerializeToString(deterministic=True)
    quantise(model)

    assert model.SerializeToString(deterministic=True) == before


@pytest.mark.parametrize("make", [matmul, lookup])
def test_the_same_model_gives_the_same_bytes(make: object) -> None:
    assert callable(make)
    first, second = quantise(make()), quantise(make())

    assert first.SerializeToString(deterministic=True) == second.SerializeToString(deterministic=True)
