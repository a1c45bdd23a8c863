"""Draw every figure of `cafe_edu.drawing` on a LeNet that learns for a moment, and write docs/gallery.md and .png:
`make gallery`.

To show another figure, add one line to ``FIGURES``: its title, and the line of code that draws it, in the names that
`lenet` returns. The function comes from `cafe_edu.drawing`.
"""

import dataclasses
import io
import logging
import pathlib
import tempfile

import numpy as np
from PIL import Image, ImageOps
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier

import cafe_edu.drawing
from cafe_edu import Net, Solver, insight
from cafe_edu.arrays.softmax import softmax
from cafe_edu.data import datasets
from cafe_edu.data.transformer import Transformer
from cafe_edu.demo import ZOO
from cafe_edu.drawing.picture import grid_of_axes, new_picture
from cafe_edu.files import replacing
from cafe_edu.log import log_to
from cafe_edu.proto.caffe_pb2 import TransformationParameter
from cafe_edu.quantize import quantize
from cafe_edu.tools.parse_log import parse_log

ROOT = pathlib.Path(__file__).parents[1]
COLUMNS, WIDTH, HEIGHT, DPI = 4, 2.8, 2.4, 150  # of the sheet: pictures in a row, inches of each, pixels of an inch
HEAD = """# The figures

Made by `make gallery` from [gallery.py](gallery.py), on a LeNet that learned the embedded digits for a moment; a
test holds this page against the script.

![all figures on one sheet](gallery.png)

In a notebook, `from cafe_edu.drawing import draw_filters` and the like; a figure that is the last thing in a cell is
shown. `save_picture(figure, "name.svg")` writes it. Here `net` is the TRAIN net after `forward` and `backward`,
`deploy` has the same weights and no labels, `solver` trained them, `before` is a snapshot of what it began with.

| | figure | the line that drew it | |
|---|---|---|---|
"""


@dataclasses.dataclass(frozen=True)
class Shown:
    """A figure of the gallery: its title, and the line of code that draws it."""

    title: str
    line: str

    @property
    def function(self):
        """The name of the function in `cafe_edu.drawing`."""
        return self.line.split("(")[0]

    def draw(self, names):
        """Run the line with some names and return the Figure."""
        return eval(self.line, {self.function: getattr(cafe_edu.drawing, self.function)}, dict(names))


FIGURES = [
    Shown("a net as a graph", "draw_graph(spec)"),
    Shown("what each layer costs, counted", "draw_costs(spec)"),
    Shown("what each layer costs, measured", "draw_profile(net.profile(3))"),
    Shown("images side by side", "draw_images(pixels)"),
    Shown("the classes of a data set", "draw_classes(pictures, labels)"),
    Shown("what a transformer makes of images", "draw_transformed(pixels, transformer)"),
    Shown("what a convolution looks for", "draw_filters(net, convolution)"),
    Shown("how weights are spread", "draw_weight_histograms(net)"),
    Shown("how large weights are", "draw_weight_norms(net)"),
    Shown("how far weights have moved", "draw_weight_change(net, before)"),
    Shown("feature maps", "draw_activations(deploy, convolution)"),
    Shown("how large activations are", "draw_activation_statistics(deploy)"),
    Shown("how activations are spread", "draw_activation_histograms(deploy)"),
    Shown("units that do nothing", "draw_dead_units(deploy, images)"),
    Shown("how gradients flow back", "draw_gradient_flow(net)"),
    Shown("how large the steps are", "draw_update_ratios(solver)"),
    Shown("how a training went", "draw_training(solver)"),
    Shown("several trainings", "draw_runs(runs)"),
    Shown("a quantity of several logs", 'draw_logs(logs, "Train loss vs. Iters")'),
    Shown("what the net says", "draw_answers(pictures[:16], answers[:16], labels[:16], sure[:16])"),
    Shown("what is taken for what", "draw_confusion(labels, answers)"),
    Shown("the hardest images", "draw_hardest(pictures, labels, probabilities)"),
    Shown("why this answer", "draw_why(deploy, image)"),
    Shown("where it looks", "draw_attribution(image, heat, 'Grad-CAM')"),
    Shown("what a unit sees", "draw_receptive_field(deploy, deepest, 2, 2, image)"),
    Shown("images that excite a unit", "draw_top_images(deploy, deepest, 0, images[:200])"),
    Shown("what it takes for the best of a class", "draw_class_models(deploy, range(5))"),
    Shown("a dream", "draw_dream(deploy, image, [convolution, deepest], octaves=1)"),
    Shown("an image made anew from a layer", "draw_inversion(deploy, image, [convolution, deepest])"),
    Shown("what it finds alike", "draw_embedding(features, labels[:200], 'tsne')"),
    Shown("nearest neighbours", "draw_neighbours(features, images[:200], 0)"),
    Shown("where which answer is given", "draw_decision_regions(nearest.predict, points, labels[:200])"),
    Shown("the loss around the weights", "draw_loss_surface(net, n=11)"),
    Shown("what 8 bits cost", "draw_quantization(quantized, quantized.report([images[:100]]))"),
]


def lenet(folder, iterations=100):
    """Return the names for ``FIGURES``: of a LeNet that learned the digits, at its own rate and at a third of it.

    Parameters
    ----------
    folder : path
        Where logs and weights go.
    iterations : int

    Returns
    -------
    dict of str -> object
    """
    folder, zoo, digits = pathlib.Path(folder), ZOO / "lenet", datasets.load("digits")
    solvers, logs = {}, {}
    for rate in (0.003, 0.01):
        solver = Solver(zoo / "lenet_solver.prototxt", base_lr=rate, test_interval=20, display=5)
        solver.net.save(folder / "before.caffemodel")
        solvers[f"base_lr {rate:g}"] = solver
        logs[f"base_lr {rate:g}"] = logged(solver, folder / f"{rate:g}.log", iterations)
    solver.net.save(folder / "now.caffemodel")
    net = Net(zoo / "lenet_train_test.prototxt", "TRAIN", weights=folder / "now.caffemodel")
    deploy = Net(zoo / "lenet.prototxt", weights=folder / "now.caffemodel")
    names = names_for(solver, net, deploy, digits.x_test / np.float32(256), digits.y_test)
    change = Transformer(TransformationParameter(crop_size=24, mirror=True), "TRAIN", np.random.default_rng(0))
    own = {"spec": zoo / "lenet_train_test.prototxt", "before": folder / "before.caffemodel", "logs": logs}
    own |= {"runs": solvers, "pixels": digits.x_test[:36], "pictures": digits.x_test, "transformer": change}
    return names | own


def logged(solver, path, iterations):
    """Let a solver learn, with its log in a file; return the log, parsed."""
    handler = log_to(path=path)
    try:
        solver.step(iterations)
    finally:
        logging.getLogger("cafe_edu").removeHandler(handler)
        handler.close()
    return parse_log(path)


def names_for(solver, net, deploy, images, labels):
    """Return the names for ``FIGURES`` that follow from some nets of one kind, and images with labels.

    Parameters
    ----------
    solver : Solver
        Right after a step.
    net : Net
        For training; it is run forward and back.
    deploy : Net
        With the same weights and one input; it is run forward.
    images, labels : array (N, C, H, W), (N,)
    """
    net.clear_param_diffs()
    net.forward()
    net.backward()
    (p,) = deploy.forward(**{deploy.inputs[0]: images}).values()
    probabilities = softmax(p.reshape(len(images), -1).astype(np.float64), axis=1) if p.max() > 1 else p
    kernels = [name for name, blobs in net.params.items() if len(blobs[0].shape) == 4]
    rows = insight.features(deploy, kernels[-1], images[:200])
    points = PCA(2, random_state=0).fit_transform(rows)
    return {
        "solver": solver, "net": net, "deploy": deploy, "images": images, "labels": labels,
        "probabilities": probabilities, "answers": probabilities.argmax(1), "sure": probabilities.max(1),
        "image": images[0], "heat": insight.grad_cam(deploy, images[0], int(probabilities[0].argmax())),
        "convolution": kernels[0], "deepest": kernels[-1], "features": rows, "points": points,
        "nearest": KNeighborsClassifier(5).fit(points, labels[:200]), "quantized": quantize(deploy, [images[:100]]),
    }  # fmt: skip


def sheet(figures):
    """Return all figures on one sheet, small, as a PNG of few colours: bytes.

    Parameters
    ----------
    figures : list of (str, Figure)
        Titles and figures.
    """
    picture = new_picture(COLUMNS * WIDTH, -(-len(figures) // COLUMNS) * HEIGHT, dpi=DPI)
    every = grid_of_axes(picture, len(figures), COLUMNS)
    box = round(WIDTH * DPI), round((HEIGHT - 0.3) * DPI)
    for number, (axes, (title, figure)) in enumerate(zip(every, figures, strict=True), 1):
        pixels = Image.open(io.BytesIO(figure._repr_png_())).convert("RGB")
        axes.imshow(ImageOps.pad(pixels, box, color="white"), interpolation="antialiased")
        axes.set_title(f"{number}  {title}", fontsize=8)
        axes.set_axis_off()
    data, drawn = io.BytesIO(), Image.open(io.BytesIO(picture._repr_png_())).convert("RGB")
    drawn.quantize(256, dither=Image.Dither.NONE).save(data, "PNG", optimize=True)
    return data.getvalue()


def document():
    """The text of docs/gallery.md."""
    rows = []
    for number, shown in enumerate(FIGURES, 1):
        module = getattr(cafe_edu.drawing, shown.function).__module__.replace(".", "/")
        rows.append(f"| {number} | {shown.title} | `{shown.line}` | [source](../{module}.py) |")
    return HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        names = lenet(folder)
        png = sheet([(shown.title, shown.draw(names)) for shown in FIGURES])
    with replacing(ROOT / "docs" / "gallery.png") as new:
        new.write_bytes(png)
    with replacing(ROOT / "docs" / "gallery.md") as new:
        new.write_text(document(), encoding="utf-8", newline="\n")
    print("docs/gallery.md and docs/gallery.png are written")
