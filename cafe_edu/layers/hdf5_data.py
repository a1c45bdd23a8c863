"""HDF5Data: datasets of HDF5 files, batch after batch."""

from cafe_edu import files
from cafe_edu.data.chance import seed_from
from cafe_edu.data.hdf5_batches import Hdf5Batches
from cafe_edu.data.hdf5_list import read_hdf5_list
from cafe_edu.data.prefetch import Prefetcher
from cafe_edu.data_layer import DataLayer
from cafe_edu.errors import SpecError, noting
from cafe_edu.layer import register


@register("HDF5Data")
class HDF5Data(DataLayer):
    """Read the next N rows of each dataset, and begin again after the last row of the last file.

    Each top is the dataset of its name. Whole numbers become floats; nothing is scaled or cropped.

    Where a later file's items have another shape than the first one's, Caffe reads the wrong numbers; here it is an
    error.

    Options (``hdf5_data_param``)
    -----------------------------
    source : str
        A text file with the names of the HDF5 files, parted by blanks or line ends.
    batch_size : int
        N, how many rows at a time.
    shuffle : bool, default=false
        Another order of the files each time through them, and of the rows each time through a file.

    Shapes
    ------
    top[i] : (N, ...), where the dataset is (rows, ...)

    References
    ----------
    Caffe: ``src/caffe/layers/hdf5_data_layer.cpp``. Lesson: day 9.
    """

    options_field = "hdf5_data_param"
    num_top = (1, None)

    def setup(self, bottom):
        if self.spec.HasField("transform_param"):
            raise SpecError("HDF5Data does not transform its data: take `transform_param` out, or use Data")
        batch_size = self.required("batch_size")
        source = files.find(self.required("source"), self.folder)
        paths = read_hdf5_list(source, self.folder)
        with noting(f"named in {source}"):
            rows = Hdf5Batches(
                paths, list(self.spec.top), batch_size, seed_from(self.rng), self.options.shuffle, self.dtype
            )
        self.batches = Prefetcher(rows, ahead=0)  # what is in memory need not be made ahead
