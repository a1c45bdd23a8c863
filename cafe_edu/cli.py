"""The `cafe` command: train, test, predict, fetch, doctor, demo, lab."""

import contextlib
import json as json_format
import logging
import pathlib
import signal
import sys

import click

from cafe_edu.errors import CafeError, DataError, SpecError
from cafe_edu.log import log_to


class Commands(click.Group):
    """A group of commands in which bad input ends as one clear line and exit status 2."""

    def invoke(self, context):
        try:
            return super().invoke(context)
        except CafeError as error:
            message = error.one_line()
        except OSError as error:
            if not error.filename:
                raise
            message = f"{error.strerror}: {error.filename}"
        click.echo(f"cafe: {message}", err=True)
        context.exit(2)


def option(name, *more, **settings):
    """A click option that also answers to Caffe's single dash: --solver and -solver."""
    return click.option(f"--{name}", f"-{name}", *more, **settings)


@click.group(cls=Commands, context_settings={"help_option_names": ["--help", "-h"]})
@click.version_option(package_name="cafe_edu")
def main():
    """cafe_edu on the command line. Each command's --help has an example."""


@main.command()
@option("solver", required=True, metavar="FILE", help="The solver's prototxt.")
@option("snapshot", metavar="STATE", help="Go on from this .solverstate.")
@option("weights", metavar="A[,B]", help="Start from the parameters of these .caffemodel files, by layer name.")
@option("stage", default="", metavar="A[,B]", help="Stages of the net's state.")
@option("level", default=0, help="Level of the net's state.")
@option("sigint_effect", type=click.Choice(["stop", "snapshot", "none"]), default="stop", show_default=True,
        help="What Ctrl-C does; 'stop' writes a snapshot first.")  # fmt: skip
@option("sighup_effect", type=click.Choice(["stop", "snapshot", "none"]), default="snapshot", show_default=True,
        help="What a hangup does.")  # fmt: skip
@click.option("--exact-resume", is_flag=True, help="With snapshots, keep where data and chance stand, so that going on "
              "from one gives, bit for bit, the training that was never stopped. Not in Caffe.")  # fmt: skip
@click.option("--log", "log_file", metavar="FILE", help="Write the log to this file too.")
@click.option("--progress/--no-progress", default=None, help="A progress bar; by default on a terminal.")
def train(solver, snapshot, weights, stage, level, sigint_effect, sighup_effect, exact_resume, log_file, progress):
    """Train a net, or go on training it.

    Example: cafe train --solver lenet_solver.prototxt
    """
    from cafe_edu.prototxt import read_solver
    from cafe_edu.solver import Solver

    if snapshot and weights:
        raise SpecError("expected --snapshot to go on or --weights to start from, found both")
    with _logging(log_file):
        changes = {"weights": []} if snapshot else {"weights": weights.split(",")} if weights else {}
        if level or stage:  # beside what the file says of the state
            state = changes["train_state"] = read_solver(solver).train_state
            state.stage.extend(_words(stage))
            if level:
                state.level = level
        if exact_resume:
            changes["exact_resume"] = True
        job = Solver(solver, **changes)
        progress = sys.stderr.isatty() if progress is None else progress
        with _answering(job, sigint_effect, sighup_effect), _beside_bar(progress):
            job.solve(resume=snapshot, progress=progress)


@contextlib.contextmanager
def _logging(path=None):
    handlers = [log_to()] + ([log_to(path=path)] if path else [])
    try:
        yield
    finally:
        for handler in handlers:
            logging.getLogger("cafe_edu").removeHandler(handler)
            handler.close()


@contextlib.contextmanager
def _beside_bar(progress):
    """Let log lines and progress bar share the screen."""
    if not progress:
        yield
        return
    from tqdm.contrib.logging import logging_redirect_tqdm

    with logging_redirect_tqdm([logging.getLogger("cafe_edu")]):
        yield


@contextlib.contextmanager
def _answering(solver, sigint, sighup):
    """Turn signals into requests that the solver answers after the iteration it is in."""

    def answer(effect):
        def handle(number, frame):
            if effect == "stop" and solver.stopping:
                raise KeyboardInterrupt  # asked twice: at once
            solver.stopping |= effect == "stop"
            solver.snapshot_wanted |= effect == "snapshot"

        return handle

    effects = {signal.SIGINT: sigint}
    if hasattr(signal, "SIGHUP"):
        effects[signal.SIGHUP] = sighup
    before = {number: signal.signal(number, answer(effect)) for number, effect in effects.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _words(text):
    """Split "a,b" at its commas."""
    return [word for word in text.split(",") if word]


def _log_batch(number, outputs):
    for name, values in outputs.items():
        for value in values.ravel():
            logging.getLogger("cafe_edu").info("Batch %d, %s = %g", number, name, value)


@main.command()
@option("model", required=True, metavar="FILE", help="The net's prototxt, with its data layers.")
@option("weights", required=True, metavar="FILE", help="The .caffemodel.")
@option("iterations", default=50, show_default=True, help="Batches to run.")
@option("stage", default="", metavar="A[,B]", help="Stages of the net's state.")
@option("level", default=0, help="Level of the net's state.")
@click.option("--json", is_flag=True, help="Print the means as JSON on standard output.")
def test(model, weights, iterations, stage, level, json):
    """Score a trained net on its test data.

    Example: cafe test --model lenet_train_test.prototxt --weights lenet_iter_500.caffemodel --iterations 6
    """
    from cafe_edu.net import Net
    from cafe_edu.score import log_outputs, score

    if iterations < 1:
        raise SpecError(f"expected --iterations of 1 or more, found {iterations}")
    with _logging():
        net = Net(model, "TEST", weights=weights, level=level, stages=_words(stage))
        means, loss = score(net, iterations, each=_log_batch)
        logging.getLogger("cafe_edu").info("Loss: %g", loss)
        log_outputs(net, means)
    if json:
        click.echo(json_format.dumps({"loss": loss} | {name: values.tolist() for name, values in means.items()}))


@main.command()
@option("model", required=True, metavar="FILE", help="The net's prototxt for use, with an Input layer.")
@option("weights", required=True, metavar="FILE", help="The .caffemodel.")
@click.option("--labels", metavar="FILE", help="Names of the classes, one a line.")
@click.option("--top", default=3, show_default=True, help="Answers shown for each image.")
@click.option("--scale", default=1 / 256, show_default="1/256", help="Pixels (0 to 255) are multiplied by this.")
@click.option("--mean", metavar="B,G,R", help="Taken away from each channel before scaling.")
@click.option("--invert", is_flag=True, help="Dark on light becomes light on dark, as in MNIST.")
@click.option("--json", is_flag=True, help="Print JSON.")
@click.argument("images", nargs=-1, required=True)
def predict(model, weights, labels, top, scale, mean, invert, json, images):
    """Say what images show.

    Example: cafe predict --model lenet.prototxt --weights lenet_iter_500.caffemodel --invert five.png
    """
    from cafe_edu.predict import predict_files

    answers = predict_files(model, weights, images, labels, top, scale, mean, invert)
    if json:
        click.echo(json_format.dumps(answers))
        return
    for answer in answers:
        said = ", ".join(f"{a['label']} ({100 * a['probability']:.1f} %)" for a in answer["answers"])
        click.echo(f"{answer['image']}: {said}")


@main.command()
@click.argument("name", type=click.Choice(["mnist"]))
@click.option("--progress/--no-progress", default=True, help="A progress bar.")
def fetch(name, progress):
    """Download a data set, checked against its checksums; what is there already is kept.

    Example: cafe fetch mnist
    """
    from cafe_edu.data import datasets

    folder = datasets.fetch(name, progress=progress)
    click.echo(f"{name} is in {folder or datasets.data_home() / name}")


@main.command()
@click.argument("old", metavar="IN")
@click.argument("new", metavar="OUT")
def upgrade_net(old, new):
    """Write a net of Caffe's first years as it is written today; text, or a .caffemodel with its weights.

    Example: cafe upgrade-net lenet_2013.prototxt lenet.prototxt
    """
    from cafe_edu import caffemodel, legacy, prototxt

    try:
        net = prototxt.read_net(old)
    except SpecError as not_text:
        try:
            weights = caffemodel.read_weights(old)
        except CafeError:
            raise not_text from None
        caffemodel.write_weights(new, legacy.upgrade_net(caffemodel.read_model_spec(old)), weights)
    else:
        prototxt.write(legacy.upgrade_net(net), new)
    click.echo(f"{new} is {old}, as it is written today")


@main.command()
@click.argument("old", metavar="IN")
@click.argument("new", metavar="OUT")
def upgrade_solver(old, new):
    """Write a solver of Caffe's first years as it is written today.

    Example: cafe upgrade-solver old_solver.prototxt solver.prototxt
    """
    from cafe_edu import legacy, prototxt

    prototxt.write(legacy.upgrade_solver(prototxt.read_solver(old)), new)
    click.echo(f"{new} is {old}, as it is written today")


@main.command()
@click.option("--json", is_flag=True, help="Print JSON.")
def doctor(json):
    """Say what this machine has for cafe_edu.

    Example: cafe doctor
    """
    from cafe_edu.device import doctor as examine

    facts = examine()
    if json:
        click.echo(json_format.dumps(dict(facts)))
        return
    width = max(len(topic) for topic, _ in facts)
    for topic, finding in facts:
        click.echo(f"{topic.ljust(width)}  {finding}")


@main.command()
@click.option("--out", default="my_work/demo", show_default=True, metavar="FOLDER", help="Where the results go.")
@click.option("--data", type=click.Choice(["digits", "mnist", "handwriting"]), default="digits", show_default=True,
              help="handwriting: mnist if it is at hand, else digits.")  # fmt: skip
@click.option("--progress/--no-progress", default=True, help="A progress bar.")
def demo(out, data, progress):
    """Train LeNet on handwritten digits and draw what it learned.

    Example: cafe demo
    """
    from cafe_edu.data import datasets
    from cafe_edu.demo import demo as run

    click.echo(f"LeNet learns to read: {datasets.load(data)}")
    found = run(out, data, progress)
    rate = found["images"] / found["seconds"]
    click.echo(f"Right on {100 * found['accuracy']:.1f} % of the test digits after {found['seconds']:.0f} s "
               f"({rate:.0f} images/s).\n")  # fmt: skip
    for what, text in {
        "picture": "look at this first",
        "model": "what it learned",
        "state": "to go on training: cafe train --snapshot",
        "log": "how it went, in Caffe's format",
    }.items():
        click.echo(f"  {found[what]}  ({text})")
    click.echo("\nNext: `make lab` opens the lessons; day 6 does all this step by step.")


@main.command()
def lab():
    """Open the lessons in JupyterLab, on a working copy in my_work/.

    Example: cafe lab
    """
    from cafe_edu.course.workspace import open_lab

    root = pathlib.Path(__file__).parent.parent
    if not (root / "lessons").is_dir():
        raise DataError("the lessons come with the repository, not with the package: clone it and type `make lab`")
    open_lab(root)


if __name__ == "__main__":
    main(prog_name="cafe")
