"""Points in a plane: embeddings, neighbours, decisions, losses."""

import numpy as np
import pytest

from cafe_edu import Net
from cafe_edu.drawing import draw_decision_regions, draw_embedding, draw_loss_surface, draw_neighbours, new_picture
from cafe_edu.drawing.decision_regions import answers
from cafe_edu.drawing.embedding import embed
from cafe_edu.drawing.labels import COLOURS, MARKS, each_label
from cafe_edu.drawing.neighbours import nearest
from cafe_edu.errors import NetError, ShapeError, SpecError

PLANE = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 2 } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "s" inner_product_param { num_output: 2 } }
layer { name: "p" type: "Softmax" bottom: "s" top: "p" }
"""


@pytest.fixture
def clouds():
    """Two clouds of 12 points in 6 dimensions, far apart, and their labels."""
    rng = np.random.default_rng(0)
    labels = np.repeat([4, 9], 12)
    return rng.normal(size=(24, 6)) + 20 * (labels == 9)[:, None], labels


def test_looks_differ_for_as_many_labels_as_there_are_pairs():
    looks = [tuple(style.values()) for _, style in each_label(range(len(COLOURS) * len(MARKS)))]
    assert len(set(looks)) == len(COLOURS) * len(MARKS)


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_clouds_stay_apart(clouds, method):
    x, labels = clouds
    places, _ = embed(x, method)
    one, two = places[labels == 4], places[labels == 9]
    between = np.linalg.norm(one.mean(axis=0) - two.mean(axis=0))
    assert between > 2 * max(np.linalg.norm(c - c.mean(axis=0), axis=1).max() for c in (one, two))
    assert np.array_equal(places, embed(x, method)[0])  # the same at every run


def test_pca_is_the_projection_with_most_spread(clouds):
    x, _ = clouds
    centred = x - x.mean(axis=0)
    _, s, V = np.linalg.svd(centred, full_matrices=False)
    places, words = embed(x, "pca")
    np.testing.assert_allclose(np.abs(places), np.abs(centred @ V[:2].T), atol=1e-9)
    assert words == f"by PCA, which keeps {100 * (s[:2] ** 2).sum() / (s**2).sum():.0f} % of their spread"


def test_the_points_are_drawn_by_label(clouds):
    x, labels = clouds
    (axes,) = draw_embedding(x, labels, names={4: "four", 9: "nine"}).get_axes()
    places = embed(x, "pca")[0]
    for drawn, label, name in zip(axes.collections, (4, 9), ("four", "nine"), strict=True):
        np.testing.assert_allclose(drawn.get_offsets(), places[labels == label])
        assert drawn.get_label() == name
    figure = draw_embedding(x, labels, images=np.zeros((24, 1, 5, 5)))
    pictures = list(figure.get_axes()[0].artists)
    assert 2 <= len(pictures) < 24  # those that find room
    figure.canvas.draw()


def test_embeddings_that_cannot_be(clouds):
    x, labels = clouds
    with pytest.raises(SpecError, match="expected a method among pca, tsne, found 'umap'"):
        draw_embedding(x, labels, "umap")
    with pytest.raises(ShapeError, match=r"expected features \(N, D\) and N labels, N at least 3, found \(24, 6\) and"):
        draw_embedding(x, labels[:-1])


def test_neighbours_are_the_nearest():
    x = np.array([[0.0, 0], [3, 4], [0, 1], [9, 9]])
    order, distances = nearest(x, 0, 2)
    assert (order.tolist(), distances.tolist()) == ([2, 1], [1, 5])
    images = np.arange(4)[:, None, None, None] + np.eye(3)[None, None]
    axes = draw_neighbours(x, images, 0, n=2, labels="abcd").get_axes()
    assert [a.get_title() for a in axes] == ["a\nquery", "c\n1", "b\n5"]
    assert draw_neighbours(x, images, 1, n=99).get_axes()[-1].get_title() == "image 3\n7.81"
    with pytest.raises(ShapeError, match="expected a query from 0 to 3, the number of an image, found 4"):
        draw_neighbours(x, images, 4)
    with pytest.raises(ShapeError, match=r"expected features \(N, D\) and as many images, found \(4, 2\) and 3 images"):
        draw_neighbours(x, images[:3], 0)


def test_a_nets_and_a_functions_answers():
    net = Net(PLANE)
    net.params["ip"][0].data = [[1, 0], [0, 1]]  # class 1 where the second number is larger
    points = np.array([[0.0, 1], [1, 0], [2, 5]])
    assert answers(net, points).tolist() == [1, 0, 1]
    assert answers(lambda p: p @ [[1, 0], [0, 1]], points).tolist() == [1, 0, 1]
    assert answers(lambda p: p[:, 1] > 2, points).tolist() == [0, 0, 1]
    assert net.blobs["x"].shape == (1, 2)  # as it was


def test_regions_have_the_colour_of_their_class():
    points = np.array([[0.0, 0], [1, 0], [0, 1], [1, 1]])
    figure = draw_decision_regions(lambda p: 2 * (p[:, 0] > 0.5), points, [0, 2, 0, 2], "halves")
    (axes,) = figure.get_axes()
    figure.canvas.draw()
    drawn = np.asarray(figure.canvas.buffer_rgba())[..., :3]
    for x, colour in ((0.2, COLOURS[0]), (0.8, COLOURS[1])):
        column, row = axes.transData.transform((x, 0.5)).astype(int)
        full = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
        shade = 255 - 0.3 * (255 - full)
        np.testing.assert_allclose(drawn[len(drawn) - row, column], shade, atol=3)
    assert [c.get_label() for c in axes.collections[-2:]] == ["class 0", "class 2"]


def test_regions_that_cannot_be():
    points = np.zeros((4, 2))
    with pytest.raises(ShapeError, match=r"expected points \(N, 2\) and N labels, found \(4, 3\) and \(4,\)"):
        draw_decision_regions(Net(PLANE), np.zeros((4, 3)), [0] * 4)
    with pytest.raises(ShapeError, match=r"expected a net whose items are two numbers, \(2,\), found \(3,\)"):
        draw_decision_regions(Net(PLANE.replace("dim: 1 dim: 2", "dim: 1 dim: 3")), points, [0] * 4)
    with pytest.raises(ShapeError, match=r"expected a class or scores for each of 40000 points, found \(3,\)"):
        draw_decision_regions(lambda p: [1, 2, 3], points, [0] * 4)


def test_the_loss_surface_is_the_nets():
    spec = """
    name: "line"
    layer { name: "in" type: "Input" top: "x" top: "t" input_param { shape { dim: 3 dim: 2 } shape { dim: 3 dim: 1 } } }
    layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 1 } }
    layer { name: "loss" type: "EuclideanLoss" bottom: "y" bottom: "t" top: "loss" }
    """
    net = Net(spec)
    net.forward(x=[[1, 0], [0, 1], [1, 1]], t=[[0], [0], [0]])
    directions = ({"ip": np.array([[1.0, 0]])}, {"ip": np.array([[0, 1.0]])})
    figure = draw_loss_surface(net, directions, n=5)
    axes, bar = figure.get_axes()
    assert axes.get_title() == "loss around line"
    assert bar.get_ylabel() == "loss"
    high = (1 + 1 + 4) / 6  # at a = b = 1
    assert axes.collections[0].levels[0] == 0
    assert axes.collections[0].levels[-1] == pytest.approx(high)
    figure.canvas.draw()
    with pytest.raises(NetError, match="has no loss; it has x, ip, p"):
        draw_loss_surface(Net(PLANE))


def test_a_flat_loss_is_drawn_too():
    net = Net("""
    layer { name: "in" type: "Input" top: "x" top: "t" input_param { shape { dim: 1 dim: 1 } shape { dim: 1 dim: 1 } } }
    layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 1 } }
    layer { name: "loss" type: "EuclideanLoss" bottom: "y" bottom: "t" top: "loss" }
    """)
    figure = draw_loss_surface(net, n=3)
    figure.canvas.draw()  # which is when a range of no width would be refused
    assert figure.axes[0].collections
    assert figure.axes[0].get_title().startswith("loss around")


def test_each_is_drawn_where_it_is_told(clouds):
    x, labels = clouds
    left, right = new_picture().subfigures(1, 2)
    assert draw_embedding(x, labels, figure=left) is left
    assert draw_decision_regions(Net(PLANE), x[:, :2], labels, figure=right) is right
    left.figure.canvas.draw()


def test_the_first_direction_runs_to_the_right():
    net = Net("""
    layer { name: "in" type: "Input" top: "x" top: "t" input_param { shape { dim: 2 dim: 2 } shape { dim: 2 dim: 1 } } }
    layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 1 } }
    layer { name: "loss" type: "EuclideanLoss" bottom: "y" bottom: "t" top: "loss" }
    """)
    net.forward(x=[[1, 0], [0, 1]], t=[[0], [0]])
    figure = draw_loss_surface(net, ({"ip": np.array([[9.0, 0]])}, {"ip": np.array([[0, 1.0]])}), n=5)
    figure.canvas.draw()
    drawn = np.asarray(figure.canvas.buffer_rgba()).astype(int)
    columns, rows = figure.get_axes()[0].transData.transform([(0.93, 0.03), (0.03, 0.93)]).astype(int).T
    right, up = drawn[len(drawn) - rows, columns, 1]  # the green of viridis grows with the loss
    assert right > up + 50
