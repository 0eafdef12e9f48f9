#!/usr/bin/env python3
"""How far the counts of `tokometer count` are from what providers stated: the table of docs/tokenizers.md.

    bench/tokenizer_accuracy.py [../shared/data/exchanges] [build/release/tokometer]

Of the recorded exchanges those count that have their request, state their input, and have all of it in the request:
none with tools that the provider runs itself, or that go on from an earlier call. Each request counts once for a model.
The errors in data/tokenizers/models.json are these medians, rounded up; the ratios and frames there were fitted to one
half of the same exchanges.
"""

import base64
import collections
import fnmatch
import gzip
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
EXCHANGES = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / ".." / "shared" / "data" / "exchanges")
PROGRAM = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else ROOT / "build" / "release" / "tokometer").resolve()
HOSTED = [b"web_search", b"code_interpreter", b"file_search", b"googleSearch", b"urlContext", b"codeExecution", b'"mcp"']
# Families that share a chat rule are shown together.
TOGETHER = {"gpt-5-mini": "gpt-5", "gpt-5-nano": "gpt-5", "o4-mini": "o-series", "gpt-4o-mini": "gpt-4o",
            "gpt-4.1-mini": "gpt-4o", "gpt-4.1-nano": "gpt-4o"}


def requests():
    """(model, body, stated input tokens) of each request that counts."""
    with gzip.open(EXCHANGES / "exchanges.jsonl.gz") as lines:
        exchanges = {row["id"]: row for row in map(json.loads, lines)}
    seen = set()
    for line in open(EXCHANGES / "expected.jsonl"):
        expected = json.loads(line)
        row = exchanges[expected["id"]]
        if not expected.get("strict") or not expected.get("input_tokens") or row["request_fidelity"] == "absent":
            continue
        if expected.get("kind") not in ("generation", "embedding", "embeddings"):
            continue
        body = base64.b64decode(row["request_body"] or "")
        try:
            request = json.loads(body)
        except ValueError:
            continue
        if not isinstance(request, dict) or any(word in body for word in HOSTED):
            continue
        in_path = re.search(r"/(?:model|models|deployments)/([^/:?]+)", row["path"])
        model = expected.get("model_response") or expected.get("model_request") or request.get("model")
        model = model or (in_path and in_path[1]) or ""
        if model and (body, model) not in seen:
            seen.add((body, model))
            yield model, body, expected["input_tokens"]


def family_of(model, families):
    names = (model.lower(), model.lower().split("/")[-1])
    for family in families:
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in family["models"] for name in names):
            return TOGETHER.get(family["name"], family["name"])


def main():
    families = json.load(open(ROOT / "data" / "tokenizers" / "models.json"))["families"]
    by_model = collections.defaultdict(list)
    for model, body, stated in requests():
        by_model[model].append((body, stated))
    errors = collections.defaultdict(lambda: collections.defaultdict(list))
    with tempfile.TemporaryDirectory() as folder:
        for model, rows in by_model.items():
            files = [pathlib.Path(folder) / str(i) for i in range(len(rows))]
            for file, (body, _) in zip(files, rows):
                file.write_bytes(body)
            command = [PROGRAM, "count", "--json", "--model", model, *files]
            output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            for (_, stated), counted in zip(rows, map(json.loads, output.splitlines())):
                if counted["kind"] != "request" or counted["left_out"]:
                    continue
                kind = "images" if counted["images"] else "tools" if counted["tools"] or counted["schemas"] else "plain"
                error = abs(counted["tokens"] - stated) / stated * 100
                errors[family_of(model, families)][kind].append(error)

    def cells(found):
        if not found:
            return "0 | | |"
        tenth = sorted(found)[int(len(found) * 0.9)]
        near = sum(error <= 10 for error in found) / len(found) * 100
        return f"{len(found)} | {statistics.median(found):.1f} % | {tenth:.0f} % | {near:.0f} %"

    print("| family | plain | median | 90 % within | off by 10 % at most | tools or a schema | median | 90 % within | off by 10 % at most |")
    print("| --- | --: | --: | --: | --: | --: | --: | --: | --: |")
    for name in dict.fromkeys(TOGETHER.get(family["name"], family["name"]) for family in families):
        if errors[name]["plain"] or errors[name]["tools"]:
            print(f"| {name} | {cells(errors[name]['plain'])} | {cells(errors[name]['tools'])} |")
    images = [error for kinds in errors.values() for error in kinds["images"]]
    print(f"\nRequests with images: {len(images)}, median {statistics.median(images):.1f} %")


main()
