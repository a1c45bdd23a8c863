"""Tables of a net or blob: layers, shapes, parameters, memory; as text and for the notebook."""

import html

from cafe_edu.device import to_numpy

HEAD = ("layer", "type", "reads", "makes", "shape", "parameters", "memory")


def rows(net):
    """Return one tuple of strings for each layer, as ``HEAD``; its memory is that of the blobs it makes."""
    table, seen = [], set()
    for step in net.steps:
        made = [blob for blob in step.top if blob not in step.bottom]
        memory = sum(m.nbytes for blob in made for m in (blob._data, blob._diff) if id(m) not in seen)
        seen |= {id(m) for blob in made for m in (blob._data, blob._diff)}
        count = sum(blob.count for blob in step.layer.params)
        table.append((
            step.layer.name,
            step.layer.spec.type,
            ", ".join(blob.name for blob in step.bottom),
            ", ".join(blob.name for blob in step.top),
            ", ".join(_shape(blob.shape) for blob in step.top),
            f"{count:,}" if count else "",
            size(memory) if memory else "",
        ))  # fmt: skip
    return table


def title(net):
    """Return the line above the table."""
    count = sum(p.blob.count for p in net.learnable)
    memory = sum(b.nbytes for blobs in net.params.values() for b in blobs)
    name = net.name or "net"
    return f"{name} ({net.phase}): {len(net.steps)} layers, {count:,} parameters ({size(memory)})"


def net_text(net):
    """The table as text."""
    return f"{title(net)}\n{text_table([HEAD, *rows(net)])}"


def net_html(net):
    """The table for a notebook."""
    return f"<p><b>{html.escape(title(net))}</b></p>{html_table([HEAD, *rows(net)])}"


def text_table(table, left=5):
    """Rows of strings as text, the first one being the head; the first ``left`` columns stand left, the others right.

    >>> print(text_table([("a", "n"), ("long", "1"), ("b", "20")], left=1))
    a      n
    long   1
    b     20
    """
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = []
    for row in table:
        cells = [c.ljust(w) if i < left else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def html_table(table, left=5):
    """The same for a notebook."""

    def line(cells, tag):
        parts = (
            f'<{tag} style="text-align:{"left" if i < left else "right"}">{html.escape(cell)}</{tag}>'
            for i, cell in enumerate(cells)
        )
        return f"<tr>{''.join(parts)}</tr>"

    head, body = line(table[0], "th"), "".join(line(row, "td") for row in table[1:])
    return f"<table><thead>{head}</thead><tbody>{body}</tbody></table>"


def blob_html(blob):
    """Name, shape and range of a blob, for a notebook."""
    values = to_numpy(blob.data)
    span = f", {values.min():.4g} to {values.max():.4g}, mean {values.mean():.4g}" if blob.count else ""
    return f"<code>{html.escape(blob.name)}</code> {_shape(blob.shape)} {blob.dtype}{span}"


def size(count):
    """Bytes in the unit one would say.

    >>> size(1724320)
    '1.6 MiB'
    """
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024


def _shape(shape):
    return " x ".join(map(str, shape)) or "1 number"
