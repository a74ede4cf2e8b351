"""NumPy arrays, scalars and generators."""

import pytest

import cairn

np = pytest.importorskip("numpy")

DTYPES = [
    "?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "g", "c8", "c16",
    ">i4", ">f8", "S3", "U2", "M8[s]", "m8[ms]", [("a", "i4"), ("b", "f8", (2,))],
]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_arrays_come_back_in_place(start, dtype):
    def fresh(seed):
        dtype_ = np.dtype(dtype)
        raw = np.random.RandomState(seed).bytes(6 * dtype_.itemsize)
        return np.frombuffer(raw, dtype_).reshape(2, 3).copy()

    if dtype == "?":
        saved, array = np.array([[True, False]]), np.array([[False, False]])
    elif dtype == "U2":
        saved, array = np.array([["ab", "é"]]), np.array([["xx", "y"]])
    else:
        saved, array = fresh(1), fresh(2)
    session, _, _ = start(a=saved)
    session.checkpoint()
    start(a=array)
    assert array.tobytes() == saved.tobytes() and array.dtype == saved.dtype


@pytest.mark.parametrize("layout", ["fortran", "strided", "reversed", "transposed", "column"])
def test_any_memory_order(start, layout):
    def make(values):
        base = np.array(values, dtype=float).reshape(4, 6)
        return {
            "fortran": np.asfortranarray(base),
            "strided": base[::2, ::3],
            "reversed": base[::-1, ::-1],
            "transposed": base.T,
            "column": base[:, 1],
        }[layout]

    saved = make(range(24))
    expected = saved.copy()
    session, _, _ = start(a=saved)
    session.checkpoint()
    session.checkpoint()
    fresh = make([0] * 24)
    start(a=fresh)
    assert (fresh == expected).all()


def test_the_same_values_in_another_memory_order_fit(start):
    session, _, _ = start(a=np.arange(6.0).reshape(2, 3))
    session.checkpoint()
    fortran = np.asfortranarray(np.zeros((2, 3)))
    start(a=fortran)
    assert (fortran == np.arange(6.0).reshape(2, 3)).all()


def test_arrays_of_no_dimension_or_no_element(start):
    session, _, _ = start(a=np.array(3.5), b=np.zeros((0, 4)))
    session.checkpoint()
    a = np.array(0.0)
    start(a=a, b=np.zeros((0, 4)))
    assert a == 3.5


def test_an_attribute_may_be_rebound_to_an_array_of_the_same_kind(start):
    session, state, _ = start(a=np.zeros(3))
    state.a = state.a + 1
    session.checkpoint()
    _, state, _ = start(a=np.zeros(3))
    assert (state.a == 1).all()


def test_shape_and_dtype_are_checked_with_both_in_the_sentence(start):
    session, _, _ = start(a=np.zeros((2, 3)))
    session.checkpoint()
    for other, words in ((np.zeros((3, 2)), "f64[3][2]"), (np.zeros((2, 3), "f4"), "f32[2][3]")):
        with pytest.raises(cairn.MismatchError) as caught:
            start(a=other)
        assert "f64[2][3]" in caught.value.message and words in caught.value.message


def test_an_array_that_changes_its_shape_is_refused_before_it_is_saved(start):
    session, state, _ = start(a=np.zeros(3))
    state.a = np.zeros(4)
    with pytest.raises(cairn.MismatchError, match=r"f64\[3\] and is f64\[4\] now"):
        session.checkpoint()


def test_what_could_not_be_restored_is_refused_at_once():
    frozen = np.zeros(2)
    frozen.flags.writeable = False
    objects = np.array([None, []], dtype=object)
    masked = np.ma.masked_array([1, 2], [0, 1])
    with cairn.open(vacate_signal=0) as session:
        for value, words in ((frozen, "read-only"), (objects, "Python objects"), (masked, "more than")):
            with pytest.raises(cairn.UnsupportedValueError, match=words):
                session.protect(a=value)


def test_an_array_of_python_and_one_of_numpy_are_the_same_region(start):
    import array

    session, _, _ = start(a=array.array("d", [1, 2]))
    session.checkpoint()
    a = np.zeros(2)
    start(a=a)
    assert (a == [1, 2]).all()


@pytest.mark.parametrize("kind", ["PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"])
def test_generators_go_on_with_their_sequence(start, kind):
    def make(seed):
        return np.random.Generator(getattr(np.random, kind)(seed))

    def numbers(rng):
        return [rng.random(), rng.normal(), rng.integers(10, dtype=np.uint32), rng.random(dtype="f4")]

    session, state, _ = start(rng=make(1))
    numbers(state.rng)
    session.checkpoint()
    expected = numbers(state.rng)
    rng = make(2)
    start(rng=rng)
    assert numbers(rng) == expected


def test_legacy_random_state_goes_on(start):
    session, state, _ = start(rng=np.random.RandomState(1))
    state.rng.normal()
    session.checkpoint()
    expected = state.rng.normal(size=3)
    rng = np.random.RandomState(2)
    start(rng=rng)
    assert (rng.normal(size=3) == expected).all()


def test_a_generator_of_another_kind_is_refused_and_left_alone(start):
    session, _, _ = start(rng=np.random.Generator(np.random.PCG64(1)))
    session.checkpoint()
    rng = np.random.Generator(np.random.Philox(3))
    with pytest.raises(cairn.MismatchError, match="Generator"):
        start(rng=rng)
    assert rng.random() == np.random.Generator(np.random.Philox(3)).random()


def test_scalars_and_arrays_inside_values_keep_their_type(start):
    value = [np.float32(0.1), np.int8(-3), np.float64(0.1), np.datetime64("2020-01-01"), np.bool_(True),
             np.arange(3, dtype="i2"), {"k": np.zeros((2, 0))}]
    session, _, _ = start(v=value)
    session.checkpoint()
    _, state, _ = start(v=None)
    for back, given in zip(state.v[:5], value):
        assert back == given and type(back) is type(given)
    assert state.v[5].dtype == np.dtype("i2") and state.v[5].tolist() == [0, 1, 2]
    state.v[5][0] = 9  # not read-only
    assert state.v[6]["k"].shape == (2, 0)
