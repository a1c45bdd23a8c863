"""ConvExplorer: one output number of a convolution or pooling, and all it is made of."""

import ipywidgets
import numpy as np

from cafe_edu.drawing.window_sum import draw_unmarked, draw_window_sum, mark
from cafe_edu.errors import ShapeError
from cafe_edu.widgets.backdrop import Backdrop
from cafe_edu.widgets.panel import Panel
from cafe_edu.widgets.pixel_picker import PixelPicker
from cafe_edu.widgets.window_sum import MODES, size_formula, sum_formula, take_apart, window_sum


def edge_kernel(k):
    """Return a kernel (k, k) that looks for edges between dark on the left and bright on the right.

    >>> edge_kernel(3)
    array([[-1.,  0.,  1.],
           [-1.,  0.,  1.],
           [-1.,  0.,  1.]])
    """
    return np.tile(np.linspace(-1, 1, k) if k > 1 else [1.0], (k, 1))


def small_digit():
    """Return one of the handwritten digits that come with scikit-learn, (8, 8), 0 to 16."""
    from sklearn.datasets import load_digits

    return load_digits().images[2]


class ConvExplorer(Panel):
    """Point at a pixel of the output: which inputs its window sees, what each gives, and their sum.

    Parameters
    ----------
    image : array (H, W), optional
        By default a digit of 8 x 8 pixels.
    kernel : array (k, k), optional
        By default one that finds edges, of the size that the slider says.
    mode : str
        "convolution", "max pooling" or "average pooling".

    Attributes
    ----------
    mode, size, stride, pad, dilation : controls
    picker : PixelPicker
        The picture; its ``at`` is the output pixel.
    step : Button
        Go on to the next output pixel.
    look : WindowSum
        What is shown.

    Examples
    --------
    >>> explorer = ConvExplorer(np.arange(16).reshape(4, 4), [[1, 0], [0, -1]])
    >>> explorer.picker.at = [1, 2]
    >>> explorer.look.value, explorer.formulas[0]
    (-5.0, 'y[1, 2] = 6*1 + 7*0 + 10*0 + 11*(-1) = -5')
    >>> explorer.close()
    """

    def __init__(self, image=None, kernel=None, mode=MODES[0]):
        self.image = small_digit() if image is None else _plane(image)
        self.kernel = None if kernel is None else np.asarray(kernel, float)
        size = 3 if kernel is None else len(self.kernel)
        self.mode = ipywidgets.ToggleButtons(options=MODES)
        self.size = _slider("kernel", size, 1, max(7, size))
        self.stride, self.pad, self.dilation = _slider("stride", 1, 1), _slider("pad", 0, 0), _slider("dilation", 1, 1)
        self.step = ipywidgets.Button(description="next pixel", icon="step-forward")
        self.picker = PixelPicker()
        controls = (self.size, self.stride, self.pad, self.dilation)
        super().__init__(self.mode, ipywidgets.HBox([*controls, self.step]), self.picker)
        window_sum(self.image, self._weights(mode), mode)  # what cannot be is said at once
        self.mode.value = mode
        self._change()
        for control in (self.mode, *controls):
            self.on_change(control, self._change)
        self.on_change(self.picker, self._move, "at")
        self.on_click(self.step, self._next)

    def _weights(self, mode):
        """The kernel for the sum: given, or as large as the slider says."""
        given = mode == MODES[0] and self.kernel is not None
        self.size.disabled = given
        return self.kernel if given else edge_kernel(self.size.value) if mode == MODES[0] else self.size.value

    def _change(self):
        """Compute anew, draw anew."""
        mode = self.mode.value
        self.dilation.disabled = mode != MODES[0]
        settings = (control.value for control in (self.stride, self.pad, self.dilation))
        self.look = window_sum(self.image, self._weights(mode), mode, *settings, at=self.picker.at)
        self.backdrop = Backdrop(draw_unmarked(self.look))
        self._mark()

    def _move(self):
        """Another output pixel of the same image."""
        self.look = take_apart(self.look, self.picker.at)
        self._mark()

    def _mark(self):
        self.formulas = [sum_formula(self.look), *size_formula(self.look).splitlines()]
        figure = self.backdrop.figure
        picture = self.backdrop.under(mark(figure, self.look, self.formulas))
        self.picker.show(picture, figure.axes[-1], self.look.output.shape, self.formulas[0])

    def _next(self):
        rows, columns = self.look.output.shape
        where = (self.look.at[0] * columns + self.look.at[1] + 1) % (rows * columns)
        self.picker.at = list(divmod(where, columns))

    def show_static(self):
        """Return the figure of the output pixel chosen."""
        return draw_window_sum(self.look, self.formulas)


def _slider(name, value, least, most=4):
    return ipywidgets.IntSlider(value, least, most, description=name, layout={"width": "210px"})


def _plane(image):
    """An image as (H, W), its axes of length 1 before these left out."""
    image = np.asarray(image, float)
    if image.ndim < 2 or any(n != 1 for n in image.shape[:-2]):
        raise ShapeError(f"expected an image of one channel, (H, W) or (1, H, W), found {image.shape}")
    return image.reshape(image.shape[-2:])
