"""Nets drawn at random, held against what their text says: splits, losses, the plan of the way back, gradients."""

import collections
import dataclasses

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cafe_edu import Net
from cafe_edu.prototxt import parse_net
from cafe_edu.splits import insert_splits

SHAPE = (2, 3)


@dataclasses.dataclass
class Node:
    """One layer as drawn: what it reads (the nodes that made it), and what the prototxt says."""

    kind: str
    name: str
    reads: list
    top: str
    weight: float | None = None  # loss_weight, if one is written
    frozen: bool = False

    @property
    def text(self):
        wires = "".join(f' bottom: "{node.top}"' for node in self.reads) + f' top: "{self.top}"'
        more = "" if self.weight is None else f" loss_weight: {self.weight}"
        if self.kind == "Input":
            more += " input_param { shape { dim: 2 dim: 3 } }"
        if self.kind == "InnerProduct":
            more += ' inner_product_param { num_output: 3 weight_filler { type: "xavier" } }'
            more += " param { lr_mult: 0 } param { lr_mult: 0 }" * self.frozen
        if self.kind == "ReLU":
            more += " relu_param { negative_slope: 0.5 }"
        return f'layer {{ name: "{self.name}" type: "{self.kind}"{wires}{more} }}'


@st.composite
def graphs(draw):
    """Layers in order. One in place takes its bottom's name, from then on; nobody reads that bottom else."""
    nodes, free = [Node("Input", "x", [], "x"), Node("Input", "z", [], "z")], []
    names = {node.top: node for node in nodes}  # blob name -> who made its present contents
    for i in range(draw(st.integers(1, 7))):
        kind = draw(st.sampled_from(["InnerProduct", "InnerProduct", "ReLU", "TanH", "Eltwise"]))
        reads = [names[draw(st.sampled_from(sorted(names)))] for _ in range(2 if kind == "Eltwise" else 1)]
        node = Node(kind, f"l{i}", reads, f"b{i}", draw(st.sampled_from([None, None, 0, 0.5, -2])), draw(st.booleans()))
        if kind == "ReLU" and reads[0] in free and reads[0].weight in (None, 0) and draw(st.booleans()):
            node.top = reads[0].top
        free = [other for other in free if other not in reads] + [node] * (kind != "TanH")
        names[node.top] = node
        nodes.append(node)
    return nodes


def text_of(nodes, more=""):
    return more + "\n".join(node.text for node in nodes)


@settings(max_examples=100)
@given(graphs())
def test_splits(nodes):
    """A top read by n > 1 (its loss counts, and comes first) is followed by a split with n tops, in reading order."""
    readers = collections.Counter(id(made) for node in nodes for made in node.reads)
    expected, served = [], collections.Counter()
    for node in nodes:
        bottoms = []
        for made in node.reads:
            count = readers[id(made)] + bool(made.weight)
            k = served[id(made)] + bool(made.weight)
            served[id(made)] += 1
            bottoms.append(made.top if count == 1 else f"{made.top}_{made.name}_0_split_{k}")
        count = readers[id(node)] + bool(node.weight)
        weight = [] if node.weight is None else [0 if count > 1 else node.weight]
        expected.append((node.name, bottoms, [node.top], weight))
        if count > 1:
            split = f"{node.top}_{node.name}_0_split"
            weight = [node.weight, *[0] * (count - 1)] if node.weight else []
            expected.append((split, [node.top], [f"{split}_{k}" for k in range(count)], weight))
    found = insert_splits(parse_net(text_of(nodes))).layer
    assert [(layer.name, [*layer.bottom], [*layer.top], [*layer.loss_weight]) for layer in found] == expected


def contents(nodes, net, values):
    """What each layer makes of the inputs, by the graph as drawn: id of the node -> array."""
    made = {}
    for node in nodes:
        x = [made[id(below)] for below in node.reads]
        if node.kind == "Input":
            y = values[node.name]
        elif node.kind == "InnerProduct":
            y = x[0] @ net.params[node.name][0].data.T + net.params[node.name][1].data
        elif node.kind == "ReLU":
            y = np.where(x[0] > 0, x[0], 0.5 * x[0])
        else:
            y = np.tanh(x[0]) if node.kind == "TanH" else x[0] + x[1]
        made[id(node)] = y
    return made


def loss_of(nodes, net, values):
    made = contents(nodes, net, values)
    return sum((node.weight or 0) * made[id(node)].sum() for node in nodes)


def learns(node):
    """Is there a parameter that learns, here or below?"""
    return (node.kind == "InnerProduct" and not node.frozen) or any(map(learns, node.reads))


def leads(node, nodes):
    """Is there a loss, here or above?"""
    return bool(node.weight) or any(leads(other, nodes) for other in nodes if node in other.reads)


def net_of(nodes, more=""):
    net = Net(text_of(nodes, more), "TRAIN", rng=0, dtype=np.float64)
    rng = np.random.default_rng(1)
    for param in net.learnable:
        param.blob.data = rng.normal(size=param.blob.shape)
    values = {name: rng.normal(size=SHAPE) for name in ("x", "z")}
    return net, values


@settings(max_examples=60)
@given(graphs())
def test_the_loss_is_the_weighted_sum_of_all_blobs_with_a_weight(nodes):
    net, values = net_of(nodes)
    net.forward(**values)
    assert np.isclose(net.loss, loss_of(nodes, net, values))
    read = {id(made) for node in nodes for made in node.reads}
    last = [node.top for node in nodes if id(node) not in read]
    weighted = {f"{node.top}_{node.name}_0_split_0" for node in nodes if node.weight and id(node) in read}
    assert net.outputs == sorted({*last, *weighted})  # what nobody reads


@settings(max_examples=60)
@given(graphs())
def test_a_layer_runs_backward_where_something_below_learns_and_something_above_is_a_loss(nodes):
    net, _ = net_of(nodes)
    steps = {step.layer.name: step for step in net.steps}
    for node in nodes:
        step = steps[node.name]
        assert step.backward == (learns(node) and leads(node, nodes))
        assert step.propagate_down == [learns(made) and leads(node, nodes) for made in node.reads]


@settings(max_examples=60)
@given(graphs())
def test_gradients_are_those_of_the_loss_and_the_same_where_everything_is_forced(nodes):
    net, values = net_of(nodes)
    forced, _ = net_of(nodes, "force_backward: true ")
    for one in (net, forced):
        one.forward(**values)
        one.backward()
    for node in (node for node in nodes if node.kind == "InnerProduct"):
        for mine, all_ in zip(net.params[node.name], forced.params[node.name], strict=True):
            assert np.allclose(mine.diff, 0 if node.frozen else all_.diff)
    rng, step = np.random.default_rng(2), 1e-6
    for param in forced.learnable:
        data, along = param.blob.data.copy(), rng.normal(size=param.blob.shape)
        ends = []
        for side in (step, -step):
            param.blob.data = data + side * along
            ends.append(loss_of(nodes, forced, values))
        param.blob.data = data
        assert np.isclose((param.blob.diff * along).sum(), (ends[0] - ends[1]) / (2 * step), rtol=1e-4, atol=1e-4)
    for name in ("x", "z"):
        along = rng.normal(size=SHAPE)
        ends = [loss_of(nodes, forced, {**values, name: values[name] + side * along}) for side in (step, -step)]
        slope = (forced.blobs[name].diff * along).sum()
        assert np.isclose(slope, (ends[0] - ends[1]) / (2 * step), rtol=1e-4, atol=1e-4)


@settings(max_examples=40)
@given(graphs(), st.data())
def test_propagate_down_cuts_a_wire(nodes, data):
    """What is below a bottom that takes no gradient learns from the other wires alone."""
    net, values = net_of(nodes)
    wires = [(node, i) for node in nodes for i in range(len(node.reads))]
    cut, place = data.draw(st.sampled_from(wires))
    says = "".join(f" propagate_down: {str(i != place).lower()}" for i in range(len(cut.reads)))
    text = text_of(nodes).replace(cut.text, cut.text[:-1] + says + " }")
    other = Net(text, "TRAIN", rng=0, dtype=np.float64)
    for mine, its in zip(other.learnable, net.learnable, strict=True):
        mine.blob.data = its.blob.data
    other.forward(**values)
    other.backward()

    slopes, diffs = collections.defaultdict(lambda: np.zeros(SHAPE)), {}
    made = contents(nodes, net, values)
    for node in reversed(nodes):
        dy = slopes[id(node)] + (node.weight or 0)
        for i, below in enumerate(node.reads):
            x = made[id(below)]
            dx = {"ReLU": np.where(x > 0, dy, 0.5 * dy), "TanH": dy * (1 - np.tanh(x) ** 2), "Eltwise": dy}.get(
                node.kind
            )
            if node.kind == "InnerProduct":
                dx = dy @ net.params[node.name][0].data
                diffs[node.name] = 0 if node.frozen else dy.T @ x
            if not (node is cut and i == place):
                slopes[id(below)] += dx
    for name, expected in diffs.items():
        assert np.allclose(other.params[name][0].diff, expected)
