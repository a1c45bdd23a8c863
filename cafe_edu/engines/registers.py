r"""Registers: sums of products that stay in the processor's registers while they grow.

A processor multiplies and adds fastest when it reads few numbers from memory for each product. So a small tile of
sums, DOWN x ACROSS vectors of ``lanes`` numbers, is kept in registers over a whole loop; each turn of the loop reads
DOWN + ACROSS numbers or vectors and does DOWN times ACROSS vector multiply-adds.

.. math:: \text{outer: } Y_{m,p} = b_m + \sum_k W_{m,k}\, x_{p + t_k} \qquad
          \text{inner: } S_{m,k} \mathrel{+}= \sum_p Y_{m,p}\, x_{p + t_k}

numba's loops have no words for a register, so these two are written in the compiler's own instructions (LLVM's). Arrays
come with the number of their first item, all are flat, of one type, and must be long enough: nothing is checked.
``taps`` are t; ``places`` are p, where on the line x the halves of vectors begin, an even number of them.

References
----------
Goto, van de Geijn 2008 (why a tile of sums); Georganas et al. 2018 (convolution without copies).
"""

import platform

from llvmlite import ir
from numba import types
from numba.core import cgutils, config
from numba.core.codegen import get_host_cpu_features
from numba.extending import intrinsic

_FEATURES = (config.CPU_FEATURES or get_host_cpu_features()).split(",")
_WIDE = "+avx512f" in _FEATURES

BYTES = 64 if _WIDE else 32 if "+avx" in _FEATURES else 16  #: of a vector register
DOWN = 4
ACROSS = 4 if _WIDE or platform.machine() in ("arm64", "aarch64") else 3  # of 32 registers, or of 16


def half(dtype):
    """How many numbers of a type half a vector holds."""
    return BYTES // dtype.itemsize // 2


class _Writer:
    """Writes the instructions of one loop over ``n`` turns, for vectors of one type."""

    def __init__(self, context, builder, types, values, number):
        self.context, self.builder, self.types, self.values = context, builder, types, values
        self.number = context.get_data_type(number)
        self.size = context.get_abi_sizeof(self.number)
        self.vector = ir.VectorType(self.number, BYTES // self.size)
        self.name = f"v{self.vector.count}f{8 * self.size}"

    def data(self, i, *steps):
        """A pointer into argument i, an array: to item step + step + ..."""
        array = self.context.make_array(self.types[i])(self.context, self.builder, self.values[i])
        return self.move(array.data, *steps)

    def move(self, pointer, *steps):
        for step in steps:
            pointer = self.builder.gep(pointer, [step])
        return pointer

    def length(self, i):
        array = self.context.make_array(self.types[i])(self.context, self.builder, self.values[i])
        return cgutils.unpack_tuple(self.builder, array.shape, 1)[0]

    def times(self, i, constant):
        return self.builder.mul(self.values[i], ir.IntType(64)(constant))

    def read(self, *pointers):
        """A vector from memory, in equal parts that begin anywhere."""
        kind = ir.VectorType(self.number, self.vector.count // len(pointers))
        parts = [self.builder.load(self.builder.bitcast(pointer, kind.as_pointer())) for pointer in pointers]
        for part in parts:
            part.align = self.size
        if len(parts) == 1:
            return parts[0]
        order = ir.VectorType(ir.IntType(32), self.vector.count)(list(range(self.vector.count)))
        return self.builder.shuffle_vector(*parts, order)

    def write(self, vector, pointer):
        self.builder.store(vector, self.builder.bitcast(pointer, self.vector.as_pointer())).align = self.size

    def everywhere(self, number):
        """A vector that holds a number in every lane."""
        none = ir.Constant(self.vector, ir.Undefined)
        first = self.builder.insert_element(none, number, ir.IntType(32)(0))
        return self.builder.shuffle_vector(first, none, ir.VectorType(ir.IntType(32), self.vector.count)(None))

    def tile(self, begin, across):
        """Sums, which begin with a vector for each row; LLVM keeps them in registers."""
        return [[cgutils.alloca_once_value(self.builder, one) for _ in range(across)] for one in begin]

    def add_product(self, total, a, b):
        kind = ir.FunctionType(self.vector, [self.vector] * 3)
        function = cgutils.get_or_insert_function(self.builder.module, kind, f"llvm.fmuladd.{self.name}")
        self.builder.store(self.builder.call(function, [a, b, self.builder.load(total)]), total)

    def total(self, vector):
        """The sum of a vector's lanes, in any order."""
        kind = ir.FunctionType(self.number, [self.number, self.vector])
        function = cgutils.get_or_insert_function(self.builder.module, kind, f"llvm.vector.reduce.fadd.{self.name}")
        return self.builder.call(function, [self.number(0.0), vector], fastmath=("reassoc",))


def _outer(across):
    @intrinsic
    def outer(typingctx, W, w, K, x, taps, places, p, Y, y, length, b, o):
        """Write a tile to Y: rows ``length`` apart from item y on.

        W's rows, K long, are taken from item w on, places from p, and biases from o.
        """
        signature = types.void(W, w, K, x, taps, places, p, Y, y, length, b, o)

        def instructions(context, builder, signature, values):
            one = _Writer(context, builder, signature.args, values, W.dtype)
            rows = [one.data(0, values[1], one.times(2, m)) for m in range(DOWN)]
            halves = [builder.load(one.data(5, values[6], ir.IntType(64)(h))) for h in range(2 * across)]
            begins = [one.data(3, place) for place in halves]
            biases = [one.everywhere(builder.load(one.data(10, values[11], ir.IntType(64)(m)))) for m in range(DOWN)]
            tile = one.tile(biases, across)
            with cgutils.for_range(builder, one.length(4)) as loop:
                tap = builder.sext(builder.load(one.data(4, loop.index)), ir.IntType(64))
                parts = [one.move(begin, tap) for begin in begins]
                seen = [one.read(*parts[i : i + 2]) for i in range(0, len(parts), 2)]
                for row, totals in zip(rows, tile, strict=True):
                    weight = one.everywhere(builder.load(one.move(row, loop.index)))
                    for total, vector in zip(totals, seen, strict=True):
                        one.add_product(total, weight, vector)
            for m, totals in enumerate(tile):
                for v, total in enumerate(totals):
                    to = one.data(7, values[8], one.times(9, m), ir.IntType(64)(v * one.vector.count))
                    one.write(builder.load(total), to)
            return context.get_dummy_value()

        return signature, instructions

    return outer


outer = _outer(ACROSS)
outer_column = _outer(1)  #: of one vector's width, for what is left


@intrinsic
def inner(typingctx, Y, y, length, x, taps, t, places, S, s, K):
    """Add to a tile of S: rows K apart from item s on; Y's rows, ``length`` apart, from item y on; taps from t."""
    signature = types.void(Y, y, length, x, taps, t, places, S, s, K)

    def instructions(context, builder, signature, values):
        one, long = _Writer(context, builder, signature.args, values, Y.dtype), ir.IntType(64)
        rows = [one.data(0, values[1], one.times(2, m)) for m in range(DOWN)]
        ahead = [builder.sext(builder.load(one.data(4, values[5], long(k))), long) for k in range(ACROSS)]
        begins = [one.data(3, tap) for tap in ahead]
        tile = one.tile([one.vector(None)] * DOWN, ACROSS)
        with cgutils.for_range(builder, builder.sdiv(one.length(6), long(2))) as loop:
            at = builder.mul(loop.index, long(2))
            halves = [builder.load(one.data(6, at, long(h))) for h in range(2)]
            seen = [one.read(*[one.move(begin, place) for place in halves]) for begin in begins]
            for row, totals in zip(rows, tile, strict=True):
                vector = one.read(one.move(row, builder.mul(loop.index, long(one.vector.count))))
                for total, other in zip(totals, seen, strict=True):
                    one.add_product(total, vector, other)
        for m, totals in enumerate(tile):
            for k, total in enumerate(totals):
                to = one.data(7, values[8], one.times(9, m), long(k))
                builder.store(builder.fadd(builder.load(to), one.total(builder.load(total))), to)
        return context.get_dummy_value()

    return signature, instructions


@intrinsic
def copy(typingctx, source, s, target, t, count):
    """Copy so many numbers from item s of one array to item t of another."""
    signature = types.void(source, s, target, t, count)

    def instructions(context, builder, signature, values):
        one = _Writer(context, builder, signature.args, values, source.dtype)
        cgutils.raw_memcpy(builder, one.data(2, values[3]), one.data(0, values[1]), values[4], one.size)
        return context.get_dummy_value()

    return signature, instructions
