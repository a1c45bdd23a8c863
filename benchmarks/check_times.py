"""How long a reader waits for a check: ``python -m benchmarks.check_times [DAY ...]``.

Each exercise's right answer and first known mistake are judged three times; the least time counts, the first time
apart, as it builds what later ones find ready. Promised: less than 2 s each, less than 0.5 s in the median.
"""

import statistics
import sys
import time

from cafe_edu.course import days

ROUNDS = 3


def seconds(exercise, answer):
    """Return the first and the least time of judging ``answer``."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        exercise.judge(answer)
        times.append(time.perf_counter() - start)
    return times[0], min(times)


def main(wanted):
    """Print a line for each exercise, then the largest and the median."""
    least = []
    print("exercise  kind         right: first, least   wrong: first, least   (seconds)")
    for day in [int(day) for day in wanted] or days.days():
        for exercise in days.exercises(day):
            right = seconds(exercise, exercise.right_answer())
            wrong = seconds(exercise, exercise.wrong_answer(exercise.mistakes[0]))
            least += [right[1], wrong[1]]
            print(f"{exercise.number:<9} {exercise.kind:<10}      {right[0]:7.3f} {right[1]:7.3f}        "
                  f"{wrong[0]:7.3f} {wrong[1]:7.3f}")  # fmt: skip
    print(f"largest {max(least):.3f}, median {statistics.median(least):.3f}")


if __name__ == "__main__":
    main(sys.argv[1:])
