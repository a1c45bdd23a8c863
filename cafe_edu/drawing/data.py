"""What a net is given: the classes of a data set, and what a transformer makes of its images."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from cafe_edu.drawing.mosaic import displayed
from cafe_edu.drawing.picture import BLUE, new_picture
from cafe_edu.errors import ShapeError
from cafe_edu.measures.classes import class_means


def draw_classes(images, labels, names=None, samples=8, most=20, rgb=False, figure=None):
    """Draw a row for each class: its mean image, some of its images, and how many there are.

    Parameters
    ----------
    images : array (N, H, W), (N, 1, H, W) or (N, 3, H, W)
    labels : sequence of N
    names : sequence of str, optional
        Of the classes; by default their numbers.
    samples : int
        Images in a row, the first ones of the class.
    most : int
        Of more classes the first so many are drawn.
    rgb : bool
        Three channels are red, green, blue; else blue, green, red, as Caffe keeps them.
    figure : Figure or SubFigure, optional

    Returns
    -------
    Figure
    """
    images = np.asarray(images)
    classes, counts, means = class_means(images, labels)
    shown = min(len(classes), most)
    limits = float(images.min()), float(images.max())
    figure = figure or new_picture(0.62 * (samples + 1) + 4.2, 0.62 * shown + 0.9)
    pictures, bars = figure.subfigures(1, 2, width_ratios=[samples + 1.8, 4.2])
    grid = pictures.subplots(shown, samples + 1, squeeze=False)
    labels = np.asarray(labels).ravel()
    for row, k, mean in zip(grid, classes, means, strict=False):
        some, limits_shown = displayed(np.concatenate([mean[None], images[labels == k][:samples]]), limits, rgb)
        for axes in row:
            axes.set_xticks([])
            axes.set_yticks([])
            axes.set_frame_on(False)
        for axes, image in zip(row, some, strict=False):
            axes.imshow(image, cmap="gray", vmin=limits_shown[0], vmax=limits_shown[1], interpolation="nearest")
        row[0].set_ylabel(_name(k, names), rotation=0, ha="right", va="center", fontsize=9)
    grid[0, 0].set_title("mean", fontsize=9)
    grid[0, min(1, samples)].set_title("images", fontsize=9, loc="left")
    axes = bars.subplots()
    axes.barh(range(shown), counts[:shown], color=BLUE)
    axes.bar_label(axes.containers[0], fmt="{:,.0f}", fontsize=8, padding=2)
    axes.set_yticks(range(shown), [_name(k, names) for k in classes[:shown]], fontsize=8)
    axes.set_ylim(shown - 0.5, -0.5)
    axes.margins(x=0.15)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_title(f"number of images: {len(images):,}", fontsize=10)
    figure.suptitle(f"classes: {len(classes):,}" + (f", the first {most}" if shown < len(classes) else ""))
    return figure


def draw_transformed(images, transformer, draws=4, first=4, rgb=False, figure=None):
    """Draw images before a transformer and, beside each, what some calls of it make of them.

    Parameters
    ----------
    images : array (N, C, H, W)
        As they are stored, 1 or 3 channels.
    transformer : Transformer
        Its chance goes on with each call.
    draws : int
        How often each image is transformed.
    first : int
        How many images are drawn.
    rgb : bool
        Three channels are red, green, blue; else blue, green, red, as Caffe keeps them.
    figure : Figure or SubFigure, optional

    Returns
    -------
    Figure
    """
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[1] not in (1, 3) or not len(images):
        raise ShapeError(f"expected images (N, 1, H, W) or (N, 3, H, W), at least one; found {images.shape}")
    images = images[:first]
    results = np.stack([np.stack([transformer(image) for _ in range(draws)]) for image in images])
    figure = figure or new_picture(1.25 * (draws + 1) + 0.4, 1.3 * len(images) + 0.9)
    grid = figure.subplots(len(images), draws + 1, squeeze=False)
    limits = float(results.min()), float(results.max())
    for row, image, made in zip(grid, images, results, strict=True):
        before, after = displayed(image[None], rgb=rgb), displayed(made, limits, rgb)
        for axes, some, (low, high) in zip(row, [*before[0], *after[0]], [before[1]] + [after[1]] * draws, strict=True):
            axes.imshow(some, cmap="gray", vmin=low, vmax=high, interpolation="nearest")
            axes.set_axis_off()
    grid[0, 0].set_title(f"before\n{_range(images)}", fontsize=9)
    grid[0, 1].set_title(f"after\n{_range(results[:, 0])}", fontsize=9)
    figure.suptitle(f"transformed ({transformer.phase})")
    return figure


def _range(images):
    size = " x ".join(map(str, images.shape[1:]))
    return f"{size}\n{images.min():.3g} to {images.max():.3g}"


def _name(k, names):
    return str(k) if names is None else str(names[k])
