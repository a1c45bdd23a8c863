"""`cafe convert-imageset`, `cafe compute-image-mean`, `cafe extract-features`."""

import logging

import click

from cafe_edu.commands.group import (
    beside_bar,
    command,
    json_option,
    logging_to,
    option,
    print_json,
    progress_option,
    shown,
    words,
)

log = logging.getLogger("cafe_edu")
BACKENDS = click.Choice(["lmdb", "leveldb"], case_sensitive=False)


@command()
@option("gray", is_flag=True, help="Images of one channel.")
@option("shuffle", is_flag=True, help="Change the order of the list by chance.")
@option("backend", type=BACKENDS, default="lmdb", show_default=True, help="The kind of database.")
@option("resize_width", default=0, metavar="W", help="Width that all images get.")
@option("resize_height", default=0, metavar="H", help="Height that all images get.")
@option("check_size", is_flag=True, help="Insist that all images have the size of the first.")
@option("encoded", is_flag=True, help="Keep image files instead of pixels.")
@option("encode_type", default="", metavar="png|jpg", help="Their kind; by default that of each file.")
@click.option("--seed", type=int, help="Seed of the shuffling.")
@progress_option()
@click.argument("root", metavar="ROOTFOLDER/")
@click.argument("listfile", metavar="LISTFILE")
@click.argument("database", metavar="DB_NAME")
def convert_imageset(root, listfile, database, progress, **options):
    """Write the images of a list, lines of NAME LABEL, to a database.

    Example: cafe convert-imageset --gray --resize_width 28 --resize_height 28 photos/ list.txt photos_lmdb
    """
    from cafe_edu.tools.convert_imageset import convert_imageset

    bar = shown(progress)
    with logging_to(), beside_bar(bar):
        found = convert_imageset(root, listfile, database, progress=bar, **options)
    left_out = f"; {len(found['left_out'])} could not be read, see the log" if found["left_out"] else ""
    click.echo(f"{database} holds {found['images']} images{left_out}")


@command()
@option("backend", type=BACKENDS, default="lmdb", show_default=True, help="The kind of database.")
@json_option()
@progress_option()
@click.argument("database", metavar="INPUT_DB")
@click.argument("output", metavar="[OUTPUT_FILE]", required=False)
def compute_image_mean(database, output, backend, as_json, progress):
    """Compute the mean image of a database, and write it as a .binaryproto.

    Example: cafe compute-image-mean photos_lmdb mean.binaryproto
    """
    from cafe_edu.tools.image_mean import compute_image_mean, write_mean

    bar = shown(progress)
    with logging_to(), beside_bar(bar):
        mean = compute_image_mean(database, backend, progress=bar)
        if output:
            log.info("Write to %s", output)
            write_mean(output, mean)
        values = [float(channel.mean(dtype=float)) for channel in mean]
        log.info("Number of channels: %d", len(values))
        for number, value in enumerate(values):
            log.info("mean_value channel [%d]: %g", number, value)
    if as_json:
        print_json({"shape": list(mean.shape), "mean_value": values, "file": output})


@command()
@progress_option()
@click.argument("weights", metavar="WEIGHTS")
@click.argument("model", metavar="PROTOTXT")
@click.argument("blobs", metavar="BLOB[,BLOB]")
@click.argument("databases", metavar="DB[,DB]")
@click.argument("batches", metavar="N_BATCHES", type=int)
@click.argument("backend", metavar="BACKEND", type=BACKENDS)
@click.argument("mode", metavar="[CPU|GPU]", type=click.Choice(["CPU", "GPU"], case_sensitive=False), default="CPU")
@click.argument("device_id", metavar="[DEVICE_ID]", type=int, default=0)
def extract_features(weights, model, blobs, databases, batches, backend, mode, device_id, progress):
    """Run a trained net on its data and write some of its blobs to databases.

    Example: cafe extract-features lenet_iter_500.caffemodel lenet_train_test.prototxt ip1 ip1_lmdb 2 lmdb
    """
    from cafe_edu.device import choose_gpu
    from cafe_edu.tools.extract_features import extract_features

    if mode == "GPU":
        choose_gpu(device_id)
    bar = shown(progress)
    with logging_to(), beside_bar(bar):
        counts = extract_features(
            weights, model, words(blobs), words(databases), batches, backend, mode.lower(), progress=bar
        )
    for path, (name, count) in zip(words(databases), counts.items(), strict=True):
        click.echo(f"{path} holds {name} of {count} items")


COMMANDS = [convert_imageset, compute_image_mean, extract_features]
