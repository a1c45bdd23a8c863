"""Numbers that say how a net is: what stands behind the figures of `cafe_edu.drawing`."""
