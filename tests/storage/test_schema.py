import pytest

from skdeepcluster.storage import schema


def holds(rule, value):
    try:
        rule(value, "it")
    except schema.Damaged:
        return False
    return True


@pytest.mark.parametrize(
    "rule, right, wrong",
    [
        (schema.text, ["", "a"], [None, 1, "\ud800"]),
        (schema.path, ["", "a", "\udc80"], [None, "\ud800", "a\0b"]),
        (schema.boolean, [True, False], [0, 1, None, "true"]),
        (schema.whole(1, 3), [1, 3], [0, 4, 2.0, True, "1", 10**400]),
        (schema.real(0, 1), [0, 0.5, 1], [-0.1, 1.1, float("nan"), True, 10**400, "0"]),
        (schema.real(finite=False), [float("nan"), -(10**9)], [10**400, None, True]),
        (schema.one_of("a", "b"), ["a"], ["c", 1, ["a"]]),
        (schema.one_or_list_of(schema.text), ["a", ["a", "b"]], [[], 1, ["a", 1]]),
        (schema.maybe(schema.text), [None, "a"], [1]),
        (schema.list_of(schema.text), [[], ["a"]], ["a", {}, [1], None]),
        (schema.list_of(schema.text, 2), [["a", "a"]], [[], ["a"]]),
        (schema.list_of(schema.text, distinct=True), [["a", "b"]], [["a", "a"]]),
        (schema.mapping_of(schema.whole()), [{}, {"a": 1}], [[], {"a": "b"}]),
        (schema.mapping_of(schema.whole(), keys=schema.one_of("a")), [{"a": 1}], [{"b": 1}]),
        (schema.record({"a": schema.text}), [{"a": "b"}], [{}, {"a": 1}, {"a": "b", "c": 1}]),
        (schema.record({}, {"a": schema.text}), [{}, {"a": "b"}], [{"a": 1}, {"c": 1}]),
    ],
)
def test_rules(rule, right, wrong):
    assert [holds(rule, value) for value in right] == [True] * len(right)
    assert [holds(rule, value) for value in wrong] == [False] * len(wrong)


def test_the_place_is_named():
    rule = schema.record({"a": schema.record({"b": schema.list_of(schema.whole())})})
    with pytest.raises(schema.Damaged, match=r"^a\.b\[1\] must be an integer .* is 'c'$"):
        rule({"a": {"b": [0, "c"]}}, "")
    with pytest.raises(schema.Damaged, match=r"no 'a\.b'"):
        rule({"a": {}}, "")
