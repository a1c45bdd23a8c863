"""The `cafe` command: Caffe's tools under one name, and some of our own."""

from cafe_edu.commands import (
    course,
    databases,
    demo,
    fetch,
    graphs,
    logs,
    machine,
    predict,
    quantize,
    test,
    timing,
    train,
    upgrade,
)
from cafe_edu.commands.group import main

for room in (train, test, timing, predict, quantize, databases, fetch, upgrade, graphs, logs, machine, demo, course):
    for command in room.COMMANDS:
        main.add_command(command)

if __name__ == "__main__":
    main(prog_name="cafe")
