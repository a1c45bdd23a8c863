"""Where data sets and models come from: the files, their homes, their checksums."""

import dataclasses

_IDX = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
_CAFFE = "https://raw.githubusercontent.com/BVLC/caffe/9b891540183ddc834a02b2bd81b31afae71b2153/models/"
_BERKELEY = "http://dl.caffe.berkeleyvision.org/"
_SQUEEZENET = tuple(
    f"https://raw.githubusercontent.com/DeepScale/SqueezeNet/{version}/"
    for version in ("b5c3f1a23713c8b3fd7b801d229f6b04c64374a5", "master")
)


@dataclasses.dataclass(frozen=True)
class File:
    """A file to fetch: its name, its checksum as `download` takes it, its addresses in the order they are tried."""

    name: str
    checksum: str
    urls: tuple


def _on_mirrors(mirrors, **checksums):
    return tuple(File(name, digits, tuple(m + name for m in mirrors)) for name, digits in checksums.items())


def _bvlc(model, sha1, **texts):
    """A model of Caffe's zoo: weights from Berkeley, prototxts from Caffe's repository."""
    weights = f"{model}.caffemodel"
    files = [File(weights, f"sha1:{sha1}", (_BERKELEY + weights,))]
    files += [File(f"{n}.prototxt", sha, (f"{_CAFFE}{model}/{n}.prototxt",)) for n, sha in texts.items()]
    return tuple(files)


SETS = {
    "mnist": _on_mirrors(
        [
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
            "http://yann.lecun.com/exdb/mnist/",
        ],
        **dict(zip(_IDX, (
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        ), strict=True)),
    ),
    "fashion_mnist": _on_mirrors(
        [
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        ],
        **dict(zip(_IDX, (
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        ), strict=True)),
    ),
    "cifar10": (
        File(
            "cifar-10-binary.tar.gz",
            "md5:c32a1d4ab5d03f1284b67883e8d87530",  # as the set's own page states it
            (
                "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
                "https://cave.cs.toronto.edu/kriz/cifar-10-binary.tar.gz",
            ),
        ),
    ),
}  # fmt: skip

MODELS = {
    "bvlc_reference_caffenet": _bvlc(
        "bvlc_reference_caffenet",
        "4c8d77deb20ea792f84eb5e6d0a11ca0a8660a46",
        deploy="922248a4d2f6aac1cc8e7e5dbd996cc2ecd3356480d67c198f6cf96b12311a04",
        train_val="7053c6a0210b3f4575283f6e1ea63408057d48741de827204d0a11b5adeb5c8f",
        solver="2e52f35925d25a0569897222d7a4a8eb8e06e0ef5ad6d3a2cd6b8bb71376d906",
    ),
    "bvlc_alexnet": _bvlc(
        "bvlc_alexnet",
        "9116a64c0fbe4459d18f4bb6b56d647b63920377",
        deploy="b564ba76416b4ac1e062c6621cbd80d9c19304ba152d9d791c75870f3182c4fa",
        train_val="e17cc959f1f8b67c9c9cbd10db5ab8aa4513d0c2429c292391c04c1d9c949023",
        solver="3fb04954665ee3a468a5ddef86f56993b66d272017f5647e37dd1139449e3629",
    ),
    "bvlc_googlenet": _bvlc(
        "bvlc_googlenet",
        "405fc5acd08a3bb12de8ee5e23a96bec22f08204",
        deploy="fa36cd4112a3240a29600a5aa35333f31bec33daa1a6085b0af308a9f50f0c50",
        train_val="18ddbb88c588600354625ecccd85dfe9a142b7d79778f4b8728cb2d5fe056784",
        solver="36d88d4baf8c846959b6ddaa34417745205438134fcacb7892462fcc034ed261",
        quick_solver="a8d891bce7f6910f0ca5aa2800077fa94dcfc48c91f3fe004b8a128f723bf409",
    ),
    "bvlc_reference_rcnn_ilsvrc13": _bvlc(
        "bvlc_reference_rcnn_ilsvrc13",
        "bdd8abb885819cba5e2fe1eb36235f2319477e64",
        deploy="64beca73e61443ed475c27e9ddbd445ee193cba9ace01a96cfc2f30679d91a40",
    ),
    "squeezenet": (
        File(
            "squeezenet_v1.1.caffemodel",
            "sha1:3397f026368a45ae236403ccc81cfcbe8ebe1bd0",  # as OpenCV's tests state it
            tuple(f"{home}SqueezeNet_v1.1/squeezenet_v1.1.caffemodel" for home in _SQUEEZENET),
        ),
        File(
            "deploy.prototxt",
            "sha1:c226bbaaa4d83e2a3d3727618091e897e5f2e3aa",
            tuple(f"{home}SqueezeNet_v1.1/deploy.prototxt" for home in _SQUEEZENET),
        ),
    ),
}
