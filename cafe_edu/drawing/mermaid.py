"""A net as text in Mermaid's language, which Markdown cells of JupyterLab and many web pages draw."""

from cafe_edu.drawing.boxes import boxes_of
from cafe_edu.drawing.graph import EDGE, FILL
from cafe_edu.drawing.picture import RED


def mermaid(spec, phase="ALL", rankdir="TB", display_lrm=False, shapes=None):
    r"""Return the graph of a net as a Mermaid flowchart: what `draw_graph` draws, as text.

    Parameters
    ----------
    spec, phase, rankdir, display_lrm, shapes
        As in `cafe_edu.drawing.graph.draw_graph`.

    Returns
    -------
    str

    References
    ----------
    The language: <https://mermaid.js.org/syntax/flowchart.html>.

    Examples
    --------
    >>> print(mermaid('''
    ...     layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }
    ...     layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 4 } }
    ...     layer { name: "relu" type: "ReLU" bottom: "y" top: "y" }'''))
    flowchart TB
      n0["x<br/>Input<br/>2 x 3"]:::data
      n1["ip<br/>InnerProduct<br/>2 x 4<br/>16 parameters, 12 multiply-adds<br/>relu (ReLU)"]:::product
      n0 --> n1
      classDef data fill:#dddddd,stroke:#444444,color:#000000
      classDef product fill:#e3b7d3,stroke:#444444,color:#000000
    <BLANKLINE>
    """
    boxes, arrows = boxes_of(spec, phase, display_lrm, shapes)
    number = {key: f"n{i}" for i, key in enumerate(boxes)}
    lines = [f"flowchart {rankdir}"]
    for key, box in boxes.items():
        text = [box.name, *box.lines, *box.error_lines, *(line for _, line in box.followers)]
        style = "failed" if box.error else box.kind
        lines.append(f'  {number[key]}["{"<br/>".join(map(_escaped, text))}"]:::{style}')
    lines += [f"  {number[start]} --> {number[end]}" for start, end in arrows]
    for kind in dict.fromkeys(box.kind for box in boxes.values() if not box.error):
        lines.append(f"  classDef {kind} fill:{FILL[kind]},stroke:{EDGE},color:#000000")
    if any(box.error for box in boxes.values()):
        lines.append(f"  classDef failed fill:#ffffff,stroke:{RED},stroke-width:3px,color:#000000")
    return "\n".join([*lines, ""])


def _escaped(text):
    """A text in which the signs that Mermaid, Markdown and HTML read stand for themselves.

    By name, not by number: Mermaid takes # as the beginning of a number of its own.

    >>> _escaped('a "b" <c> #1')
    'a &quot;b&quot; &lt;c&gt; &num;1'
    """
    signs = {"&": "&amp;", "#": "&num;", '"': "&quot;", "<": "&lt;", ">": "&gt;", "`": "&grave;"}
    return "".join(signs.get(sign, sign) for sign in text)
