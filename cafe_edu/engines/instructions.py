"""Instructions: loops over vectors of numbers, written for the processor itself.

numba makes machine code of plain loops, but gives no say over vectors and registers. Where that says how fast a net
learns, the inner loop is written in the compiler's own instructions (LLVM's), by a ``Writer``; LLVM makes of them
what the processor at hand has. The vectors are as long as its registers.

References
----------
Lattner, Adve 2004 (LLVM); numba's manual, "The intrinsic decorator".
"""

import platform

from llvmlite import ir
from numba.core import cgutils, config
from numba.core.codegen import get_host_cpu_features

_FEATURES = (get_host_cpu_features() if config.CPU_FEATURES is None else config.CPU_FEATURES).split(",")
_WIDE = "+avx512f" in _FEATURES

BYTES = 64 if _WIDE else 32 if "+avx" in _FEATURES else 16  #: of a vector register
REGISTERS = 32 if _WIDE or platform.machine() in ("arm64", "aarch64") else 16
LONG = ir.IntType(64)


def lanes(dtype):
    """How many numbers of a type a vector holds."""
    return BYTES // dtype.itemsize


class Writer:
    """Writes instructions for vectors of one type of number.

    Parameters
    ----------
    context, builder, signature, values
        As numba hands them to an intrinsic.
    dtype : numba type
        Of the numbers.
    """

    def __init__(self, context, builder, signature, values, dtype):
        self.context, self.builder, self.types, self.values = context, builder, signature.args, values
        self.number = context.get_data_type(dtype)
        self.size = context.get_abi_sizeof(self.number)
        self.vector = ir.VectorType(self.number, BYTES // self.size)
        self.half = ir.VectorType(self.number, self.vector.count // 2)
        self.whole = ir.VectorType(ir.IntType(8 * self.size), self.vector.count)  # integers, one for each lane
        self.name = f"v{self.vector.count}f{8 * self.size}"

    def item(self, i, *steps):
        """Point to the item of argument i, an array, that is so many steps from its first."""
        array = self.context.make_array(self.types[i])(self.context, self.builder, self.values[i])
        return self.move(array.data, *steps)

    def move(self, pointer, *steps):
        """Point so many items further on."""
        for step in steps:
            pointer = self.builder.gep(pointer, [step if hasattr(step, "type") else LONG(step)])
        return pointer

    def length(self, i):
        """How many items argument i has, an array of one axis."""
        array = self.context.make_array(self.types[i])(self.context, self.builder, self.values[i])
        return cgutils.unpack_tuple(self.builder, array.shape, 1)[0]

    def times(self, i, constant):
        """Argument i, an integer, times a constant."""
        return self.builder.mul(self.values[i], LONG(constant))

    def load(self, pointer):
        """One number; an integer is made a long one."""
        found = self.builder.load(pointer)
        return self.builder.sext(found, LONG) if isinstance(found.type, ir.IntType) else found

    def read(self, pointer, kind=None):
        """A vector from anywhere in memory."""
        found = self.builder.load(self.builder.bitcast(pointer, (kind or self.vector).as_pointer()))
        found.align = self.size
        return found

    def read_halves(self, a, b):
        """A vector whose halves come from two places."""
        return self.pick(self.read(a, self.half), self.read(b, self.half), range(self.vector.count))

    def pick(self, a, b, lanes):
        """A vector of some lanes of a and b, counted through both."""
        numbers = list(lanes)
        return self.builder.shuffle_vector(a, b, ir.VectorType(ir.IntType(32), len(numbers))(numbers))

    def halves(self, vector):
        """Both halves of a vector."""
        count = self.half.count
        return [self.pick(vector, vector, range(first, first + count)) for first in (0, count)]

    def write(self, vector, pointer):
        """Put a vector anywhere in memory."""
        place = self.builder.bitcast(pointer, vector.type.as_pointer())
        self.builder.store(vector, place).align = self.context.get_abi_sizeof(vector.type.element)

    def everywhere(self, number, kind=None):
        """A vector with the same number in every lane."""
        kind = kind or self.vector
        none = kind(ir.Undefined)
        first = self.builder.insert_element(none, number, ir.IntType(32)(0))
        return self.pick(first, none, [0] * kind.count)

    def whole_everywhere(self, number):
        """A vector with the same integer in every lane."""
        narrow = self.whole.element.width < number.type.width
        return self.everywhere(self.builder.trunc(number, self.whole.element) if narrow else number, self.whole)

    def variable(self, value):
        """A place for something that changes; LLVM keeps it in a register."""
        return cgutils.alloca_once_value(self.builder, value)

    def add_product(self, total, a, b):
        """Add a b to a variable."""
        multiply_add = self._function(self.vector, [self.vector] * 3, "fmuladd")
        self.builder.store(self.builder.call(multiply_add, [a, b, self.builder.load(total)]), total)

    def sum(self, vector):
        """The sum of a vector's lanes, in any order."""
        add = self._function(self.number, [self.number, self.vector], "vector.reduce.fadd")
        return self.builder.call(add, [self.number(0.0), vector], fastmath=("reassoc",))

    def _function(self, result, arguments, name):
        kind = ir.FunctionType(result, arguments)
        return cgutils.get_or_insert_function(self.builder.module, kind, f"llvm.{name}.{self.name}")
