import pytest

from cafe_edu import Net
from cafe_edu.drawing import draw_costs, draw_profile, new_picture
from cafe_edu.errors import NetError
from cafe_edu.profiling import LayerProfile, Profile

SPEC = """
name: "costly"
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 dim: 8 dim: 8 } } }
layer { name: "conv" type: "Convolution" bottom: "x" top: "c" convolution_param { num_output: 4 kernel_size: 3 } }
layer { name: "relu" type: "ReLU" bottom: "c" top: "c" }
layer { name: "ip" type: "InnerProduct" bottom: "c" top: "ip" inner_product_param { num_output: 5 } }
"""


def bars(axes):
    return [(round(patch.get_x(), 9), round(patch.get_width(), 9)) for patch in axes.patches]


def rows(axes):
    return [label.get_text() for label in axes.get_yticklabels()]


def test_time_and_memory_beside_each_other():
    MiB = 2**20
    profile = Profile([
        LayerProfile("a", "Input", [1.0, 3.0], [], MiB, 0, 0),
        LayerProfile("b", "InnerProduct", [4.0], [5.0, 7.0], MiB, 2 * MiB, 4 * MiB),
    ])  # fmt: skip
    left, right = draw_profile(profile).get_axes()
    assert rows(left) == rows(right) == ["a", "b"]
    assert bars(left) == [(0, 2), (0, 4), (2, 0), (4, 6)]
    assert bars(right) == [(0, 1), (0, 1), (1, 0), (1, 2), (1, 0), (3, 4)]
    assert left.get_title() == "time: 6 ms forward, 6 ms backward"
    assert right.get_title() == "memory: 8 MiB"
    assert [t.get_text() for t in right.get_legend().get_texts()] == ["data", "diff", "parameters"]


def test_a_profile_of_a_net_draws_and_prints():
    profile = Net(SPEC).profile(2)
    assert [len(record.forward) for record in profile] == [2, 2, 2, 2]
    lines = repr(profile).splitlines()
    assert [line.split()[0] for line in lines] == ["layer", "x", "conv", "relu", "ip", "all"]
    assert "<td" in profile._repr_html_()
    assert rows(profile.draw().get_axes()[0]) == ["x", "conv", "relu", "ip"]


def test_costs_worked_by_hand():
    figure = draw_costs(SPEC)
    params, products, made = figure.get_axes()
    assert rows(params) == ["x", "conv", "ip"]  # what runs in place costs nothing
    assert [width for _, width in bars(params)] == [0, 4 * 27 + 4, 5 * 144 + 5]
    assert [width for _, width in bars(products)] == [0, 4 * 27 * 36, 5 * 144]
    assert [width for _, width in bars(made)] == [192, 144, 5]
    assert params.get_title() == "parameters: 837"
    assert products.get_title() == "multiply-adds an item: 4,608"
    assert made.get_title() == "activations an item: 341"
    assert figure._suptitle.get_text() == "costly"


def test_each_is_drawn_where_it_is_told():
    left, right = new_picture().subfigures(1, 2)
    assert draw_costs(SPEC, figure=left) is left
    assert draw_profile(Net(SPEC).profile(1), right) is right


def test_nothing_to_draw():
    with pytest.raises(NetError, match="the profile has no layers to draw"):
        draw_profile(Profile())
    with pytest.raises(NetError, match="net 'void' has no layers to draw"):
        draw_costs('name: "void"\n')
