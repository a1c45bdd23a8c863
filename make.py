"""All that `make` does, also where there is no make: `python make.py demo`.

The first task sets up `.venv`: plain pip installs exactly what a lock in requirements/ lists, then
cafe_edu itself, in place. A stamp in `.venv` remembers what was installed, so the next task starts at
once. Python's standard library is enough to run this file; nothing outside the repository is touched.
"""

import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

OLDEST = (3, 11)
ROOT = pathlib.Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
LOCKS = ROOT / "requirements"
YARDSTICK = "torch==2.13.0"  # one version, so that numbers from two days can be compared
PYTEST = [PYTHON, "-m", "pytest", "-n", "2", "--dist", "loadfile"]  # a notebook's cells stay in one process


# The tasks: one function each; the first line of its docstring is its line of help.


def demo(arguments):
    """Train LeNet on handwritten digits and draw what it learned."""
    learner()
    return run([BIN / "cafe", "demo", *arguments])


def lab(arguments):
    """Open the lessons in JupyterLab, on your own copies in my_work/."""
    learner()
    return run([BIN / "cafe", "lab", *arguments])


def test(arguments):
    """Run every check: ruff, tests, examples in docstrings, lessons."""
    tester()
    lessons = ["--nbval", "--nbval-current-env", "--nbval-cell-timeout=120", "lessons"]
    return lint() or run_tests(["tests", "cafe_edu", *lessons, *arguments])


def check(arguments):
    """Run the quick checks, up to the first failure; for while you work."""
    tester()
    return lint() or run_tests(["-x", "-q", "-m", "not slow", *arguments])


def notebooks(arguments):
    """Build the notebooks from their text sources."""
    tester()
    return run([PYTHON, "-m", "cafe_edu.course.build", *arguments])


def new_day(arguments):
    """Write a new day's files, ready to run and to be replaced (ARGS="09 data_in")."""
    tester()
    return run([PYTHON, "-m", "cafe_edu.course.new_day", *arguments])


def docs(arguments):
    """Write docs/layers.md from the registry, and docs/scaling.md from what was measured."""
    learner()
    return run([PYTHON, ROOT / "docs" / "layers.py", *arguments]) or run([PYTHON, ROOT / "docs" / "scaling.py"])


def gallery(arguments):
    """Draw every figure there is, for docs/gallery.md."""
    learner()
    return run([PYTHON, ROOT / "docs" / "gallery.py", *arguments])


def bench(arguments):
    """Measure speed and memory beside PyTorch, which this installs (large)."""
    learner()
    install("torch", YARDSTICK, f"{YARDSTICK}, for the benchmark only (large; once)", YARDSTICK)
    return run([PYTHON, "-m", "benchmarks", *arguments])


def lock(arguments):
    """Write requirements/ anew from pyproject.toml (ARGS=--upgrade: newest)."""
    if not shutil.which("uv"):
        stop("`lock` needs uv, which is not on your PATH. Install it (pip install uv) and run this again.")
    parts = {  # test first: a learner gets the very versions that were tested
        "test": ["pyproject.toml", "--extra", "test", "--group", "build"],
        "learner": ["pyproject.toml", "--group", "build", "-c", "requirements/test.txt"],
        "virtualenv": ["--group", "virtualenv"],
    }
    for name, sources in parts.items():
        command = ["uv", "pip", "compile", "--quiet", *sources, "-o", f"requirements/{name}.txt"]
        command += ["--universal", "--python-version", ".".join(map(str, OLDEST)), "--generate-hashes"]
        command += ["--no-emit-index-url", "--no-emit-find-links", "--no-annotate", "--no-strip-extras"]
        if run([*command, "--custom-compile-command", "python make.py lock", *arguments]):
            return 1
    return 0


def clean(arguments):
    """Remove .venv and all that the checks left behind; my_work/ stays."""
    caches = [".pytest_cache", ".ruff_cache", ".hypothesis", "htmlcov", "build", "dist"]
    found = [VENV, *(ROOT / name for name in caches), *ROOT.glob("*.egg-info"), *ROOT.glob(".coverage*")]
    for part in ["benchmarks", "cafe_edu", "tests"]:
        found += (ROOT / part).rglob("__pycache__")
    for path in filter(pathlib.Path.exists, found):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        print(f"removed {path.relative_to(ROOT)}")
    return 0


def help(arguments):
    """Show this list."""
    print("make TASK, or python make.py TASK:\n")
    for name, task in TASKS.items():
        print(f"  {name:10} {task.__doc__.splitlines()[0]}")
    print('\nArguments go on to the task: make test ARGS="-k prototxt", python make.py test -k prototxt')
    return 0


TASKS = [demo, lab, test, check, notebooks, new_day, docs, gallery, bench, lock, clean, help]
TASKS = {task.__name__.replace("_", "-"): task for task in TASKS}


# Setting up.


def learner():
    """Make `.venv` ready to learn in: cafe_edu and what it needs."""
    if not any(current(name, digest(LOCKS / f"{name}.txt")) for name in ("learner", "test")):
        install_lock("learner", "what cafe_edu needs (about a minute, once)")
    install_package()


def tester():
    """Make `.venv` ready to check and change the house: the learner's part and the tools."""
    if not current("test", digest(LOCKS / "test.txt")):
        install_lock("test", "what cafe_edu and its tests need (about a minute, once)")
    install_package()


def install_lock(name, what):
    """Install one lock, in a new `.venv` if there is none that works."""
    if not works([PYTHON, "-m", "pip", "--version"]):
        make_venv()
    lock = LOCKS / f"{name}.txt"
    install(name, digest(lock), f"{what}, from {lock.relative_to(ROOT)}", "--require-hashes", "-r", lock)


def install_package():
    """Install cafe_edu in place: edits in cafe_edu/ count at once. The lock brought its build tool."""
    mark = digest(ROOT / "pyproject.toml")
    install("cafe_edu", mark, "cafe_edu itself", "--no-deps", "--no-build-isolation", "-e", ROOT)


def install(name, mark, what, *arguments):
    """Have pip install something, unless the stamp says that it is there."""
    if not current(name, mark):
        quietly(f"Installing {what}", [PYTHON, "-m", "pip", "install", "--no-input", *arguments])
        (VENV / f".{name}").write_text(mark)


def current(name, mark):
    """Whether `.venv` works and holds what the stamp ``name`` with the text ``mark`` stands for."""
    stamp = VENV / f".{name}"
    return PYTHON.exists() and stamp.exists() and stamp.read_text() == mark


def digest(path):
    """What a stamp says of a file: its contents, and where it lies, as `.venv` cannot be moved."""
    return hashlib.sha256(str(path).encode() + path.read_bytes()).hexdigest()


def make_venv():
    """Make `.venv` anew, by Python's own venv module or, where a system leaves that out, by virtualenv."""
    python = new_enough_python()
    if works([python, "-c", "import ensurepip, venv"]):
        quietly("Making .venv", [python, "-m", "venv", "--clear", VENV])
        return
    if not works([python, "-m", "pip", "--version"]):
        stop(f"{python} has neither venv nor pip. On Debian or Ubuntu: sudo apt install python3-venv")
    with tempfile.TemporaryDirectory() as folder:
        lock = LOCKS / "virtualenv.txt"
        command = [python, "-m", "pip", "install", "--target", folder, "--require-hashes", "-r", lock]
        quietly("Fetching virtualenv, as this Python has no venv module", command)
        command = [python, "-m", "virtualenv", "--clear", VENV]
        quietly("Making .venv", command, dict(os.environ, PYTHONPATH=folder))


def new_enough_python():
    """Return the Python that runs this file or, if it is too old, a newer one on the PATH."""
    if sys.version_info >= OLDEST:
        return sys.executable
    for minor in (13, 12, 11):
        python = shutil.which(f"python3.{minor}")
        if python:
            return python
    stop(
        f"cafe_edu needs Python {OLDEST[0]}.{OLDEST[1]} or newer, found {sys.version.split()[0]} "
        f"({sys.executable}). Install a newer one, or say where it is: make PYTHON=/path/to/python3.12 demo"
    )


# Running commands.


def run(command):
    """Run a command on the reader's terminal and return its exit status."""
    # Ctrl-C is for the command: it may want to save its work, and is waited for.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        status = subprocess.call(list(map(str, command)), cwd=str(ROOT))
    finally:
        signal.signal(signal.SIGINT, before)
    return status if status >= 0 else 128 - status


def quietly(what, command, environment=None):
    """Run a command that should have nothing to say: one line with its time; its own words if it fails."""
    print(f"{what} ...", end=" ", flush=True)
    start = time.monotonic()
    both = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "encoding": "utf-8", "errors": "replace"}
    done = subprocess.run(list(map(str, command)), cwd=str(ROOT), env=environment, **both)
    if done.returncode:
        print("failed", flush=True)
        print(done.stdout, file=sys.stderr)
        stop("The lines above say why. Run the same command to try again; `make clean` starts afresh.")
    print(f"{time.monotonic() - start:.0f} s", flush=True)


def works(command):
    """Whether a command can be run and succeeds."""
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    try:
        return subprocess.call(list(map(str, command)), **silent) == 0
    except OSError:
        return False


def run_tests(arguments):
    """Run pytest in two processes, each with one thread: four threads on two cores wait for one another."""
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    return run([*PYTEST, *arguments])


def lint():
    """Check the style of all Python in the repository, notebooks too."""
    return run([PYTHON, "-m", "ruff", "check", "--quiet", "."])


def stop(message):
    """End with a message and the exit status of a failure."""
    sys.exit(f"make.py: {message}")


if __name__ == "__main__":
    name, *arguments = sys.argv[1:] or ["help"]
    if name not in TASKS:
        stop(f"no task {name!r}; there are {', '.join(TASKS)}")
    try:
        sys.exit(TASKS[name](arguments))
    except KeyboardInterrupt:
        stop("interrupted; run the same command to go on")
