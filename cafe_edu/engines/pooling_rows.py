r"""Pooling by rows: the windows of as many neighbours as a vector has lanes are looked through together.

.. math:: y_{i,j} = \max_{u,v} x_{is+u-p,\, js+v-p} \qquad \text{or} \qquad
          y_{i,j} = \frac{1}{a_i b_j} \sum_{u,v} x_{is+u-p,\, js+v-p}

A vector may reach over the end of a row: what it reads there does not count, and what it writes there is written over
when the next row's turn comes. Where it would reach over the ends of the array, or a stride is 3 or more, windows are
looked through one by one.
"""

import numpy
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from cafe_edu.engines.instructions import Writer
from cafe_edu.engines.loops_cpu import compiled


def _each_input(one, stride, x, begin, width, rows, kernel, column, look):
    """Write the loop over the windows' inputs, row by row: look(inputs of all windows, are they inside?, number).

    Of argument x, an array, the first window sees ``rows`` rows, ``width`` apart, from item ``begin`` on;
    ``column`` is its first, ``kernel`` the number of columns.
    """
    builder, count = one.builder, one.vector.count
    columns = builder.add(one.whole([stride * i for i in range(count)]), one.whole_everywhere(column))
    end = one.whole_everywhere(width)
    with cgutils.for_range(builder, rows) as u:
        row = builder.add(begin, builder.mul(u.index, width))
        with cgutils.for_range(builder, kernel) as v:
            seen = one.read(one.item(x, row, v.index))
            if stride == 2:
                seen = one.pick(seen, one.read(one.item(x, row, v.index, count)), range(0, 2 * count, 2))
            here = builder.add(columns, one.whole_everywhere(v.index))
            inside = builder.icmp_unsigned("<", here, end)  # left of the image is, unsigned, far to the right
            look(seen, inside, builder.add(builder.mul(u.index, kernel), v.index))


def _largest(stride):
    @intrinsic
    def largest(typingctx, x, begin, width, rows, kernel, column, number, y, index, at):
        """Write the largest inputs and their numbers, which begin at ``number``, to y and index from item ``at`` on."""
        signature = types.void(x, begin, width, rows, kernel, column, number, y, index, at)

        def instructions(context, builder, signature, values):
            one = Writer(context, builder, signature, values, x.dtype)
            best = one.variable(one.vector([float("-inf")] * one.vector.count))
            where = one.variable(one.whole(None))

            def look(seen, inside, place):
                old = builder.load(best)
                not_a_number = builder.fcmp_unordered("uno", seen, seen)
                larger = builder.or_(builder.fcmp_ordered(">", seen, old), not_a_number)
                larger = builder.and_(larger, inside)
                places = one.whole_everywhere(builder.add(place, values[6]))
                builder.store(builder.select(larger, seen, old), best)
                builder.store(builder.select(larger, places, builder.load(where)), where)

            _each_input(one, stride, 0, *values[1:6], look)
            numbers = ir.VectorType(context.get_data_type(index.dtype), one.vector.count)
            found = builder.load(where)
            one.write(builder.load(best), one.item(7, values[9]))
            narrow = numbers.element.width < found.type.element.width
            one.write(builder.trunc(found, numbers) if narrow else found, one.item(8, values[9]))
            return context.get_dummy_value()

        return signature, instructions

    return largest


def _mean(stride):
    @intrinsic
    def mean(typingctx, x, begin, width, rows, kernel, column, a, b, j, y, at):
        """Write the sums, over a b[j], b[j + 1], ..., to y from item ``at`` on."""
        signature = types.void(x, begin, width, rows, kernel, column, a, b, j, y, at)

        def instructions(context, builder, signature, values):
            one = Writer(context, builder, signature, values, x.dtype)
            total = one.variable(one.vector(None))

            def look(seen, inside, place):
                seen = builder.select(inside, seen, one.vector(None))
                builder.store(builder.fadd(builder.load(total), seen), total)

            _each_input(one, stride, 0, *values[1:6], look)
            area = builder.fmul(one.everywhere(values[6]), one.read(one.item(7, values[8])))
            one.write(builder.fdiv(builder.load(total), area), one.item(9, values[10]))
            return context.get_dummy_value()

        return signature, instructions

    return mean


_largest_1, _largest_2, _mean_1, _mean_2 = _largest(1), _largest(2), _mean(1), _mean(2)


@compiled
def _fits(begin, end, stride, lanes, at, x, y):
    """Do vectors read nothing outside of x, from ``begin`` to the last window's first input ``end``, or y?"""
    return stride <= 2 and begin >= 0 and end + stride * lanes <= x.size and at + lanes <= y.size


@compiled
def max_forward(x, kernel, stride, pad, lanes, y, index):
    """Write the largest of each window of x (n, H, W), and its place in the window; the first of equal ones."""
    n, H, W = x.shape
    OH, OW = y.shape[1:]
    flat, to, places = x.reshape(-1), y.reshape(-1), index.reshape(-1)
    for m in range(n):
        for i in range(OH):
            top = i * stride[0] - pad[0]
            u, rows = max(0, -top), min(kernel[0], H - top) - max(0, -top)
            for j in range(0, OW, lanes):
                at, column = (m * OH + i) * OW + j, j * stride[1] - pad[1]
                begin = (m * H + top + u) * W + column
                if _fits(begin, begin + (rows - 1) * W + kernel[1] - 1, stride[1], lanes, at, flat, to):
                    if stride[1] == 2:
                        _largest_2(flat, begin, W, rows, kernel[1], column, u * kernel[1], to, places, at)
                    else:
                        _largest_1(flat, begin, W, rows, kernel[1], column, u * kernel[1], to, places, at)
                else:
                    for q in range(j, min(j + lanes, OW)):
                        left = q * stride[1] - pad[1]
                        y[m, i, q], index[m, i, q] = _largest_of(x[m], top, u, u + rows, left, kernel[1])


@compiled
def _largest_of(plane, top, u, end, left, kernel):
    best, where = -numpy.inf, 0
    for a in range(u, end):
        for b in range(max(0, -left), min(kernel, plane.shape[1] - left)):
            z = plane[top + a, left + b]
            if z > best or z != z:
                best, where = z, a * kernel + b
    return best, where


@compiled
def ave_forward(x, kernel, stride, pad, lanes, a, b, y):
    """Write the mean of each window of x (n, H, W): of a[i] rows and b[j] columns; what is not x counts as zero."""
    n, H, W = x.shape
    OH, OW = y.shape[1:]
    flat, to = x.reshape(-1), y.reshape(-1)
    for m in range(n):
        for i in range(OH):
            top = i * stride[0] - pad[0]
            u, rows = max(0, -top), min(kernel[0], H - top) - max(0, -top)
            for j in range(0, OW, lanes):
                at, column = (m * OH + i) * OW + j, j * stride[1] - pad[1]
                begin = (m * H + top + u) * W + column
                if _fits(begin, begin + (rows - 1) * W + kernel[1] - 1, stride[1], lanes, at, flat, to):
                    if stride[1] == 2:
                        _mean_2(flat, begin, W, rows, kernel[1], column, a[i], b, j, to, at)
                    else:
                        _mean_1(flat, begin, W, rows, kernel[1], column, a[i], b, j, to, at)
                else:
                    for q in range(j, min(j + lanes, OW)):
                        left = q * stride[1] - pad[1]
                        y[m, i, q] = _sum_of(x[m], top, u, u + rows, left, kernel[1]) / (a[i] * b[q])


@compiled
def _sum_of(plane, top, u, end, left, kernel):
    total = 0.0
    for a in range(u, end):
        for b in range(max(0, -left), min(kernel, plane.shape[1] - left)):
            total += plane[top + a, left + b]
    return total
