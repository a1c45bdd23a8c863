"""What was measured, as a picture."""

from benchmarks import targets
from cafe_edu.drawing.picture import BLUE, GREEN, ORANGE, RED, new_picture


def draw(found):
    """Return a figure of the contents of latest.json, a panel for each thing that is there; None if nothing is."""
    nets = {name: part for name, part in found.items() if name in targets.NETS}
    panels = [(draw_nets, nets)] * bool(nets)
    panels += [(panel, found[name]) for name, panel in (("batch", draw_batch), ("depth", draw_depth)) if name in found]
    if not panels:
        return None
    figure = new_picture(4.5 * len(panels) + 1.5, 4.5)
    widths = [1.5 if panel is draw_nets else 1 for panel, _ in panels]
    (row,) = figure.subplots(1, len(panels), squeeze=False, width_ratios=widths)
    for axes, (panel, part) in zip(row, panels, strict=True):
        panel(axes, part)
    return figure


def draw_nets(axes, nets):
    """Bars: our time over PyTorch's and over the floor; dots: the best and the worst round; red: what is to hold."""
    kinds = [("torch", "ratio", BLUE, "PyTorch"), ("floor", "floor", ORANGE, "the bare products (BLAS)")]
    for i, (name, part) in enumerate(nets.items()):
        for shift, (side, promise, color, _) in zip((-0.2, 0.2), kinds, strict=True):
            ratio, most = part["ours"].get(f"over_{side}"), getattr(targets.NETS[name], promise)
            if ratio:
                axes.barh(i + shift, ratio["median"], 0.38, color=color)
                axes.plot([ratio["low"], ratio["high"]], [i + shift] * 2, "k.-", lw=1, ms=4)
            if most:
                axes.plot([most, most], [i + shift - 0.19, i + shift + 0.19], color=RED, lw=2)
    for *_, color, title in kinds:
        axes.barh(0, 0, color=color, label=f"over {title}")
    axes.plot([], color=RED, lw=2, label="to hold")
    axes.axvline(1, color="gray", lw=0.8)
    named = [targets.NETS[name] for name in nets]
    axes.set_yticks(range(len(nets)), [f"{t.title}\n{t.what}, {t.batch}" for t in named], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("our time over another")
    axes.legend(frameon=False, fontsize=8)


def draw_batch(axes, part):
    """Time per image by batch."""
    axes.plot(*zip(*((str(n), t) for n, t in part["ms_per_image"].items()), strict=True), "o-", color=GREEN)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("images in a batch")
    axes.set_ylabel("LeNet step, ms per image")


def draw_depth(axes, part):
    """Time by depth, and the line."""
    depths = [int(d) for d in part["ms"]]
    axes.plot(depths, part["ms"].values(), "o", color=GREEN)
    axes.plot(depths, [part["offset_ms"] + part["ms_per_layer"] * d for d in depths], color="gray", lw=0.8)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("layers")
    axes.set_ylabel("ResNet step of 32 images, ms")
