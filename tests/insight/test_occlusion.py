"""A patch over the spot makes the score fall."""

import numpy as np
import pytest

from cafe_edu import Net
from cafe_edu.errors import ShapeError
from cafe_edu.insight import occlusion
from cafe_edu.insight.objective import score_of


@pytest.mark.parametrize(("size", "stride"), [(None, None), (3, 1), (1, 1), (2, 2)])
def test_it_finds_the_spot(spot, size, stride):
    net, image = spot
    found = occlusion(net, image, 1, size, stride)
    y, x = np.unravel_index(found.argmax(), found.shape)
    assert 7 <= y < 10
    assert 2 <= x < 5
    inside = np.zeros((12, 12), bool)
    inside[7:10, 2:5] = True
    assert found[inside].mean() > 5 * abs(found[~inside].mean())


def test_patches_side_by_side_are_the_fall_of_each(spot):
    net, image = spot
    found = occlusion(net, image, 1, size=6, stride=6, fill=0.5, batch=3)
    score = score_of(net, 1)
    for top in (0, 6):
        for left in (0, 6):
            covered = image.copy()
            covered[:, top : top + 6, left : left + 6] = 0.5
            fall = score(image[None])[0] - score(covered[None])[0]
            np.testing.assert_allclose(found[top : top + 6, left : left + 6], fall, rtol=1e-6, atol=1e-9)


def test_a_pixel_under_several_patches_has_their_mean(spot):
    net, image = spot
    score = score_of(net, 1)
    found, falls = occlusion(net, image, 1, size=2, stride=1), []
    for top, left in [(7, 3), (7, 4), (8, 3), (8, 4)]:
        covered = image.copy()
        covered[:, top : top + 2, left : left + 2] = 0
        falls.append(score(image[None])[0] - score(covered[None])[0])
    assert found[8, 4] == pytest.approx(np.mean(falls), rel=1e-5)


def test_patches_that_cannot_be(spot):
    net, image = spot
    for size, stride in [(13, 1), (0, 1), (3, 0)]:
        with pytest.raises(ShapeError) as error:
            occlusion(net, image, 1, size, stride)
        assert error.value.one_line() == (
            f"expected a patch of 1 to 12 pixels and a stride of 1 or more, found {size} and {stride}"
        )
    flat = Net("""
    layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 4 } } }
    layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 2 } }
    """)
    with pytest.raises(ShapeError, match=r"expected a net for images \(N, C, H, W\) to cover parts of, its items are"):
        occlusion(flat, [1, 2, 3, 4], 0)
