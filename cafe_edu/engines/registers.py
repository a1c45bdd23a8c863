r"""Registers: sums of products that stay in the processor's registers while they grow.

A processor multiplies and adds fastest when it reads few numbers from memory for each product. So a small tile of
sums, DOWN x ACROSS vectors, is kept in registers over a whole loop; each turn of the loop reads DOWN + ACROSS numbers
or vectors and does DOWN times ACROSS multiply-adds of vectors.

.. math:: \text{outer: } Y_{m,p} = b_m + \sum_k W_{m,k}\, x_{p + t_k} \qquad
          \text{inner: } S_{m,k} \mathrel{+}= \sum_p Y_{m,p}\, x_{p + t_k}

Arrays are flat, of one type, and long enough: nothing is checked. Behind an array stands from which of its items on it
is meant. ``taps`` are t; ``places`` are p, where on the line x the halves of vectors begin, an even number of them.

References
----------
Goto, van de Geijn 2008 (why a tile of sums); Georganas et al. 2018 (convolutions of such tiles).
"""

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from cafe_edu.engines.instructions import LONG, REGISTERS, Writer

DOWN, ACROSS = 4, 4 if REGISTERS == 32 else 3


def _outer(across):
    @intrinsic
    def outer(typingctx, W, w, K, x, taps, places, p, b, o, Y, y, length):
        """Write a tile to Y, in rows ``length`` apart; W's rows are K apart."""
        signature = types.void(W, w, K, x, taps, places, p, b, o, Y, y, length)

        def instructions(context, builder, signature, values):
            one = Writer(context, builder, signature, values, W.dtype)
            begins = [one.item(3, one.load(one.item(5, values[6], half))) for half in range(2 * across)]
            rows = [one.item(0, values[1], one.times(2, m)) for m in range(DOWN)]
            biases = [one.everywhere(one.load(one.item(7, values[8], m))) for m in range(DOWN)]
            tile = [[one.variable(bias) for _ in range(across)] for bias in biases]
            with cgutils.for_range(builder, one.length(4)) as loop:
                tap = one.load(one.item(4, loop.index))
                halves = [one.move(begin, tap) for begin in begins]
                seen = [one.read(*halves[i : i + 2]) for i in range(0, 2 * across, 2)]
                for row, totals in zip(rows, tile, strict=True):
                    weight = one.everywhere(one.load(one.move(row, loop.index)))
                    for total, vector in zip(totals, seen, strict=True):
                        one.add_product(total, weight, vector)
            for m, totals in enumerate(tile):
                for v, total in enumerate(totals):
                    one.write(builder.load(total), one.item(9, values[10], one.times(11, m), v * one.vector.count))
            return context.get_dummy_value()

        return signature, instructions

    return outer


outer = _outer(ACROSS)
outer_column = _outer(1)  #: of one vector's width, for what is left


@intrinsic
def inner(typingctx, Y, y, length, x, taps, t, places, S, s, K):
    """Add to a tile of S, in rows K apart; Y's rows are ``length`` apart."""
    signature = types.void(Y, y, length, x, taps, t, places, S, s, K)

    def instructions(context, builder, signature, values):
        one = Writer(context, builder, signature, values, Y.dtype)
        begins = [one.item(3, one.load(one.item(4, values[5], k))) for k in range(ACROSS)]
        rows = [one.item(0, values[1], one.times(2, m)) for m in range(DOWN)]
        tile = [[one.variable(one.vector(None)) for _ in range(ACROSS)] for _ in range(DOWN)]
        with cgutils.for_range(builder, builder.sdiv(one.length(6), LONG(2))) as loop:
            places = [one.load(one.item(6, loop.index, loop.index, half)) for half in range(2)]
            seen = [one.read(*[one.move(begin, place) for place in places]) for begin in begins]
            for row, totals in zip(rows, tile, strict=True):
                vector = one.read(one.move(row, builder.mul(loop.index, LONG(one.vector.count))))
                for total, other in zip(totals, seen, strict=True):
                    one.add_product(total, vector, other)
        for m, totals in enumerate(tile):
            for k, total in enumerate(totals):
                to = one.item(7, values[8], one.times(9, m), k)
                builder.store(builder.fadd(builder.load(to), one.sum(builder.load(total))), to)
        return context.get_dummy_value()

    return signature, instructions


@intrinsic
def copy(typingctx, source, s, target, t, count):
    """Copy so many numbers from one array to another."""
    signature = types.void(source, s, target, t, count)

    def instructions(context, builder, signature, values):
        one = Writer(context, builder, signature, values, source.dtype)
        cgutils.raw_memcpy(builder, one.item(2, values[3]), one.item(0, values[1]), values[4], one.size)
        return context.get_dummy_value()

    return signature, instructions
