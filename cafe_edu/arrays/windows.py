"""Windows that slide over an image: where they stand, and how convolution and pooling look through them."""

import dataclasses
import itertools

from cafe_edu.errors import ShapeError, SpecError


@dataclasses.dataclass(frozen=True)
class Window:
    """A window over D spatial axes; every field is a tuple of D numbers.

    Attributes
    ----------
    kernel : inputs it looks at, per axis
    stride : steps between neighbours
    pad : zeros put before and after the image
    dilation : distance between the inputs it looks at (1: side by side)
    """

    kernel: tuple
    stride: tuple
    pad: tuple
    dilation: tuple

    @classmethod
    def square(cls, kernel, stride=1, pad=0, dilation=1, axes=2):
        """The same numbers on every axis.

        >>> Window.square(5).kernel
        (5, 5)
        """
        return cls((kernel,) * axes, (stride,) * axes, (pad,) * axes, (dilation,) * axes)

    @property
    def extent(self):
        """Length from the first to the last input seen, per axis: d(k - 1) + 1."""
        return tuple(d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilation, strict=True))

    def conv_size(self, size):
        r"""Number of windows per axis that fit wholly: :math:`\lfloor (n + 2p - d(k-1) - 1)/s \rfloor + 1`.

        >>> Window.square(5).conv_size((28, 28))
        (24, 24)
        """
        rooms = [n + 2 * p - e for n, p, e in zip(size, self.pad, self.extent, strict=True)]
        if min(rooms, default=0) < 0:
            raise ShapeError(
                f"expected an image of at least the kernel's extent {self.extent} (pad {self.pad} counted), "
                f"found {tuple(size)}"
            )
        return tuple(room // s + 1 for room, s in zip(rooms, self.stride, strict=True))

    def deconv_size(self, size):
        r"""Length per axis of the image that ``size`` windows make: :math:`s(n - 1) + d(k-1) + 1 - 2p`.

        >>> Window.square(4, stride=2, pad=1).deconv_size((8, 5))
        (16, 10)
        """
        axes = zip(size, self.stride, self.extent, self.pad, strict=True)
        out = tuple(s * (n - 1) + e - 2 * p for n, s, e, p in axes)
        if min((*size, *out), default=1) < 1:
            raise ShapeError(
                f"expected inputs that make an image larger than the pad {self.pad} taken off on both sides, "
                f"found {tuple(size)}, which make {out}"
            )
        return out


def shifts(size, out, window):
    """Yield, for each place in the kernel, which inputs the outputs see there.

    A convolution or a pooling is k x k whole-image operations, one for each place in the kernel. This
    is the loop over those places.

    Parameters
    ----------
    size, out : tuple of int
        Lengths of the input's and the output's spatial axes.
    window : Window

    Yields
    ------
    place : tuple of int
        Index into the kernel.
    seen : tuple of slice
        The outputs that see an input there; the others see padding.
    source : tuple of slice
        Those inputs, one for each output in ``seen``.

    Examples
    --------
    One axis of 4 inputs, kernel 3, pad 1: at place 0 output 0 sees padding.

    >>> for step in shifts((4,), (4,), Window.square(3, pad=1, axes=1)):
    ...     print(*step)
    (0,) (slice(1, 4, None),) (slice(0, 3, 1),)
    (1,) (slice(0, 4, None),) (slice(0, 4, 1),)
    (2,) (slice(0, 3, None),) (slice(1, 4, 1),)
    """
    for place in itertools.product(*map(range, window.kernel)):
        axes = zip(size, out, place, window.stride, window.pad, window.dilation, strict=True)
        pairs = [_overlap(*axis) for axis in axes]
        if all(seen.start < seen.stop for seen, _ in pairs):
            yield place, tuple(seen for seen, _ in pairs), tuple(source for _, source in pairs)


def _overlap(n, out, place, s, p, d):
    first = place * d - p  # output o sees input first + o s
    low = max(0, -(first // s))  # the first output whose input is >= 0
    high = max(low, min(out, (n - 1 - first) // s + 1))  # one past the last whose input is < n
    begin = first + low * s
    return slice(low, high), slice(begin, begin + (high - low - 1) * s + 1, s)


def window_of(options, axes):
    """Return the ``Window`` that a ConvolutionParameter describes, for ``axes`` spatial axes.

    Raises
    ------
    SpecError
        For a missing kernel (unless there is no axis to lay it along), a field given in both forms, or the wrong
        number of values.
    """
    window = Window(
        _numbers(options, "kernel_size", ("kernel_h", "kernel_w"), None, axes),
        _numbers(options, "stride", ("stride_h", "stride_w"), 1, axes),
        _numbers(options, "pad", ("pad_h", "pad_w"), 0, axes),
        _numbers(options, "dilation", (), 1, axes),
    )
    if min((*window.kernel, *window.stride, *window.dilation), default=1) < 1:
        raise SpecError(
            f"expected kernel_size, stride and dilation of 1 or more, "
            f"found {window.kernel}, {window.stride} and {window.dilation}"
        )
    return window


def _numbers(options, name, by_axis, default, axes):
    """One number for each spatial axis, from ``name`` (repeated) or its _h and _w forms."""
    values = tuple(getattr(options, name))
    if any(options.HasField(other) for other in by_axis):
        if values or axes != 2:
            why = "both are set" if values else f"there are {axes} spatial axes"
            raise SpecError(f"`{by_axis[0]}` and `{by_axis[1]}` stand for `{name}` on images; here {why}")
        values = tuple(getattr(options, other) for other in by_axis)
    if not values:
        if default is None and axes:
            raise SpecError(f"`{name}` is needed in `convolution_param` and is not set")
        values = (default,)
    if len(values) not in (1, axes):
        raise SpecError(f"expected 1 value of `{name}`, or {axes} (one per spatial axis), found {values}")
    return values * axes if len(values) == 1 else values
