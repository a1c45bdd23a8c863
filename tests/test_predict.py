"""Image files in, names and probabilities out."""

import numpy as np
import pytest
from PIL import Image

from cafe_edu import Net
from cafe_edu.errors import DataError, NetError, SpecError
from cafe_edu.predict import predict_files

# Class 0 says "dark", class 1 says "bright": the score of 1 is the sum of a 2 x 2 image.
SPEC = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: %d dim: 2 dim: 2 } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "ip" inner_product_param { num_output: 2 } }
layer { name: "prob" type: "Softmax" bottom: "ip" top: "prob" }
"""


@pytest.fixture
def model(tmp_path):
    def make(channels=1):
        path = tmp_path / f"deploy{channels}.prototxt"
        path.write_text(SPEC % channels)
        net = Net(path)
        net.params["ip"][0].data = [[0] * 4 * channels, [1] * 4 * channels]
        net.params["ip"][1].data = [0, -1.5]
        net.save(tmp_path / f"{channels}.caffemodel")
        return path, tmp_path / f"{channels}.caffemodel"

    return make


@pytest.fixture
def image(tmp_path):
    def make(name, value, mode="L"):
        Image.new(mode, (2, 2), value).save(tmp_path / name)
        return tmp_path / name

    return make


def test_best_answer_first(model, image, tmp_path):
    images = [image("dark.png", 0), image("bright.png", 255), image("mid.png", 128)]
    (tmp_path / "labels.txt").write_text("dark\nbright\n")
    answers = predict_files(*model(), images, labels=tmp_path / "labels.txt")
    assert [a["image"] for a in answers] == [str(path) for path in images]
    assert [a["answers"][0]["label"] for a in answers] == ["dark", "bright", "bright"]
    score = 4 * 255 / 256 - 1.5
    assert answers[1]["answers"][0]["probability"] == pytest.approx(1 / (1 + np.exp(-score)))
    assert [a["class"] for a in answers[0]["answers"]] == [0, 1]


def test_invert_scale_mean_top(model, image):
    (answer,) = predict_files(*model(), [image("dark.png", 0)], top=1, invert=True)
    assert answer["answers"] == [{"label": "1", "class": 1, "probability": pytest.approx(0.92, abs=0.01)}]
    (answer,) = predict_files(*model(), [image("bright.png", 255)], scale=1, mean="255", top=1)
    assert answer["answers"][0]["class"] == 0


def test_scores_become_probabilities(model, image, tmp_path):
    path, weights = model()
    bright = image("bright.png", 255)
    whole = predict_files(path, weights, [bright])
    path.write_text("\n".join(line for line in path.read_text().splitlines() if "Softmax" not in line))
    (answer,) = predict_files(path, weights, [bright])
    assert [a["probability"] for a in answer["answers"]] == pytest.approx(
        [a["probability"] for a in whole[0]["answers"]], rel=1e-5
    )


def test_a_real_net_names_a_real_photo(data_folder):
    folder = data_folder / "squeezenet_v1.0_deepcomp"
    (answer,) = predict_files(
        folder / "SqueezeNet_deploy.prototxt",
        folder / "squeezenet_v1.0_decoded.caffemodel",
        [data_folder / "imagenet_aux" / "cat.jpg"],
        labels=data_folder / "imagenet_aux" / "synset_words.txt",
        scale=1,
        mean="104,117,123",
    )
    found = [(a["label"].split(" ", 1)[1].split(",")[0], round(a["probability"], 3)) for a in answer["answers"]]
    assert found == [("kit fox", 0.623), ("red fox", 0.217), ("Pembroke", 0.093)]


def test_colours_are_blue_green_red(model, image):
    path, weights = model(3)
    net = Net(path, weights=weights)
    net.params["ip"][0].data = [[0] * 12, [1] * 4 + [0] * 8]  # class 1 looks at the first channel only
    net.save(weights)
    blue, red = image("blue.png", (0, 0, 255), "RGB"), image("red.png", (255, 0, 0), "RGB")
    assert [a["answers"][0]["class"] for a in predict_files(path, weights, [blue, red])] == [1, 0]


def test_errors(model, image, tmp_path):
    path, weights = model()
    dark = image("dark.png", 0)
    with pytest.raises(DataError, match=r"no such image: .*none.png"):
        predict_files(path, weights, [tmp_path / "none.png"])
    with pytest.raises(DataError, match=r"deploy1.prototxt is not an image that pillow reads"):
        predict_files(path, weights, [path])
    with pytest.raises(SpecError, match="expected 1 or 1 numbers for --mean, found 3: 1,2,3"):
        predict_files(path, weights, [dark], mean="1,2,3")
    with pytest.raises(SpecError, match="expected numbers such as 104,117,123 for --mean, found 'a'"):
        predict_files(path, weights, [dark], mean="a")
    with pytest.raises(DataError, match="no such file of labels"):
        predict_files(path, weights, [dark], labels=tmp_path / "none.txt")
    with pytest.raises(DataError, match="is not a text file of labels"):
        predict_files(path, weights, [dark], labels=dark)
    path.write_text(SPEC % 1 + 'layer { name: "y" type: "Input" top: "y" input_param { shape { dim: 1 } } }')
    with pytest.raises(NetError, match=r"one input and one output .* found inputs x, y and outputs prob, y"):
        predict_files(path, weights, [dark])
