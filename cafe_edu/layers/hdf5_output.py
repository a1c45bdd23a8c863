"""HDF5Output: two blobs written to a file."""

from cafe_edu.device import to_numpy
from cafe_edu.errors import ShapeError
from cafe_edu.files import replacing
from cafe_edu.layer import Layer, register


@register("HDF5Output")
class HDF5Output(Layer):
    """Write each batch of two blobs to an HDF5 file, as its data sets ``data`` and ``label``.

    The first forward writes the file anew, whole or not at all; each one after it adds its items behind those
    already there. Between two batches the file is closed: it can be read, and a run that is stopped there loses
    nothing.

    Options (``hdf5_output_param``)
    -------------------------------
    file_name : str

    Shapes
    ------
    bottom[0] : (N, ...), written with four axes: (2, 3) becomes (2, 3, 1, 1)
    bottom[1] : (N, ...), likewise
    there are no tops

    References
    ----------
    Caffe: ``src/caffe/layers/hdf5_output_layer.cpp``. There the file is emptied when the net is built, and a second
    forward fails, because the data sets exist; here it adds. Lesson: day 9.
    """

    options_field = "hdf5_output_param"
    num_bottom = 2
    num_top = 0
    no_gradient = (0, 1)

    def setup(self, bottom):
        self.path = self.required("file_name")
        self.begun = False

    def top_shapes(self, bottom_shapes):
        data, label = bottom_shapes
        if max(len(data), len(label)) > 4:
            raise ShapeError(f"expected at most 4 axes, which is how the file keeps them, found {data} and {label}")
        if data[:1] != label[:1]:
            raise ShapeError(f"expected as many items of data as of label, found {data} and {label}")
        return []

    def forward(self, bottom, top):
        import h5py

        batch = {name: self._four_axes(blob) for name, blob in zip(("data", "label"), bottom, strict=True)}
        if self.begun:
            with h5py.File(self.path, "a") as file:
                self._add(file, batch)
        else:
            with replacing(self.path) as new, h5py.File(new, "w") as file:
                for name, items in batch.items():
                    file.create_dataset(name, data=items, maxshape=(None, *items.shape[1:]))
            self.begun = True

    def _four_axes(self, blob):
        return to_numpy(blob.data).reshape(blob.num, blob.channels, blob.height, blob.width)

    def _add(self, file, batch):
        for name, items in batch.items():
            if file[name].shape[1:] != items.shape[1:]:
                raise ShapeError(
                    f"expected items of shape {file[name].shape[1:]}, as {self.path} has them in {name!r}, "
                    f"found {items.shape[1:]}"
                )
        for name, items in batch.items():
            before = len(file[name])
            file[name].resize(before + len(items), axis=0)
            file[name][before:] = items

    def backward(self, top, propagate_down, bottom):
        pass  # nothing comes back
