"""How soon each widget answers on LeNet: `python -m benchmarks.widget_times`.

A slider that is moved, a stroke on the pad, a button: from the change that the browser sends to the picture that is
ready to be sent back. The way to the browser and back is not in it. 150 ms is to hold on two idle cores.
"""

import itertools
import statistics
import time

import click
import numpy as np

TARGET = 150  # milliseconds

NET = """
layer { name: "digits" type: "MemoryData" top: "data" top: "label"
  memory_data_param { batch_size: 64 channels: 1 height: 28 width: 28 } }
"""


def lenet_solver():
    """LeNet learns the embedded digits from memory."""
    from cafe_edu import Solver, prototxt
    from cafe_edu.data.digits import read_digits
    from cafe_edu.demo import ZOO

    spec = prototxt.read_net(ZOO / "lenet" / "lenet_train_test.prototxt")
    layers = [layer for layer in spec.layer if layer.type not in ("Data", "Accuracy")]
    del spec.layer[:]
    spec.layer.extend([*prototxt.parse_net(NET).layer, *layers])
    how = "base_lr: 0.01 momentum: 0.9 lr_policy: 'fixed' max_iter: 100000 random_seed: 1"
    solver = Solver(how, net_param=spec)
    x, y, _, _ = read_digits()
    solver.net.layers[0].reset(x[:1408] / np.float32(256), y[:1408])
    return solver


def actions():
    """Yield widget, what is done, and a function that does it once more."""
    from cafe_edu import Net, widgets
    from cafe_edu.data.digits import read_digits
    from cafe_edu.demo import ZOO
    from cafe_edu.recording import record
    from cafe_edu.widgets.draw_digit import TWO
    from cafe_edu.widgets.pad import stroke
    from cafe_edu.widgets.xray_views import VIEWS

    def moving(control, values):
        """Set a control to each value in turn, again and again."""
        turn = itertools.cycle(values)
        return lambda: setattr(control, "value", next(turn))

    net = Net(ZOO / "lenet" / "lenet.prototxt", rng=0)
    _, _, x, y = read_digits()
    for layer in ("conv1", "conv2", "ip1"):
        for view in VIEWS:
            xray = widgets.NetXray(net, (x, y), layer=layer)
            xray.view.value = view
            yield "NetXray", f"{layer}, {view}, another unit", moving(xray.unit, range(20))
    for layer, view in itertools.product(("conv1", "conv2", "ip1"), ("statistics", "top images")):
        xray = widgets.NetXray(net, (x, y), layer=layer)
        xray.choose(view=view)
        yield "NetXray", f"{layer}, {view}, the first time", lambda xray=xray: (xray.seen.kept.forget(), xray.draw())
    xray = widgets.NetXray(net, (x, y))
    yield "NetXray", "another item", moving(xray.item, range(1, 300))
    yield "NetXray", "another layer", moving(xray.layers, ["conv2", "ip1", "conv1"])
    draw = widgets.DrawDigit(net)
    strokes = itertools.cycle([stroke(TWO[:n]).tobytes() for n in range(2, len(TWO) + 1)])
    yield "DrawDigit", "a stroke", lambda: setattr(draw.pad, "pixels", next(strokes))
    yield "DrawDigit", "another layer", moving(draw.choice, ["conv2", "ip1", "conv1"])
    gallery = widgets.LayerGallery()
    yield "LayerGallery", "another type", moving(gallery.choice, [*gallery.types[1:], gallery.types[0]])
    yield "LayerGallery", "another gain", moving(gallery.gain, [1, 2, 3, 4])
    explorer = widgets.ConvExplorer()
    places = itertools.cycle([[0, 0], [1, 1], [2, 2]])
    yield "ConvExplorer", "another pixel", lambda: setattr(explorer.picker, "at", next(places))
    yield "ConvExplorer", "another kernel", moving(explorer.size, [2, 3])
    solver = lenet_solver()
    travel = widgets.TimeTravel(record(solver, 40, every=5))
    yield "TimeTravel", "another iteration", moving(travel.slider, [5, 15, 25, 35, 40, 0])
    panel = widgets.TrainingPanel(solver)
    yield "TrainingPanel", "a step and its picture", panel.step.click
    playground = widgets.Playground2D()
    yield "Playground2D", "a step and its picture", playground.step.click
    race = widgets.OptimizerRace()
    yield "OptimizerRace", "another moment", moving(race.t, range(1, 90, 7))
    yield "OptimizerRace", "another surface", moving(race.surface, [*race.surface.options[1:], race.surface.options[0]])
    check = widgets.GradientCheck("InnerProduct")
    first, *others = check.gradient.options
    yield "GradientCheck", "another gradient", moving(check.gradient, [*others, first])
    memory = widgets.SyncedMemoryView()
    requests = itertools.cycle(memory.buttons.values())
    yield "SyncedMemoryView", "a request", lambda: next(requests).click()


def measure(action, rounds):
    """Milliseconds: the median by the clock, the median and the least of the process's own time."""
    action()
    clock, own = [], []
    for _ in range(rounds):
        start, busy = time.perf_counter(), time.process_time()
        action()
        clock.append(1000 * (time.perf_counter() - start))
        own.append(1000 * (time.process_time() - busy))
    return statistics.median(clock), statistics.median(own), min(own)


@click.command()
@click.option("--rounds", default=9, show_default=True)
def main(rounds):
    """Measure every widget's answers and print a table, in milliseconds."""
    click.echo(f"{'widget':17}{'what':39}{'median':>8}{'CPU':>7}{'least CPU':>11}")
    for widget, what, action in actions():
        found = measure(action, rounds)
        late = "" if found[0] <= TARGET else f"  over {TARGET}"
        click.echo(f"{widget:17}{what:39}{found[0]:8.0f}{found[1]:7.0f}{found[2]:11.0f}{late}")


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.widget_times")
