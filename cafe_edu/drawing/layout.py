"""Where the boxes of a graph stand, and how arrows go between them."""

from cafe_edu.errors import CafeError

GAP = 26  # between boxes, in points, 72 to the inch


def lay_out(sizes, arrows, rankdir):
    """Return the centre of each box, and the curve of each arrow: Sugiyama's layers, by grandalf.

    Boxes stand in rows; an arrow leaves its row straight, bends between rows, and goes straight through each row on its
    way, where a place is kept for it. While this is worked out the data flow along y; the last step turns it all.

    Parameters
    ----------
    sizes : dict of key -> (width, height)
    arrows : list of (key, key)
        No way along them may lead back to where it began.
    rankdir : {"TB", "BT", "LR", "RL"}

    Returns
    -------
    places : dict of key -> (x, y)
    curves : list of (points, codes)
        For a matplotlib Path, one for each arrow.

    References
    ----------
    K. Sugiyama, S. Tagawa and M. Toda, *Methods for visual understanding of hierarchical system structures*, 1981.
    """
    try:
        from grandalf.graphs import Edge, Graph, Vertex
        from grandalf.layouts import SugiyamaLayout
        from grandalf.routing import EdgeViewer
    except ImportError:
        raise CafeError("drawing graphs needs grandalf: pip install grandalf (or write a .dot file instead)") from None

    turn = {
        "TB": lambda x, y: (x, -y),
        "BT": lambda x, y: (x, y),
        "LR": lambda x, y: (y, -x),
        "RL": lambda x, y: (-y, -x),
    }[rankdir]

    class Arrow(Edge):  # grandalf keeps sets of them: by number they have one order at every run, by address not
        def __hash__(self):
            return self.number

    vertices = {key: Vertex(key) for key in sizes}
    for key, vertex in vertices.items():
        width, height = sizes[key]
        vertex.view = _View(height, width) if rankdir in ("LR", "RL") else _View(width, height)
    edges = [Arrow(vertices[a], vertices[b]) for a, b in arrows]
    for number, edge in enumerate(edges):
        edge.number, edge.view = number, EdgeViewer()
    places, curves, left = {}, [], 0.0
    for part in Graph(list(vertices.values()), edges).C:  # parts that nothing joins stand side by side
        layout = SugiyamaLayout(part)
        layout.xspace, layout.yspace = GAP / 1.5, GAP
        layout.init_all(roots=[v for v in part.sV if not v.e_in()])
        layout.draw(10)
        views, half = {v.data: v.view for v in part.sV}, {}
        for view in views.values():
            row = round(view.xy[1], 3)
            half[row] = max(half.get(row, 0), view.h / 2)
        move = left - min(view.xy[0] - view.w / 2 for view in views.values())
        for key, view in views.items():
            places[key] = turn(view.xy[0] + move, view.xy[1])
        for edge in part.sE:
            first, last = edge.v[0].view, edge.v[1].view
            points, codes = _curve(first, edge.view._pts[1:-1], last, half)
            curves.append(([turn(x + move, y) for x, y in points], codes))
        left = max(view.xy[0] + view.w / 2 for view in views.values()) + move + 2 * GAP
    return places, curves


def _curve(first, between, last, half):
    """The points and codes (of a matplotlib Path) of an arrow from one box to another."""
    (x, y), codes = first.xy, [1]  # 1: move there; 2: a straight line; 4: a bend
    points = [(x, y + first.h / 2)]

    def straight(x, y):
        if (x, y) != points[-1]:
            points.append((x, y))
            codes.append(2)

    for px, py in [*between, last.xy]:
        straight(x, y + half[round(y, 3)] if round(y, 3) in half else y)
        top = py - half.get(round(py, 3), 0)
        middle = (points[-1][1] + top) / 2
        points.extend([(x, middle), (px, middle), (px, top)])
        codes.extend([4, 4, 4])
        x, y = px, py
    straight(x, y - last.h / 2)
    return points, codes


class _View:
    """What grandalf wants to know of a box."""

    def __init__(self, w, h):
        self.w, self.h, self.xy = w, h, (0, 0)
