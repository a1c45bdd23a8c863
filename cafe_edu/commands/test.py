"""`cafe test`."""

import logging

from cafe_edu.commands.group import command, engine_option, json_option, logging_to, option, print_json, words
from cafe_edu.errors import SpecError

log = logging.getLogger("cafe_edu")


@command()
@option("model", required=True, metavar="FILE", help="The net's prototxt, with its data layers.")
@option("weights", required=True, metavar="FILE", help="The .caffemodel.")
@option("iterations", default=50, show_default=True, help="Batches to run.")
@option("gpu", metavar="ID", help="Run on this GPU.")
@option("stage", default="", metavar="A[,B]", help="Stages of the net's state.")
@option("level", default=0, help="Level of the net's state.")
@engine_option()
@json_option()
def test(model, weights, iterations, gpu, stage, level, engine, as_json):
    """Score a trained net on its test data.

    Example: cafe test --model lenet_train_test.prototxt --weights lenet_iter_500.caffemodel --iterations 6
    """
    from cafe_edu.device import choose_gpu
    from cafe_edu.net import Net
    from cafe_edu.score import log_outputs, score

    if iterations < 1:
        raise SpecError(f"expected --iterations of 1 or more, found {iterations}")
    if gpu is not None:
        choose_gpu(gpu)
    with logging_to():
        where = {"device": "cpu" if gpu is None else "gpu", "engine": engine, "keep": "outputs"}
        net = Net(model, "TEST", weights=weights, level=level, stages=words(stage), **where)
        means, loss = score(net, iterations, each=_log_batch)
        log.info("Loss: %g", loss)
        log_outputs(net, means)
    if as_json:
        print_json({"loss": loss} | {name: values.tolist() for name, values in means.items()})


def _log_batch(number, outputs):
    for name, values in outputs.items():
        for value in values.ravel():
            log.info("Batch %d, %s = %g", number, name, value)


COMMANDS = [test]
