"""`cafe predict`."""

import click

from cafe_edu.commands.group import command, json_option, option, print_json


@command()
@option("model", required=True, metavar="FILE", help="The net's prototxt for use, with an Input layer.")
@option("weights", required=True, metavar="FILE", help="The .caffemodel.")
@click.option("--labels", metavar="FILE", help="Names of the classes, one a line.")
@click.option("--top", default=3, show_default=True, help="Answers shown for each image.")
@click.option("--scale", default=1 / 256, show_default="1/256", help="Pixels (0 to 255) are multiplied by this.")
@click.option("--mean", metavar="B,G,R", help="Taken away from each channel before scaling.")
@click.option("--invert", is_flag=True, help="Dark on light becomes light on dark, as in MNIST.")
@json_option()
@click.argument("images", nargs=-1, required=True)
def predict(model, weights, labels, top, scale, mean, invert, as_json, images):
    """Say what images show.

    Example: cafe predict --model lenet.prototxt --weights lenet_iter_500.caffemodel --invert five.png
    """
    from cafe_edu.predict import predict_files

    answers = predict_files(model, weights, images, labels, top, scale, mean, invert)
    if as_json:
        print_json(answers)
        return
    for answer in answers:
        said = ", ".join(f"{a['label']} ({100 * a['probability']:.1f} %)" for a in answer["answers"])
        click.echo(f"{answer['image']}: {said}")


COMMANDS = [predict]
