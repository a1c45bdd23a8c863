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


def _grown(one, across, biases):
    """Write the loop that lets a tile grow; of the arguments, W, x, taps and places are 0, 3, 4 and 5."""
    w, p = one.values[1], one.values[6]
    begins = [one.item(3, one.load(one.item(5, p, half))) for half in range(2 * across)]
    rows = [one.item(0, w, one.times(2, m)) for m in range(DOWN)]
    tile = [[one.variable(bias) for _ in range(across)] for bias in biases]
    with cgutils.for_range(one.builder, one.length(4)) as loop:
        tap = one.load(one.item(4, loop.index))
        halves = [one.move(begin, tap) for begin in begins]
        seen = [one.read_halves(*halves[i : i + 2]) for i in range(0, 2 * across, 2)]
        for row, totals in zip(rows, tile, strict=True):
            weight = one.everywhere(one.load(one.move(row, loop.index)))
            for total, vector in zip(totals, seen, strict=True):
                one.add_product(total, weight, vector)
    return [[one.builder.load(total) for total in totals] for totals in tile]


def _outer(across):
    @intrinsic
    def outer(typingctx, W, w, K, x, taps, places, p, b, o, Y, y, length):
        """Write a tile to Y, in rows ``length`` apart; W's rows are K apart."""
        signature = types.void(W, w, K, x, taps, places, p, b, o, Y, y, length)

        def instructions(context, builder, signature, values):
            one = Writer(context, builder, signature, values, W.dtype)
            biases = [one.everywhere(one.load(one.item(7, values[8], m))) for m in range(DOWN)]
            for m, totals in enumerate(_grown(one, across, biases)):
                for v, total in enumerate(totals):
                    one.write(total, one.item(9, values[10], one.times(11, m), v * one.vector.count))
            return context.get_dummy_value()

        return signature, instructions

    return outer


def _outer_back(across):
    @intrinsic
    def outer_back(typingctx, W, w, K, x, taps, places, p, line, begin, apart, targets, rows):
        """Add ``rows`` rows of a tile to a line, on which they are ``apart``; targets are where the halves go."""
        signature = types.void(W, w, K, x, taps, places, p, line, begin, apart, targets, rows)

        def instructions(context, builder, signature, values):
            one = Writer(context, builder, signature, values, W.dtype)
            halves = [one.load(one.item(10, values[6], half)) for half in range(2 * across)]
            for m, totals in enumerate(_grown(one, across, [one.vector(None)] * DOWN)):
                with builder.if_then(builder.icmp_signed("<", LONG(m), values[11])):
                    row = one.item(7, values[8], one.times(9, m))
                    parts = [part for total in totals for part in one.halves(total)]
                    for part, half in zip(parts, halves, strict=True):  # one by one: they may go to the same place
                        to = one.move(row, half)
                        one.write(builder.fadd(one.read(to, one.half), part), to)
            return context.get_dummy_value()

        return signature, instructions

    return outer_back


outer, outer_back = _outer(ACROSS), _outer_back(ACROSS)
outer_column, outer_column_back = _outer(1), _outer_back(1)  #: of one vector's width, for what is left


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
            seen = [one.read_halves(*[one.move(begin, place) for place in places]) for begin in begins]
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
