"""`cafe time`."""

import logging

import click

from cafe_edu.commands.group import (
    beside_bar,
    command,
    engine_option,
    json_option,
    logging_to,
    option,
    print_json,
    print_table,
    progress_option,
    shown,
    words,
)

log = logging.getLogger("cafe_edu")


@command()
@option("model", required=True, metavar="FILE", help="The net's prototxt.")
@option("phase", type=click.Choice(["TRAIN", "TEST"], case_sensitive=False), default="TRAIN", show_default=True)
@option("weights", metavar="FILE", help="A .caffemodel; without it the parameters are as their fillers make them.")
@option("iterations", default=50, show_default=True, help="How often each layer is run.")
@option("gpu", metavar="ID", help="Run on this GPU.")
@option("stage", default="", metavar="A[,B]", help="Stages of the net's state.")
@option("level", default=0, help="Level of the net's state.")
@engine_option()
@option("picture", metavar="FILE", help="Draw it, too: .png, .svg or .pdf.")
@json_option()
@progress_option()
def time(model, phase, weights, iterations, gpu, stage, level, engine, picture, as_json, progress):
    """Measure how long each layer takes, forward and back, and how much memory.

    Example: cafe time --model lenet.prototxt --iterations 10
    """
    from cafe_edu.device import choose_gpu
    from cafe_edu.net import Net
    from cafe_edu.profiling import profile

    if gpu is not None:
        choose_gpu(gpu)
    bar = shown(progress)
    with logging_to(), beside_bar(bar):
        device = "cpu" if gpu is None else "gpu"
        where = {"device": device, "engine": engine}
        net = Net(model, phase, weights=weights, level=level, stages=words(stage), **where)
        log.info("*** Benchmark begins ***")
        log.info("Testing for %d iterations.", iterations)
        with _progress(bar, iterations) as each:
            records = profile(net, iterations, each)
        _log(records)
    if picture:
        from cafe_edu.drawing.picture import save_picture

        save_picture(records.draw(), picture)
    if as_json:
        print_json(_as_json(net, records, iterations))
    else:
        print_table(records.rows(), left=2)


def _progress(bar, iterations):
    """A context that gives the function to call after each iteration."""
    import contextlib

    from tqdm.auto import tqdm

    @contextlib.contextmanager
    def counting():
        with tqdm(desc="timing", total=iterations, unit=" iterations", disable=not bar) as shown_bar:

            def each(number, milliseconds):
                log.info("Iteration: %d forward-backward time: %d ms.", number + 1, milliseconds)
                shown_bar.update()

            yield each

    return counting()


def _log(records):
    """Caffe's lines."""
    log.info("Average time per layer: ")
    for record in records:
        for way in ("forward", "backward"):
            log.info("%10s\t%s: %g ms.", record.name, way, record.mean(way))
    forward, backward = records.total("forward"), records.total("backward")
    rounds = len(records[0].forward)
    log.info("Average Forward pass: %g ms.", forward)
    log.info("Average Backward pass: %g ms.", backward)
    log.info("Average Forward-Backward: %g ms.", forward + backward)
    log.info("Total Time: %g ms.", rounds * (forward + backward))
    log.info("*** Benchmark ends ***")


def _as_json(net, records, iterations):
    forward, backward = records.total("forward"), records.total("backward")
    layers = [
        {
            "name": r.name,
            "type": r.type,
            "forward_ms": r.mean("forward"),
            "forward_median_ms": r.median("forward"),
            "backward_ms": r.mean("backward"),
            "backward_median_ms": r.median("backward"),
            "data_bytes": r.data_bytes,
            "diff_bytes": r.diff_bytes,
            "param_bytes": r.param_bytes,
        }
        for r in records
    ]
    return {
        "net": net.name,
        "phase": net.phase,
        "iterations": iterations,
        "forward_ms": forward,
        "backward_ms": backward,
        "total_ms": iterations * (forward + backward),
        "layers": layers,
    }


COMMANDS = [time]
