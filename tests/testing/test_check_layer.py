"""What the conformance tests catch, each fault planted in a layer that is right otherwise."""

import numpy as np
import pytest

from cafe_edu import Blob, Net, check_layer
from cafe_edu.errors import CafeError, ShapeError
from cafe_edu.layer import Layer
from cafe_edu.proto import caffe_pb2
from cafe_edu.testing import CheckFailed, strict_cupy
from cafe_edu.testing.cases import Case, normal


class MyReLU(Layer):
    """A learner's, on the options of the house's."""

    options_field = "relu_param"
    in_place = True

    def top_shapes(self, bottom_shapes):
        return bottom_shapes

    def forward(self, bottom, top):
        x = bottom[0].data
        self.slope = np.where(x > 0, 1, self.options.negative_slope)
        top[0].data = self.slope * x

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            bottom[0].diff = self.slope * top[0].diff


def says(cls, like="ReLU", cases=None):
    with pytest.raises(CheckFailed) as caught:
        check_layer(cls, like=like, cases=cases)
    assert caught.value.__notes__[-1].startswith("with ")
    return str(caught.value)


def test_a_learners_class_passes_and_works_in_a_net():
    check_layer(MyReLU, like="ReLU")
    spec = """
        layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 3 } } }
        layer { name: "r" type: "ReLU" bottom: "x" top: "y" }
    """
    net = Net(spec, layers={"ReLU": MyReLU})
    assert type(net.layers[1]) is MyReLU
    assert net.forward(x=[[-1, 0, 2]])["y"].tolist() == [[0, 0, 2]]


def test_by_name():
    check_layer("Softmax")


def test_a_class_named_as_a_type_is_tried_on_its_cases():
    class ReLU(MyReLU):
        pass

    check_layer(ReLU)
    with pytest.raises(CafeError) as caught:
        check_layer(MyReLU)
    assert str(caught.value).startswith(
        "there are no cases for 'MyReLU': say like='...' or give cases=[...]; there are some for "
    )


def test_cases_of_your_own():
    check_layer(MyReLU, cases=[Case("", normal(2)), Case("relu_param { negative_slope: 2 }", normal(3))])


def test_the_note_says_which_options():
    class NoSlope(MyReLU):
        def forward(self, bottom, top):
            self.slope = bottom[0].data > 0
            top[0].data = self.slope * bottom[0].data

    with pytest.raises(CheckFailed) as caught:
        check_layer(NoSlope, like="ReLU")
    assert "the output is not that of ReLU: expected " in str(caught.value)
    assert caught.value.__notes__ == ["with options 'relu_param { negative_slope: 0.1 }'"]


def test_counts():
    class Two(MyReLU):
        num_bottom = 2

    class Odd(MyReLU):
        num_top = "1"

    assert says(Two) == "num_bottom or num_top refuses the case: expected 2 bottoms, found 1"
    assert says(Odd) == "num_top: expected a number or (least, most), found '1'"


def test_a_wrong_shape():
    class Wide(MyReLU):
        def top_shapes(self, bottom_shapes):
            return [(*bottom_shapes[0], 2)]

        def forward(self, bottom, top):
            top[0].data[...] = np.maximum(bottom[0].data, 0)[..., None]

        def backward(self, top, propagate_down, bottom):
            bottom[0].diff = (top[0].diff * (bottom[0].data > 0)[..., None]).sum(axis=-1)

        in_place = False

    assert says(Wide).startswith("in phase TRAIN the output is not that of ReLU: expected ")

    class Grows(MyReLU):
        in_place = False

        def forward(self, bottom, top):
            top[0].reshape(*bottom[0].shape, 1)
            top[0].data = np.maximum(bottom[0].data, 0)[..., None]

    assert says(Grows) == "top_shapes says [(2, 3, 4)], forward made [(2, 3, 4, 1)]"


def test_the_layers_own_errors_come_through_with_the_options():
    class Bare(MyReLU):
        def top_shapes(self, bottom_shapes):
            return bottom_shapes[0]

    with pytest.raises(ShapeError, match="expected `top_shapes` to return a list of 1 shapes") as caught:
        check_layer(Bare, like="ReLU")
    assert caught.value.__notes__ == ["with default options"]


def test_numbers_left_unwritten():
    class Half(MyReLU):
        def forward(self, bottom, top):
            super().forward(bottom, [Blob(top[0].shape, self.dtype)])
            top[0].data[:1] = np.maximum(bottom[0].data[:1], 0)

    assert says(Half) == "forward left numbers unwritten (or made NaN)"


def test_a_bottom_written_to():
    class Spoils(MyReLU):
        def forward(self, bottom, top):
            super().forward(bottom, top)
            bottom[0].data[...] = 0

    assert says(Spoils).startswith("forward changed its bottom: expected ")


def test_data_written_on_the_way_back():
    class Spoils(MyReLU):
        in_place = False

        def backward(self, top, propagate_down, bottom):
            super().backward(top, propagate_down, bottom)
            top[0].data[...] = 0

    assert says(Spoils).startswith("backward changed the data of 'top0': expected ")


def test_a_top_read_again_and_not_declared():
    class Exp(MyReLU):
        in_place = False

        def forward(self, bottom, top):
            top[0].data = np.exp(bottom[0].data)

        def backward(self, top, propagate_down, bottom):
            bottom[0].diff = top[0].diff * top[0].data

    cases = [Case("", normal(3))]
    text = says(Exp, like=None, cases=cases)
    assert text.startswith("backward reads its top again, which needs `rereads_top = True`: ")
    Exp.rereads_top = True
    check_layer(Exp, cases=cases)


def test_another_answer_the_second_time():
    class Counts(MyReLU):
        calls = 0

        def forward(self, bottom, top):
            super().forward(bottom, top)
            self.calls += 1
            top[0].data *= self.calls

    assert says(Counts).startswith("two forwards in phase TRAIN differ: ")


def test_float64_out_of_float32():
    class Double(MyReLU):
        in_place = False

        def forward(self, bottom, top):
            super().forward(bottom, top)
            y = Blob(top[0].shape, np.float64)
            y.data = top[0].data
            top[0].share_data(y)

    assert says(Double) == "expected float32 from a float32 layer, found float64"


def test_state_left_from_another_batch():
    class Remembers(MyReLU):
        in_place = False
        sum = None

        def forward(self, bottom, top):
            super().forward(bottom, top)
            self.sum = bottom[0].data.sum() if self.sum is None else self.sum
            top[0].data += self.sum

    assert says(Remembers).startswith("after a change of batch size (1 to 2) the output is another: ")

    class RemembersSlope(MyReLU):
        first = None

        def forward(self, bottom, top):
            super().forward(bottom, top)
            self.first = self.slope[:1] if self.first is None else self.first
            self.slope = np.broadcast_to(self.first, bottom[0].shape)

    text = says(RemembersSlope)
    assert text.startswith("after a change of batch size (1 to 2) the gradient is another: ")


def test_state_left_from_a_bigger_batch():
    class Grows(MyReLU):
        in_place = False
        most = 0

        def forward(self, bottom, top):
            super().forward(bottom, top)
            self.most = max(self.most, len(bottom[0].data))
            if self.most > 2:
                top[0].data += self.most

    assert says(Grows).startswith("after a change of batch size (3 to 2) the output is another: ")


def test_an_empty_batch():
    class Means(MyReLU):
        in_place = False

        def top_shapes(self, bottom_shapes):
            return [()]

        def forward(self, bottom, top):
            with np.errstate(invalid="ignore"):
                top[0].data = np.divide(bottom[0].data.sum(), bottom[0].count)

        def backward(self, top, propagate_down, bottom):
            bottom[0].diff[...] = top[0].diff / max(bottom[0].count, 1)

    assert says(Means) == "an empty batch gives NaN"


def test_in_place_is_another_thing():
    class Squares(MyReLU):
        def forward(self, bottom, top):
            top[0].data = bottom[0].data ** 2

        def backward(self, top, propagate_down, bottom):
            bottom[0].diff = 2 * bottom[0].data * top[0].diff

    class Steps(MyReLU):
        def forward(self, bottom, top):
            self.slope = 3
            top[0].data = 2 * bottom[0].data
            top[0].data += bottom[0].data  # in place these are twice as large by now

    assert says(Squares, like=None, cases=[Case("", normal(3))]).startswith("in place the gradient is another: ")
    assert says(Steps).startswith("in place the output is another: ")


def test_a_wrong_gradient():
    class Leaks(MyReLU):
        def backward(self, top, propagate_down, bottom):
            bottom[0].diff = top[0].diff

    assert says(Leaks).startswith("gradient of bottom 0: at index ")


def test_not_like_it():
    class Halves(MyReLU):
        def forward(self, bottom, top):
            super().forward(bottom, top)
            self.slope = self.slope / 2
            top[0].data *= 0.5

    assert says(Halves).startswith("in phase TRAIN the output is not that of ReLU: expected ")


def test_not_like_it_in_a_test_net():
    class Sleeps(MyReLU):
        def forward(self, bottom, top):
            super().forward(bottom, top)
            if self.phase == "TEST":
                top[0].data *= 0

    assert says(Sleeps).startswith("in phase TEST the output is not that of ReLU: expected ")


def test_parameters_of_other_shapes():
    class NoBias(Layer):
        def setup(self, bottom):
            self.weight = self.add_param("weight", (4, 6))

        def top_shapes(self, bottom_shapes):
            return [(bottom_shapes[0][0], 4)]

        def forward(self, bottom, top):
            self.x = bottom[0].data.reshape(-1, 6)
            top[0].data = self.x @ self.weight.data.T

        def backward(self, top, propagate_down, bottom):
            self.weight.diff += top[0].diff.T @ self.x
            if propagate_down[0]:
                bottom[0].diff = (top[0].diff @ self.weight.data).reshape(bottom[0].shape)

    text = says(NoBias, like="InnerProduct")
    assert text == "expected parameters of shapes [(4, 6), (4,)] as in InnerProduct, found [(4, 6)]"


def test_chance_need_not_be_drawn_in_the_same_way():
    class MyDropout(Layer):
        options_field = "dropout_param"
        in_place = True

        def top_shapes(self, bottom_shapes):
            return bottom_shapes

        def forward(self, bottom, top):
            r = self.options.dropout_ratio
            kept = 1 - self.rng.binomial(1, r, bottom[0].shape)
            self.mask = kept / (1 - r) if self.phase == "TRAIN" else np.ones(bottom[0].shape)
            top[0].data = bottom[0].data * self.mask

        def backward(self, top, propagate_down, bottom):
            if propagate_down[0]:
                bottom[0].diff = top[0].diff * self.mask

    check_layer(MyDropout, like="Dropout")

    class Awake(MyDropout):
        def forward(self, bottom, top):
            self.mask = 0.5
            top[0].data = bottom[0].data * 0.5

    assert says(Awake, like="Dropout").startswith("in phase TEST the output is not that of Dropout: ")


def test_parameters_that_a_file_does_not_reach():
    class Keeps(Layer):
        """It multiplies by the slope that it drew when it was set up."""

        def setup(self, bottom):
            self.slope = self.add_param("slope", (), caffe_pb2.FillerParameter(type="gaussian"))
            self.kept = self.slope.data.copy()

        def top_shapes(self, bottom_shapes):
            return bottom_shapes

        def forward(self, bottom, top):
            top[0].data = self.kept * bottom[0].data

    cases = [Case("", normal(3), gradient=False)]
    assert says(Keeps, like=None, cases=cases).startswith("with parameters from a file the output is another: ")

    class Reads(Keeps):
        def forward(self, bottom, top):
            top[0].data = self.slope.data * bottom[0].data

    check_layer(Reads, cases=cases)


def test_bottoms_of_wrong_shapes():
    class Flat(MyReLU):
        def forward(self, bottom, top):
            _, self.channels = bottom[0].shape
            super().forward(bottom, top)

    cases = [Case("", normal(3))]
    assert says(Flat, cases=cases) == (
        "bottoms of shapes [(2, 3, 1)] (bottom 0 with an axis more), from the start: expected a result, or a "
        "ShapeError from `top_shapes` or `setup` that says what was expected and what was found; found ValueError: "
        "too many values to unpack (expected 2)"
    )


class Anywhere(MyReLU):
    """The mathematics written once; the faults below are what a learner may write in its place."""

    def forward(self, bottom, top):
        x = bottom[0].data
        self.slope = self.xp.where(x > 0, 1, self.options.negative_slope)
        top[0].data = self.slope * x


def says_on_the_gpu(cls, error, cases=None):
    with strict_cupy(), pytest.raises(error) as caught:
        check_layer(cls, like=None if cases else "ReLU", cases=cases, device="gpu")
    assert caught.value.__notes__ == ["with default options, on device 'gpu'"]
    return str(caught.value)


def test_on_a_device():
    with strict_cupy() as gpu:
        check_layer(Anywhere, like="ReLU", device="gpu")
        assert gpu.transfers.to_device["asarray"]  # it was there


def test_a_function_of_numpys_on_a_device():
    class Sums(Anywhere):
        def forward(self, bottom, top):
            super().forward(bottom, top)
            self.total = np.sum(bottom[0].data)

    check_layer(Sums, like="ReLU")  # which nothing says on the CPU
    assert says_on_the_gpu(Sums, TypeError) == (
        "np.sum was given an array that lives on the device: write xp.sum, with xp = array_module(x) or self.xp"
    )


def test_a_constant_of_numpys_on_a_device():
    class Masks(Anywhere):
        def forward(self, bottom, top):
            super().forward(bottom, top)
            top[0].data *= np.ones(bottom[0].shape)

    check_layer(Masks, like="ReLU")
    assert says_on_the_gpu(Masks, TypeError) == (
        "Unsupported type <class 'numpy.ndarray'>: it cannot meet an array on the device; bring it there once, with "
        "xp.asarray"
    )


def test_a_function_that_cupy_lacks():
    class Quiet(Anywhere):
        def forward(self, bottom, top):
            with self.xp.errstate(all="ignore"):
                super().forward(bottom, top)

    check_layer(Quiet, like="ReLU")
    assert says_on_the_gpu(Quiet, AttributeError) == (
        "module 'cupy' has no attribute 'errstate'; numpy has: write this with what both have"
    )


def test_a_parameter_that_cupys_function_lacks():
    class Largest(Anywhere):
        def forward(self, bottom, top):
            super().forward(bottom, top)
            self.most = bottom[0].data.max(initial=0)

    check_layer(Largest, like="ReLU")
    assert says_on_the_gpu(Largest, TypeError) == "cupy's max() got an unexpected keyword argument 'initial'"


def test_other_numbers_on_a_device():
    class Shifts(Anywhere):
        in_place = False

        def forward(self, bottom, top):
            super().forward(bottom, top)
            if self.xp is not np and self.phase == "TEST":
                top[0].data += 1

    class Bends(Anywhere):
        in_place = False

        def backward(self, top, propagate_down, bottom):
            super().backward(top, propagate_down, bottom)
            if self.xp is not np:
                bottom[0].diff *= 2

    cases = [Case("", normal(3))]
    text = says_on_the_gpu(Shifts, CheckFailed, cases)
    assert text.startswith("on device 'gpu', in phase TEST, the output is another: expected ")
    text = says_on_the_gpu(Bends, CheckFailed, cases)
    assert text.startswith("on device 'gpu', in phase TRAIN, the gradient is another: expected ")


def test_a_parameters_other_numbers_on_a_device():
    class Scales(Anywhere):
        def setup(self, bottom):
            self.scale = self.add_param("scale", ())

        def backward(self, top, propagate_down, bottom):
            super().backward(top, propagate_down, bottom)
            self.scale.diff[...] += self.off * (self.xp is not np)

    class Learns(Scales):
        off = 0

        def forward(self, bottom, top):
            super().forward(bottom, top)
            self.scale.data[...] = 3 if self.xp is np else 4

    Scales.off = 1
    cases = [Case("", normal(3))]
    text = says_on_the_gpu(Scales, CheckFailed, cases)
    assert text.startswith("on device 'gpu', in phase TRAIN, a parameter's gradient is another: expected ")
    text = says_on_the_gpu(Learns, CheckFailed, cases)
    assert text == "on device 'gpu' a parameter is another: expected 3. of shape (), found 4. of shape ()"


def test_a_device_that_is_not_there():
    with pytest.raises(CafeError, match="expected device 'cpu' or 'gpu', found 'tpu'"):
        check_layer("ReLU", device="tpu")
