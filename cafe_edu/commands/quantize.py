"""`cafe quantize`."""

import logging

import click

from cafe_edu.commands.group import command, json_option, logging_to, option, print_json, words
from cafe_edu.errors import SpecError

log = logging.getLogger("cafe_edu")


@command()
@option("model", required=True, metavar="FILE", help="The net's prototxt, with its data layers.")
@option("weights", required=True, metavar="FILE", help="The .caffemodel.")
@option("output", required=True, metavar="FILE", help="Where the 8-bit net goes, an .npz.")
@option("calibrate", default=10, show_default=True, help="Batches to see how large the numbers are.")
@option("iterations", default=50, show_default=True, help="Batches after those, to compare the answers on.")
@option("ranges", type=click.Choice(["max", "percentile", "entropy"]), default="max", show_default=True,
        help="How the range of what a layer reads is chosen.")  # fmt: skip
@option("skip", default="", metavar="A[,B]", help="Layers that stay in float32.")
@option("picture", metavar="FILE", help="Draw the levels and how well layers are kept, to a .png, .svg or .pdf.")
@json_option()
def quantize(model, weights, output, calibrate, iterations, ranges, skip, picture, as_json):
    """Make a trained net compute in 8 bits, and say what that costs and saves.

    Example: cafe quantize --model lenet_train_test.prototxt --weights lenet_iter_500.caffemodel --output lenet_int8.npz
    """
    from cafe_edu import quantize as house
    from cafe_edu.net import Net

    for name, number in (("--calibrate", calibrate), ("--iterations", iterations)):
        if number < 1:
            raise SpecError(f"expected {name} of 1 or more, found {number}")
    if not output.endswith(".npz"):
        raise SpecError(f"expected an --output that ends in .npz, found {output}")
    with logging_to():
        net = Net(model, "TEST", weights=weights)
        if net.inputs:
            raise SpecError(
                f"{model}: expected a net that reads data by itself, found inputs {', '.join(net.inputs)}: give the "
                f"train_test prototxt, or use cafe_edu.quantize from Python"
            )
        log.info("Calibrating on %d batches.", calibrate)
        quantized = house.quantize(net, calibrate, ranges, words(skip))
        log.info("Comparing on %d batches.", iterations)
        report = quantized.report(iterations)
        quantized.save(output)
        log.info("Wrote %s", output)
        if picture:
            from cafe_edu.drawing import draw_quantization
            from cafe_edu.drawing.picture import save_picture

            save_picture(draw_quantization(quantized, report), picture)
            log.info("Wrote %s", picture)
    if as_json:
        print_json(_as_json(report))
    else:
        click.echo(str(report))


def _as_json(report):
    rows = [
        {"layer": row.name, "parts": row.parts, "bytes": row.before, "bytes_8_bit": row.after, "sqnr_db": row.sqnr}
        for row in report.rows
    ]
    accuracy = report.accuracy or (None, None)
    return {
        "bytes": report.before,
        "bytes_8_bit": report.after,
        "accuracy": accuracy[0],
        "accuracy_8_bit": accuracy[1],
        "agreement": report.agreement,
        "kept": report.kept,
        "layers": rows,
    }


COMMANDS = [quantize]
