"""Programs of the kind that Caffe's notebooks hold, small: written for pycaffe, run on ours."""

import os

import numpy as np
import pytest

import cafe_edu.pycaffe as caffe
from cafe_edu.data.digits import read_digits
from cafe_edu.pycaffe import layers as L
from cafe_edu.pycaffe import params as P

XAVIER = {"type": "xavier"}


@pytest.fixture(scope="module")
def digits():
    """Handwriting: x_train, y_train, x_test, y_test; pixels from 0 to 1."""
    x_train, y_train, x_test, y_test = read_digits()
    return x_train / np.float32(255), y_train, x_test / np.float32(255), y_test


def solver_file(write, net, name="solver.prototxt", **fields):
    """Write a solver as the notebooks do, by a message's text."""
    s = caffe.proto.caffe_pb2.SolverParameter()
    s.train_net = net
    s.base_lr, s.momentum, s.weight_decay, s.lr_policy = 0.01, 0.9, 5e-4, "fixed"
    s.max_iter, s.display, s.snapshot_after_train = 10000, 1000, False
    s.random_seed = 1
    for key, value in fields.items():
        getattr(s, key).append(value) if key in ("test_net", "test_iter") else setattr(s, key, value)
    return write(str(s), name)


def feed(net, x, y):
    net.blobs["data"].data[...] = x
    net.blobs["label"].data[...] = y


def vis_square(data):
    """Lay images side by side in a square, as every notebook does."""
    data = (data - data.min()) / (data.max() - data.min())
    n = int(np.ceil(np.sqrt(data.shape[0])))
    padding = ((0, n**2 - data.shape[0]), (0, 1), (0, 1)) + ((0, 0),) * (data.ndim - 3)
    data = np.pad(data, padding, mode="constant", constant_values=1)
    data = data.reshape((n, n, *data.shape[1:])).transpose((0, 2, 1, 3, *range(4, data.ndim + 1)))
    return data.reshape((n * data.shape[1], n * data.shape[3], *data.shape[4:]))


# ---- classification ----


@pytest.mark.filterwarnings("ignore:Net.file, weights, phase")  # as the notebook says it
def test_classification(data_folder):
    caffe.set_mode_cpu()
    folder = data_folder / "squeezenet_v1.0_deepcomp"
    net = caffe.Net(
        str(folder / "SqueezeNet_deploy.prototxt"), str(folder / "squeezenet_v1.0_decoded.caffemodel"), caffe.TEST
    )
    mu = np.load(data_folder / "imagenet_aux/ilsvrc_2012_mean.npy")
    mu = mu.mean(1).mean(1)
    transformer = caffe.io.Transformer({"data": net.blobs["data"].data.shape})
    transformer.set_transpose("data", (2, 0, 1))
    transformer.set_mean("data", mu)
    transformer.set_raw_scale("data", 255)
    transformer.set_channel_swap("data", (2, 1, 0))

    net.blobs["data"].reshape(2, 3, 227, 227)
    image = caffe.io.load_image(str(data_folder / "imagenet_aux/cat.jpg"))
    transformed_image = transformer.preprocess("data", image)
    net.blobs["data"].data[...] = transformed_image
    output = net.forward()
    (name,) = net.outputs
    output_prob = output[name][0].ravel()
    labels = np.loadtxt(data_folder / "imagenet_aux/synset_words.txt", str, delimiter="\t")
    assert "fox" in labels[output_prob.argmax()]  # a kitten taken for a fox: that is this net
    top_inds = output_prob.argsort()[::-1][:5]
    assert {"kit fox", "red fox"} <= {name.split(" ", 1)[1].split(",")[0] for name in labels[top_inds]}
    np.testing.assert_allclose(output[name][0], output[name][1], rtol=1e-5)

    shapes = {name: blob.data.shape for name, blob in net.blobs.items()}
    assert shapes["conv1"] == (2, 96, 111, 111)
    assert next(param[0].data.shape for param in net.params.values()) == (96, 3, 7, 7)
    assert vis_square(net.params["conv1"][0].data.transpose(0, 2, 3, 1)).shape == (80, 80, 3)
    assert vis_square(net.blobs["conv1"].data[0, :36]).shape == (672, 672)
    np.testing.assert_allclose(transformer.deprocess("data", net.blobs["data"].data[0]).max(), image.max(), atol=0.05)


# ---- learning LeNet ----


def lenet(source, batch_size):
    n = caffe.NetSpec()
    n.data, n.label = L.Data(
        batch_size=batch_size, backend=P.Data.LMDB, source=source, transform_param={"scale": 1 / 255}, ntop=2
    )
    n.conv1 = L.Convolution(n.data, kernel_size=5, num_output=8, weight_filler=XAVIER)
    n.pool1 = L.Pooling(n.conv1, kernel_size=2, stride=2, pool=P.Pooling.MAX)
    n.fc1 = L.InnerProduct(n.pool1, num_output=50, weight_filler=XAVIER)
    n.relu1 = L.ReLU(n.fc1, in_place=True)
    n.score = L.InnerProduct(n.relu1, num_output=10, weight_filler=XAVIER)
    n.loss = L.SoftmaxWithLoss(n.score, n.label)
    return n.to_proto()


def test_learning_lenet(write, tmp_path, monkeypatch):
    monkeypatch.setenv("CAFE_EDU_HOME", str(tmp_path))
    files = {
        part: write(str(lenet(f"digits/digits_{part}_lmdb", size)), f"lenet_{part}.prototxt")
        for part, size in (("train", 64), ("test", 90))
    }
    tests = {"test_net": files["test"], "test_iter": 4, "test_interval": 500}
    path = solver_file(write, files["train"], lr_policy="inv", gamma=1e-4, power=0.75, **tests)
    solver = caffe.SGDSolver(path)
    assert next((k, v.data.shape) for k, v in solver.net.blobs.items()) == ("data", (64, 1, 28, 28))
    assert float(solver.net.forward()["loss"]) == pytest.approx(2.3, abs=0.4)
    solver.test_nets[0].forward()
    solver.step(1)
    assert solver.net.params["conv1"][0].diff[:, 0].any()

    niter, test_interval = 60, 20
    train_loss, test_acc = np.zeros(niter), np.zeros(int(np.ceil(niter / test_interval)))
    output = np.zeros((niter, 8, 10))
    for it in range(niter):
        solver.step(1)
        train_loss[it] = solver.net.blobs["loss"].data
        solver.test_nets[0].forward(start="conv1")  # the same batch again
        output[it] = solver.test_nets[0].blobs["score"].data[:8]
        if it % test_interval == 0:
            correct = 0
            for _ in range(4):
                solver.test_nets[0].forward()
                correct += sum(
                    solver.test_nets[0].blobs["score"].data.argmax(1) == solver.test_nets[0].blobs["label"].data
                )
            test_acc[it // test_interval] = correct / 360
    assert train_loss[-10:].mean() < 0.3 * train_loss[:5].mean()
    assert test_acc[-1] > 0.85
    assert (output[0] != output[-1]).all()


# ---- fine-tuning ----


def two_layers(head, classes, rate=1):
    n = caffe.NetSpec()
    n.data = L.Input(shape={"dim": [64, 1, 28, 28]})
    n.label = L.Input(shape={"dim": [64]})
    n.conv = L.Convolution(n.data, num_output=8, kernel_size=5, stride=2, weight_filler=XAVIER,
                           param=[{"lr_mult": rate}, {"lr_mult": 2 * rate}])  # fmt: skip
    n.relu = L.ReLU(n.conv, in_place=True)
    n[head] = L.InnerProduct(n.relu, num_output=classes, weight_filler=XAVIER)
    n.loss = L.SoftmaxWithLoss(n[head], n.label)
    n.acc = L.Accuracy(n[head], n.label)
    return str(n.to_proto())


def train(solver, x, y, niter):
    rng = np.random.default_rng(0)
    for _ in range(niter):
        pick = rng.integers(len(x), size=64)
        feed(solver.net, x[pick], y[pick])
        solver.step(1)
    return float(solver.net.blobs["acc"].data)


def test_fine_tuning(write, digits, tmp_path):
    x, y, *_ = digits
    first = y < 5
    solver = caffe.get_solver(solver_file(write, write(two_layers("score", 5), "first.prototxt")))
    assert train(solver, x[first], y[first], 60) > 0.8
    weights = str(tmp_path / "first.caffemodel")
    solver.net.save(weights)

    new = write(two_layers("score_new", 5, rate=0), "new.prototxt")
    tuned = caffe.get_solver(solver_file(write, new, "new.solver"))
    head = tuned.net.params["score_new"][0].data.copy()
    tuned.net.copy_from(weights)
    assert np.array_equal(tuned.net.params["conv"][0].data, solver.net.params["conv"][0].data)
    assert np.array_equal(tuned.net.params["score_new"][0].data, head)
    assert train(tuned, x[~first], y[~first] - 5, 60) > 0.8
    assert np.array_equal(tuned.net.params["conv"][0].data, solver.net.params["conv"][0].data)  # lr_mult 0
    assert (tuned.net.params["score_new"][0].data != head).any()


# ---- net surgery ----


def test_filters_edited_by_hand(write):
    n = caffe.NetSpec()
    n.data = L.Input(shape={"dim": [1, 1, 20, 20]})
    n.conv = L.Convolution(n.data, num_output=3, kernel_size=5, weight_filler={"type": "gaussian", "std": 0.01})
    net = caffe.Net(write(str(n.to_proto())), caffe.TEST)
    im = np.random.default_rng(0).random((30, 40)).astype(np.float32)
    im_input = im[np.newaxis, np.newaxis, :, :]
    net.blobs["data"].reshape(*im_input.shape)
    net.blobs["data"].data[...] = im_input
    net.forward()
    before = net.blobs["conv"].data.copy()
    assert before.shape == (1, 3, 26, 36)

    net.params["conv"][1].data[0] = 1.0
    net.forward()
    np.testing.assert_allclose(net.blobs["conv"].data[0, 0], before[0, 0] + 1, rtol=1e-5)

    ksize = net.params["conv"][0].data.shape[2:]
    sigma = 1.0
    y, x = np.mgrid[-ksize[0] // 2 + 1 : ksize[0] // 2 + 1, -ksize[1] // 2 + 1 : ksize[1] // 2 + 1]
    g = np.exp(-((x**2 + y**2) / (2.0 * sigma**2)))
    gaussian = (g / g.sum()).astype(np.float32)
    net.params["conv"][0].data[0] = gaussian
    net.params["conv"][0].data[1:] = 0
    net.params["conv"][0].data[1, 0, 1:-1, 1:-1] = np.array([(-1, -2, 0), (-2, 0, 2), (0, 2, 1)])
    net.forward()
    assert net.blobs["conv"].data[0, 0].std() < 0.5 * im.std()  # blurred
    assert abs(net.blobs["conv"].data[0, 1].mean()) < 0.1  # edges
    assert not (net.blobs["conv"].data[0, 2] - net.params["conv"][1].data[2]).any()


FC = """
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 1 dim: SIZE dim: SIZE } } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv" convolution_param {
  num_output: 4 kernel_size: 5 weight_filler { type: "xavier" } } }
"""


def test_inner_products_cast_into_convolutions(write, tmp_path):
    ip = 'bottom: "conv" top: "out" inner_product_param { num_output: 10 weight_filler { type: "xavier" } }'
    dense = FC.replace("SIZE", "12") + f'layer {{ name: "fc" type: "InnerProduct" {ip} }}'
    conv = 'bottom: "conv" top: "out" convolution_param { num_output: 10 kernel_size: 8 }'
    full = FC.replace("SIZE", "15") + f'layer {{ name: "fc-conv" type: "Convolution" {conv} }}'
    net = caffe.Net(write(dense, "dense.prototxt"), caffe.TEST)
    net.save(str(tmp_path / "dense.caffemodel"))
    net_full_conv = caffe.Net(write(full, "full.prototxt"), caffe.TEST, weights=str(tmp_path / "dense.caffemodel"))
    fc_params = {pr: (net.params[pr][0].data, net.params[pr][1].data) for pr in ["fc"]}
    conv_params = {pr: (net_full_conv.params[pr][0].data, net_full_conv.params[pr][1].data) for pr in ["fc-conv"]}
    conv_params["fc-conv"][0].flat = fc_params["fc"][0].flat
    conv_params["fc-conv"][1][...] = fc_params["fc"][1]
    net_full_conv.save(str(tmp_path / "full.caffemodel"))

    x = np.random.default_rng(1).normal(size=(1, 1, 15, 15)).astype(np.float32)
    out = net_full_conv.forward_all(data=x)["out"]
    assert out.shape == (1, 10, 4, 4)
    np.testing.assert_allclose(out[0, :, 2, 1], net.forward(data=x[:, :, 2:14, 1:13])["out"][0], rtol=1e-4, atol=1e-5)


# ---- a net and its input ----


def test_an_input_climbs_to_what_the_net_likes(write):
    n = caffe.NetSpec()
    n.data = L.Input(shape={"dim": [1, 3, 10, 10]})
    n.conv = L.Convolution(n.data, num_output=4, kernel_size=3, weight_filler={"type": "gaussian", "std": 0.3})
    n.relu = L.ReLU(n.conv, in_place=True)
    n.pool = L.Pooling(n.relu, pool=P.Pooling.AVE, global_pooling=True)
    net = caffe.Net(write("force_backward: true\n" + str(n.to_proto())), caffe.TEST)
    src, dst = net.blobs["data"], net.blobs["conv"]
    src.data[0] = np.random.default_rng(0).normal(size=(3, 10, 10))
    norms = []
    for _ in range(10):
        net.forward(end="relu")
        norms.append(float((dst.data**2).sum()))
        dst.diff[:] = dst.data
        net.backward(start="relu")
        g = src.diff[0]
        src.data[:] += 0.1 / np.abs(g).mean() * g
    assert norms == sorted(norms)
    assert norms[-1] > 2 * norms[0]


def test_a_cascade_changes_its_shape_between_runs(data_folder):
    folder = data_folder / "mtcnn"
    net = caffe.Net(str(folder / "det1.prototxt"), caffe.TEST, weights=str(folder / "det1.caffemodel"))
    rng = np.random.default_rng(0)
    kept = {}
    for size in ((40, 31), (12, 12), (25, 60), (40, 31)):
        net.blobs["data"].reshape(1, 3, *size)
        net.reshape()
        assert net.blobs["prob1"].data.shape[2:] == tuple(-(-(n - 2) // 2) - 4 for n in size)
        x = kept[size][0] if size in kept else rng.normal(size=(1, 3, *size))
        net.blobs["data"].data[...] = x
        out = net.forward()
        np.testing.assert_allclose(out["prob1"].sum(axis=1), 1, rtol=1e-5)
        if size in kept:
            np.testing.assert_array_equal(out["conv4-2"], kept[size][1])
        kept[size] = x, out["conv4-2"].copy()


# ---- two towers ----


def test_siamese_towers(write):
    shared = [{"name": "w", "lr_mult": 1}, {"name": "b", "lr_mult": 2}]
    n = caffe.NetSpec()
    n.a, n.b = L.Input(shape={"dim": [32, 6]}), L.Input(shape={"dim": [32, 6]})
    n.sim = L.Input(shape={"dim": [32]})
    n.feat = L.InnerProduct(n.a, num_output=2, param=shared, weight_filler=XAVIER)
    n.feat_p = L.InnerProduct(n.b, num_output=2, param=shared, weight_filler=XAVIER)
    n.loss = L.ContrastiveLoss(n.feat, n.feat_p, n.sim, margin=1)
    solver = caffe.SGDSolver(solver_file(write, write(str(n.to_proto())), base_lr=0.05))
    assert np.shares_memory(solver.net.params["feat"][0].data, solver.net.params["feat_p"][0].data)
    rng = np.random.default_rng(0)
    centres, losses = rng.normal(size=(2, 6)), []
    for _ in range(150):
        y = rng.integers(2, size=(2, 32))
        for name, label in zip("ab", y, strict=True):
            solver.net.blobs[name].data[...] = centres[label] + 0.3 * rng.normal(size=(32, 6))
        solver.net.blobs["sim"].data[...] = y[0] == y[1]
        solver.step(1)
        losses.append(float(solver.net.blobs["loss"].data))
    assert np.mean(losses[-20:]) < 0.5 * np.mean(losses[:20])
    feat, labels = solver.net.blobs["feat"].data, y[0]
    between = np.linalg.norm(feat[labels == 0].mean(axis=0) - feat[labels == 1].mean(axis=0))
    assert between > 3 * feat[labels == 0].std(axis=0).mean()


# ---- layers in Python ----

LINREG = """
name: "linreg"
layer { name: "x" type: "DummyData" top: "x"
  dummy_data_param { shape { dim: 10 dim: 3 dim: 2 } data_filler { type: "gaussian" } } }
layer { name: "y" type: "DummyData" top: "y"
  dummy_data_param { shape { dim: 10 dim: 3 dim: 2 } data_filler { type: "gaussian" } } }
layer { name: "ipx" type: "InnerProduct" bottom: "x" top: "ipx"
  inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
layer { name: "ipy" type: "InnerProduct" bottom: "y" top: "ipy"
  inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "Python" bottom: "ipx" bottom: "ipy" top: "loss" loss_weight: 1
  python_param { module: "pyloss" layer: "EuclideanLossLayer" } }
"""


def test_a_loss_in_python(write, monkeypatch):
    monkeypatch.syspath_prepend(os.path.join(os.path.dirname(__file__), "programs"))
    theirs = LINREG.replace('"Python"', '"EuclideanLoss"').rpartition("python_param")[0] + "}"
    nets = []
    for text in (LINREG, theirs):
        caffe.set_random_seed(2)
        nets.append(caffe.Net(write(text), caffe.TRAIN))
        nets[-1].forward()
        nets[-1].backward()
    one, other = nets
    np.testing.assert_allclose(one.blobs["loss"].data[0], other.blobs["loss"].data, rtol=1e-5)
    for name in ("ipx", "ipy"):
        np.testing.assert_allclose(one.params[name][0].diff, other.params[name][0].diff, rtol=1e-4, atol=1e-6)

    solver = caffe.SGDSolver(solver_file(write, write(LINREG), base_lr=0.02, momentum=0.5))
    losses = []
    for _ in range(200):
        solver.step(1)
        losses.append(float(solver.net.blobs["loss"].data.item()))
    assert np.mean(losses[-10:]) < 0.1 * np.mean(losses[:10])


DATA_LAYER = '''
import ast
import numpy as np
import caffe


class DigitSource(caffe.Layer):
    """Batches of digits, shuffled anew in each round; parameters come as the text of a dict."""

    def setup(self, bottom, top):
        params = ast.literal_eval(self.param_str)
        assert {"file", "batch_size"} <= set(params)
        self.batch_size = params["batch_size"]
        with np.load(params["file"]) as stored:
            self.x, self.y = stored["x"], stored["y"]
        self.rng, self.order = np.random.RandomState(0), []
        if len(top) != 2:
            raise Exception("two tops, please: data and label")
        top[0].reshape(self.batch_size, *self.x.shape[1:])
        top[1].reshape(self.batch_size)

    def reshape(self, bottom, top):
        pass

    def forward(self, bottom, top):
        for n in range(self.batch_size):
            if not len(self.order):
                self.order = list(self.rng.permutation(len(self.x)))
            i = self.order.pop()
            top[0].data[n, ...] = self.x[i]
            top[1].data[n, ...] = self.y[i]

    def backward(self, top, propagate_down, bottom):
        pass
'''


def test_a_data_layer_in_python(write, digits, tmp_path, no_caffe):
    x, y, x_test, y_test = digits
    np.savez(tmp_path / "digits.npz", x=x, y=y)
    write(DATA_LAYER, "digit_source.py")
    params = {"file": (tmp_path / "digits.npz").as_posix(), "batch_size": 50}
    n = caffe.NetSpec()
    n.data, n.label = L.Python(module="digit_source", layer="DigitSource", ntop=2, param_str=str(params))
    n.fc = L.InnerProduct(n.data, num_output=10, weight_filler=XAVIER)
    n.loss = L.SoftmaxWithLoss(n.fc, n.label)
    solver = caffe.SGDSolver(solver_file(write, write(str(n.to_proto())), base_lr=0.05))
    solver.step(120)
    W, b = (blob.data for blob in solver.net.params["fc"])
    scores = x_test.reshape(len(x_test), -1) @ W.T + b
    assert (scores.argmax(1) == y_test).mean() > 0.85


# ---- logistic regression ----


def has(name):
    return pytest.mark.skipif(name not in caffe.layer_type_list(), reason=f"no layer type {name} yet")


@has("HDF5Data")
def test_logistic_regression(write, tmp_path):
    import h5py
    from sklearn.datasets import make_classification
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import train_test_split

    X, y = make_classification(
        n_samples=2000, n_features=4, n_redundant=0, n_informative=2, n_clusters_per_class=2, hypercube=False,
        random_state=0,
    )  # fmt: skip
    X, Xt, y, yt = train_test_split(X, y, random_state=0)
    for name, (data, label) in {"train": (X, y), "test": (Xt, yt)}.items():
        with h5py.File(tmp_path / f"{name}.h5", "w") as f:
            f.create_dataset("data", data=data, compression="gzip")
            f["label"] = label.astype(np.float32)
        write((tmp_path / f"{name}.h5").as_posix() + "\n", f"{name}.txt")

    def logreg(part):
        n = caffe.NetSpec()
        n.data, n.label = L.HDF5Data(batch_size=10, source=(tmp_path / f"{part}.txt").as_posix(), ntop=2)
        n.ip1 = L.InnerProduct(n.data, num_output=2, weight_filler=XAVIER)
        n.accuracy = L.Accuracy(n.ip1, n.label)
        n.loss = L.SoftmaxWithLoss(n.ip1, n.label)
        return write(str(n.to_proto()), f"logreg_{part}.prototxt")

    path = solver_file(write, logreg("train"), test_net=logreg("test"), test_iter=50, test_interval=500, max_iter=1000)
    solver = caffe.get_solver(path)
    solver.solve()
    accuracy = 0
    for _ in range(int(len(Xt) / 10)):
        solver.test_nets[0].forward()
        accuracy += solver.test_nets[0].blobs["accuracy"].data
    accuracy /= len(Xt) / 10
    assert accuracy > LogisticRegression().fit(X, y).score(Xt, yt) - 0.03


@has("MemoryData")
def test_arrays_from_memory(write, digits):
    x, y, *_ = digits
    n = caffe.NetSpec()
    n.data, n.label = L.MemoryData(batch_size=20, channels=1, height=28, width=28, ntop=2)
    n.fc = L.InnerProduct(n.data, num_output=10, weight_filler=XAVIER)
    n.loss = L.SoftmaxWithLoss(n.fc, n.label)
    solver = caffe.SGDSolver(solver_file(write, write(str(n.to_proto()))))
    solver.net.set_input_arrays(np.ascontiguousarray(x[:1000]), y[:1000].astype(np.float32))
    solver.step(100)
    assert float(solver.net.blobs["loss"].data) < 1
    solver.net.set_input_arrays(x[:20], y[:20].astype(np.float32)[:, None, None, None])
    solver.net.forward()
    assert solver.net.blobs["label"].data.ravel().tolist() == y[:20].tolist()
