import re

import pytest
from matplotlib.colors import to_rgba

from cafe_edu.drawing.graph import DARK_RED, draw_graph
from cafe_edu.drawing.picture import RED, save_picture
from cafe_edu.errors import CafeError, SpecError

NET = """
name: "diamond"
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 dim: 8 dim: 8 } } }
layer { name: "left" type: "Convolution" bottom: "x" top: "l" param { lr_mult: 3 }
  convolution_param { num_output: 4 kernel_size: 3 pad: 1 } }
layer { name: "relu" type: "ReLU" bottom: "l" top: "l" }
layer { name: "drop" type: "Dropout" bottom: "l" top: "l" }
layer { name: "right" type: "Convolution" bottom: "x" top: "r" convolution_param { num_output: 4 kernel_size: 1 } }
layer { name: "sum" type: "Eltwise" bottom: "l" bottom: "r" top: "sum" }
"""
PHASES = """
layer { name: "d" type: "Data" top: "x" top: "label" include { phase: TRAIN }
  data_param { source: "mnist/mnist_train_lmdb" batch_size: 64 } }
layer { name: "d" type: "Data" top: "x" top: "label" include { phase: TEST }
  data_param { source: "mnist/mnist_test_lmdb" batch_size: 100 } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 10 } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "y" bottom: "label" top: "loss" }
layer { name: "accuracy" type: "Accuracy" bottom: "y" bottom: "label" top: "accuracy" include { phase: TEST } }
"""

pytest.importorskip("grandalf")


def look(figure):
    """Texts with their places, boxes (without those in them) and arrows of a figure."""
    (axes,) = figure.axes
    texts = {text.get_text(): text.get_position() for text in axes.texts}
    kinds = [type(patch).__name__ for patch in axes.patches]
    return texts, kinds.count("Rectangle"), kinds.count("FancyArrowPatch")


def test_boxes_arrows_and_what_they_say():
    texts, boxes, arrows = look(draw_graph(NET))
    assert boxes == 6  # of them two in place: strips of another box
    assert arrows == 4
    assert {"diamond", "left", "Convolution", "kernel size: 3, stride: 1, pad: 1", "2 x 4 x 8 x 8",
            "112 parameters, 6.91 k multiply-adds", "relu (ReLU)", "drop (Dropout)", "SUM"} <= set(texts)  # fmt: skip


def test_data_flow_down_and_branches_stand_side_by_side():
    texts, _, _ = look(draw_graph(NET))
    assert texts["x"][1] > texts["left"][1] > texts["sum"][1]
    assert abs(texts["left"][0] - texts["right"][0]) > 50
    assert texts["left"][1] > texts["relu (ReLU)"][1] > texts["drop (Dropout)"][1] > texts["sum"][1]


@pytest.mark.parametrize(("rankdir", "axis", "sign"), [("TB", 1, -1), ("BT", 1, 1), ("LR", 0, 1), ("RL", 0, -1)])
def test_directions(rankdir, axis, sign):
    texts, _, _ = look(draw_graph(NET, rankdir=rankdir))
    assert sign * (texts["sum"][axis] - texts["x"][axis]) > 50


def crossings(figure):
    """How many boxes are crossed by arrows that neither leave nor reach them."""
    (axes,) = figure.axes
    boxes = [p for p in axes.patches if type(p).__name__ == "Rectangle"]
    count = 0
    for arrow in (p for p in axes.patches if type(p).__name__ == "FancyArrowPatch"):
        points = arrow._path_original.interpolated(20).vertices[1:-1]
        for box in boxes:
            (x, y), w, h = box.get_xy(), box.get_width(), box.get_height()
            inside = (points[:, 0] > x) & (points[:, 0] < x + w) & (points[:, 1] > y + 1) & (points[:, 1] < y + h - 1)
            count += inside.any()
    return count


def test_arrows_cross_no_box():
    assert crossings(draw_graph(NET)) == 0


def test_both_phases_in_one_picture():
    texts, boxes, arrows = look(draw_graph(PHASES))
    assert boxes == 5
    assert arrows == 7  # two of data into ip, into loss; ip into loss and accuracy; TEST's data into accuracy
    assert {"TRAIN only", "TEST only", "64 x 1 x 28 x 28", "100 x 1 x 28 x 28"} <= set(texts)


def test_one_phase():
    texts, boxes, _ = look(draw_graph(PHASES, "TRAIN"))
    assert boxes == 3
    assert "TRAIN only" not in texts


def test_learning_rates():
    assert "lr_mult: 3" in look(draw_graph(NET, display_lrm=True))[0]


def test_a_net_whose_shapes_cannot_be_known_is_drawn_without_them():
    spec = PHASES.replace("mnist/mnist", "mine/my").replace('"InnerProduct"', '"MyOwn"')
    texts, boxes, arrows = look(draw_graph(spec))
    assert (boxes, arrows) == (5, 7)
    assert not any(re.search(r"\d x \d", text) for text in texts)
    with pytest.raises(CafeError, match="unknown layer type 'MyOwn'"):
        draw_graph(spec, shapes={"x": (1, 1), "label": (1,)})


def test_a_net_in_two_parts():
    other = 'layer { name: "z" type: "DummyData" top: "z" dummy_data_param { shape { dim: 1 } } }'
    texts, boxes, _ = look(draw_graph(NET + other))
    assert boxes == 7
    assert texts["z"][0] > texts["right"][0] or texts["z"][0] > texts["left"][0]


CLASH = NET.replace("num_output: 4 kernel_size: 1", "num_output: 5 kernel_size: 1") + """
layer { name: "after" type: "Sigmoid" bottom: "sum" top: "after" }
"""


def test_a_net_whose_shapes_clash_is_drawn_up_to_the_layer_that_fails():
    figure = draw_graph(CLASH)
    texts, boxes, arrows = look(figure)
    assert (boxes, arrows) == (6, 4)
    assert "after" not in texts
    assert "2 x 5 x 8 x 8" in texts
    (axes,) = figure.axes
    said = " ".join(t.get_text() for t in axes.texts if t.get_color() == DARK_RED)
    assert said == "error: expected bottoms of one shape, found (2, 4, 8, 8) and, as bottom 1, (2, 5, 8, 8)"
    (framed,) = [p for p in axes.patches if type(p).__name__ == "Rectangle" and p.get_edgecolor() == to_rgba(RED)]
    (x, y), w, h = framed.get_xy(), framed.get_width(), framed.get_height()
    for text in (t for t in axes.texts if t.get_color() == DARK_RED or t.get_text() == "sum"):
        assert x < text.get_position()[0] < x + w
        assert y < text.get_position()[1] < y + h


def test_a_blob_that_nobody_makes_is_said_at_its_reader():
    figure = draw_graph(NET.replace('bottom: "r"', 'bottom: "rr"'))
    (axes,) = figure.axes
    said = " ".join(t.get_text() for t in axes.texts if t.get_color() == DARK_RED)
    assert "reads blob 'rr', which no layer before it makes" in said
    assert look(figure)[2] == 3  # into the branches, and from the left one into the sum


def test_given_shapes_that_clash_are_drawn_too():
    texts, boxes, _ = look(draw_graph(NET.replace("pad: 1", ""), shapes={"x": (2, 3, 1, 1)}))
    assert boxes == 2
    assert any(text.startswith("error: ") for text in texts)
    with pytest.raises(SpecError, match="no data layer or input makes y, whose shape was given"):
        draw_graph(NET, shapes={"y": (2, 3)})


def test_stages_that_nobody_told_are_no_fault():
    rule = "include { phase: TEST }\n  data_param"
    spec = PHASES.replace(rule, rule.replace("TEST", 'TEST stage: "late"'))
    texts, boxes, _ = look(draw_graph(spec))
    assert boxes == 4  # the data layer of TEST is not among them
    assert not any(text.startswith("error: ") for text in texts)
    assert "64 x 10" in texts


def test_no_layers():
    with pytest.raises(SpecError, match="net 'void' has no layers to draw"):
        draw_graph('name: "void"\n')


@pytest.mark.parametrize("ending", [".svg", ".png", ".pdf"])
def test_pictures_are_the_same_at_every_run(tmp_path, ending):
    for name in ("one", "two"):
        save_picture(draw_graph(NET), tmp_path / name / f"net{ending}")
    one, two = ((tmp_path / name / f"net{ending}").read_bytes() for name in ("one", "two"))
    assert one == two
    assert one[:4] in (b"<?xm", b"\x89PNG", b"%PDF")


def test_googlenet(data_folder):
    model = data_folder / "prototxt_zoo/BVLC__caffe/models/bvlc_googlenet/deploy.prototxt"
    figure = draw_graph(model)
    texts, boxes, arrows = look(figure)
    assert crossings(figure) == 0
    assert boxes == 143  # every layer
    assert "inception_4a/output" in texts
    assert arrows == 84 + 9 * 3  # a chain of 85 boxes, and three ways more through each inception
