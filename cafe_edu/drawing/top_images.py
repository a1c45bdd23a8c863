"""What excites a unit: the images it likes best."""

import numpy as np

from cafe_edu.drawing.picture import new_picture
from cafe_edu.drawing.pixels import as_pixels, show_pixels
from cafe_edu.drawing.receptive_field import frame
from cafe_edu.insight.top_images import top_images


def draw_top_images(net, layer, unit, images, n=9, mean=None, names=None, largest=None, figure=None):
    """Draw the images that excite a unit most, with a frame around what it sees there, and below each that part alone.

    Parameters
    ----------
    net : Net
    layer : str
        Name of a layer or a blob.
    unit : int
        One of its channels.
    images : array (N, C, H, W)
        As the net sees them; C is 1 or 3.
    n : int
    mean : float or sequence, optional
        What was taken off the images' channels.
    names : sequence of N str, optional
        What each image is called; by default its number.
    largest : (array (N, C), array (N, C)), optional
        As in `cafe_edu.insight.top_images`: what is known already.
    figure : Figure or SubFigure, optional

    Returns
    -------
    Figure
    """
    top = top_images(net, layer, unit, images, n, largest=largest)
    columns = len(top.indexes)
    figure = figure or new_picture(max(4, 1.25 * columns), 3.4)
    figure.suptitle(f"what excites unit {unit} of {layer} most")
    axes = figure.subplots(2, columns, squeeze=False)
    for k, (i, value, box) in enumerate(zip(top.indexes, top.values, top.boxes, strict=True)):
        image = np.asarray(images[i])
        show_pixels(axes[0, k], image, f"{i if names is None else names[i]}\n{value:.3g}", mean)
        axes[0, k].add_patch(frame(box))
        part = as_pixels(image, mean)[box.top : box.bottom, box.left : box.right]  # as bright as in its image
        axes[1, k].imshow(part, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        axes[1, k].set_axis_off()
    return figure
