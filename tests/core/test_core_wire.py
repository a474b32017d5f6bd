"""Messages between front and lab: any array, no pickles, torn ones refused."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from workbench.core.wire import Message, read_message, write_message

ARRAYS = hnp.arrays(
    st.sampled_from([np.uint8, np.int64, np.float32, np.float64, np.bool_]), hnp.array_shapes(min_dims=0, min_side=0)
)


def carried(*messages):
    stream = io.BytesIO()
    for message in messages:
        write_message(stream, message)
    stream.seek(0)
    return stream


@settings(max_examples=50)
@given(st.dictionaries(st.text(max_size=5), ARRAYS, max_size=3), st.text())
def test_heads_and_arrays_arrive_as_they_were_sent(arrays, words):
    stream = carried(Message({"words": words}, arrays), Message({"second": True}))
    first, second = read_message(stream), read_message(stream)
    assert first.head == {"words": words}
    assert first.arrays.keys() == arrays.keys()
    for name, array in arrays.items():
        assert first.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(first.arrays[name], array)
    assert second.head == {"second": True}
    assert read_message(stream) is None


def test_a_strided_array_is_carried_in_order():
    array = np.arange(12).reshape(3, 4)[:, ::2]
    np.testing.assert_array_equal(read_message(carried(Message({}, {"a": array}))).arrays["a"], array)


def test_every_torn_message_is_refused():
    whole = carried(Message({"a": 1}, {"x": np.arange(5)})).getvalue()
    for length in range(1, len(whole)):
        with pytest.raises(EOFError):
            read_message(io.BytesIO(whole[:length]))


def test_objects_are_never_carried():
    with pytest.raises((ValueError, TypeError)):
        read_message(carried(Message({}, {"x": np.array([object()])})))


def test_a_header_of_absurd_length_is_refused():
    with pytest.raises(ValueError, match="not one of ours"):
        read_message(io.BytesIO(struct.pack(">I", 2**31) + b"x"))
