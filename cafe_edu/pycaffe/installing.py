"""Installing: old files say ``import caffe``, and find this package."""

import importlib
import pkgutil
import sys

from cafe_edu.errors import CafeError

HERE = __name__.rpartition(".")[0]


def install():
    """Make ``import caffe``, ``import caffe.io``, ``from caffe.proto import caffe_pb2``, ... find this package.

    It holds until Python ends, for every file that is read from then on. A second call changes nothing.

    Raises
    ------
    CafeError
        If another caffe is imported already.

    Examples
    --------
    >>> install()
    >>> import caffe
    >>> caffe.__name__
    'cafe_edu.pycaffe'
    """
    ours, found = importlib.import_module(HERE), sys.modules.get("caffe")
    if found is not None and found is not ours:
        raise CafeError(
            f"another caffe is imported already, from {getattr(found, '__file__', None) or 'no file'}: "
            f"start Python anew and call install() before anything says `import caffe`"
        )
    modules = {"": ours, ".pycaffe": ours, "._caffe": ours}  # Caffe's own files of those names are all one here
    for module in pkgutil.walk_packages(ours.__path__, f"{HERE}."):
        modules[module.name.removeprefix(HERE)] = importlib.import_module(module.name)
    sys.modules.update({f"caffe{name}": module for name, module in modules.items()})
