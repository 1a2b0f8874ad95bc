"""Runs several of the scripts here in one process, so that torch is loaded once.

usage: batch.py JOBS.json

JOBS.json: a list of {"script": name of a file here, "args": [...]}. Prints one JSON list: what each script printed last.
"""

import contextlib
import io
import json
import pathlib
import runpy
import sys

here = pathlib.Path(__file__).parent
sys.path.insert(0, str(here))
with open(sys.argv[1]) as file:
    jobs = json.load(file)
results = []
for job in jobs:
    sys.argv = [job["script"], *job["args"]]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        runpy.run_path(str(here / job["script"]), run_name="__main__")
    results.append(json.loads(printed.getvalue().strip().splitlines()[-1]))
print(json.dumps(results))
