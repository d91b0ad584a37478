"""Full-size crash and load tests, run by hand (`bin/drill NAME`).

Each module has `run(arguments) -> dict`: figures in the order in which they are to be read. It raises
AssertionError when a promise was broken. The figures of the last run stand in `docs/drills.md`.
"""
