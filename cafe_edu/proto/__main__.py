"""Make caffe_pb2.py from caffe.proto: ``python -m cafe_edu.proto``. It needs grpcio-tools.

The protobuf compiler reads the text; the module around the result is ours. The one that the compiler
writes refuses to run with a protobuf older than the compiler; this one runs with every protobuf that
pyproject.toml allows, and comes out the same whichever compiler made it.
"""

import pathlib
import tempfile

import numpy as np
from google.protobuf import descriptor_pb2

from cafe_edu.files import replacing

NAME = "cafe_edu/proto/caffe.proto"

MODULE = '''"""Made by ``python -m cafe_edu.proto`` from caffe.proto; read that, and edit that."""

from google.protobuf import descriptor_pool
from google.protobuf.internal import builder

DESCRIPTOR = descriptor_pool.Default().AddSerializedFile(
{lines}
)
builder.BuildMessageAndEnumDescriptors(DESCRIPTOR, globals())
builder.BuildTopDescriptorsAndMessages(DESCRIPTOR, __name__, globals())
'''


def compiled(root):
    """Return the compiled ``caffe.proto`` below the folder ``root``, as bytes."""
    from grpc_tools import protoc

    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out"
        if protoc.main(["protoc", f"-I{root}", f"--descriptor_set_out={out}", NAME]) != 0:
            raise SystemExit(1)  # the compiler has said why
        (file,) = descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes()).file
    # Written as protobuf itself writes them back, so that it sees a second import, as test runners make,
    # to bring nothing new.
    for message in file.message_type:
        for field in message.field:
            field.ClearField("json_name")
            if field.type == field.TYPE_FLOAT and field.HasField("default_value"):
                field.default_value = f"{np.float32(field.default_value):.9g}"
    return file.SerializeToString(deterministic=True)


def module(root):
    """Return the text of caffe_pb2.py."""
    data = compiled(root)
    lines = "\n".join(f"    {data[i : i + 32]!r}" for i in range(0, len(data), 32))
    return MODULE.format(lines=lines)


if __name__ == "__main__":
    root = pathlib.Path(__file__).parents[2]
    with replacing(root / "cafe_edu" / "proto" / "caffe_pb2.py") as new:
        new.write_text(module(root), encoding="utf-8")
