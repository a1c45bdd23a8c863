"""DataLayer: what the layers that read data files have in common."""

from cafe_edu.layer import Layer


class DataLayer(Layer):
    """A layer that hands on the batches of ``self.batches``, which its ``setup`` makes: a `Prefetcher`.

    Not a layer type by itself: Data, HDF5Data, ImageData and WindowData say in their ``setup`` what they read.
    """

    num_bottom = 0

    def top_shapes(self, bottom_shapes):
        return self.batches.shapes()[: len(self.spec.top)]

    def forward(self, bottom, top):
        for blob, array in zip(top, self.batches.next(), strict=False):
            blob.data = array

    def backward(self, top, propagate_down, bottom):
        pass  # nothing lies below

    def shard(self, rank, size):
        """Read what falls to this rank: this net is that of one of ``size`` ranks that learn together."""
        self.batches.shard(rank, size)

    def state(self):
        """Return where the net is in the data, as a small dict for JSON; batches made ahead do not count."""
        return self.batches.state()

    def restore(self, state):
        """Go on from a ``state``: the batches that follow are those that followed then."""
        self.batches.restore(state)

    def close(self):
        """Stop the thread and close what is read. A layer that is dropped does so by itself."""
        self.batches.close()
