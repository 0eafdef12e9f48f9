"""Compares Tokometer's tokenizers with PyPI's tiktoken: the same tokens, and how fast. Run by tokenizer.sh.

tokenizer.py check [SECONDS]        random and hostile texts give the same ids
tokenizer.py speed [ROUNDS]         10 MB of English and code from this machine, in alternating runs, by processor time
tokenizer.py hostile                a megabyte of one thing
"""

import base64
import glob
import gzip
import os
import pathlib
import random
import statistics
import subprocess
import sys
import time

import tiktoken
import tiktoken_ext.openai_public as public
import tiktoken.load

ROOT = pathlib.Path(__file__).resolve().parent.parent
ENCODINGS = ["o200k_base", "o200k_harmony", "cl100k_base", "p50k_base", "r50k_base"]


def table(name):
    """The ranks in build/rank_tables, unpacked: tiktoken would fetch its own."""
    packed = subprocess.run(["brotli", "-dc", ROOT / "build" / "rank_tables" / f"{name}.ranks"], capture_output=True, check=True).stdout
    count, rest = packed.split(b"\n", 1)
    ranks, at = {}, int(count)
    for rank in range(int(count)):
        ranks[rest[at : at + rest[rank]]] = rank
        at += rest[rank]
    return ranks


def reference(name):
    """tiktoken's own definition of the encoding, on our table."""

    def ranks(source, expected_hash=None):
        wanted = os.path.basename(source).removesuffix(".tiktoken")
        if wanted == "p50k_base":
            return table("r50k_base") | {b" " * n: 50255 + n for n in range(2, 26)}
        return table(wanted)

    public.load_tiktoken_bpe = ranks
    return tiktoken.Encoding(**{k: v for k, v in getattr(public, name)().items() if k != "explicit_n_vocab"})


class Worker:
    def __init__(self):
        path = ROOT / "build" / "bench" / "bench" / "tokenizer_worker"
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, what, encoding, text):
        data = text.encode()
        self.process.stdin.write(b"%s %s %d\n" % (what.encode(), encoding.encode(), len(data)) + data)
        self.process.stdin.flush()
        return [int(word) for word in self.process.stdout.readline().split()]


def corpus(size=10_000_000):
    """Half documentation, half sources, as much as is wanted, always the same files in the same order."""
    prose = sorted(glob.glob("/usr/share/doc/**/*.gz", recursive=True) + glob.glob("/usr/share/doc/**/*.txt", recursive=True)
                   + glob.glob("/usr/share/doc/**/*.html", recursive=True) + glob.glob("/usr/share/perl/**/*.pod", recursive=True))
    code = sorted(glob.glob("/usr/include/**/*.h", recursive=True) + glob.glob(os.path.dirname(os.__file__) + "/**/*.py", recursive=True))
    parts = []
    for files in (prose, code):
        left = size // 2
        random.Random(1).shuffle(files)
        for file in files:
            if left <= 0:
                break
            try:
                content = (gzip.open if file.endswith(".gz") else open)(file, "rb").read().decode()
            except (OSError, UnicodeDecodeError, EOFError):
                continue
            parts.append(content[: min(left, 200_000)])
            left -= len(parts[-1].encode())
    return "".join(parts)


def random_text(rng):
    """A text of up to some hundred characters, of one of many kinds."""
    kind = rng.randrange(8)
    length = rng.choice([1, 2, 3, 5, 8, 20, 60, 300])
    if kind == 0:
        return "".join(chr(rng.choice([rng.randrange(0xD800), rng.randrange(0xE000, 0x110000)])) for _ in range(length))
    if kind == 1:
        return "".join(chr(rng.randrange(0x250)) for _ in range(length))
    if kind == 2:
        return "".join(rng.choice(" \t\n\r\x0b\x0c\x1c\x85\xa0\u2003\u2028\u3000ab1.'/") for _ in range(length))
    if kind == 3:
        return "".join(rng.choice(["'", "s", "S", "T", "re", "LL", "ve", "D", "\u017f", "\u212a", " ", "M", "\u0301", "A", "a", "\u01c5", "\u02b0", "日", "1", "٣", "/", "\n", "!", "’"]) for _ in range(length))
    if kind == 4:
        return "".join(chr(rng.choice([rng.randrange(0x300, 0x370), rng.randrange(0x41, 0x7B), rng.randrange(0x370, 0x600), rng.randrange(0x900, 0xE80)])) for _ in range(length))
    if kind == 5:
        return "".join(rng.choice(["the", "The", "HTTPServer", "foo_bar", "über", " ", "  ", "\n", "\n\n", "    ", "1234567", "<|endoftext|>", "👩‍👩‍👧", "https://", "don't", "I'LL", "==", "{}", ";\n", "中文", "日本語", "한국어", "שלום", "مرحبا", "हिन्दी"]) for _ in range(length))
    if kind == 6:
        return rng.choice(["a", " ", "\n", "é", "👍", "中", "A", "=", "0", "\u0301", "ab", " a", "aA", "\r\n", "'s", "\t", "日A"]) * rng.randrange(1, 400)
    return "".join(chr(rng.randrange(0x1F000, 0x1FB00) if rng.random() < 0.6 else rng.choice([0x200D, 0xFE0F, 0x20, 0x61])) for _ in range(length))


def check(seconds=20):
    worker, rng, deadline = Worker(), random.Random(), time.time() + float(seconds)
    references = {name: reference(name) for name in ENCODINGS}
    texts = 0
    while time.time() < deadline:
        text = random_text(rng)
        texts += 1
        for name, encoding in references.items():
            expected, got = encoding.encode_ordinary(text), worker.ask("encode", name, text)
            if expected != got:
                sys.exit(f"{name}: {text!r}: tiktoken has {expected}, we have {got}")
    whole = corpus()
    for name, encoding in references.items():
        if encoding.encode_ordinary(whole) != worker.ask("encode", name, whole):
            sys.exit(f"{name}: the corpus has other tokens")
    print(f"{texts} random texts and {len(whole)} characters of English and code: the same tokens in {len(ENCODINGS)} encodings")


def speed(rounds=7):
    worker, text = Worker(), corpus()
    megabytes = len(text.encode()) / 1e6
    for name in ["o200k_base", "cl100k_base"]:
        encoding, ours, theirs = reference(name), [], []
        for _ in range(int(rounds)):
            count, nanoseconds = worker.ask("count", name, text)
            ours.append(megabytes / (nanoseconds / 1e9))
            start = time.thread_time()
            expected = len(encoding.encode_ordinary(text))
            theirs.append(megabytes / (time.thread_time() - start))
            assert count == expected, (count, expected)
        ratios = [a / b for a, b in zip(ours, theirs)]
        print(f"{name}: {count} tokens in {megabytes:.1f} MB; tokometer {statistics.median(ours):.1f} MB/s"
              f" ({min(ours):.1f} to {max(ours):.1f}), tiktoken {tiktoken.__version__} {statistics.median(theirs):.1f} MB/s"
              f" ({min(theirs):.1f} to {max(theirs):.1f}), ratio {statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})")


def hostile():
    worker = Worker()
    kinds = {"a": "a", "A": "A", "space": " ", "newline": "\n", "emoji": "👍", "digit": "7", "=": "=", "combining": "\u0301", "CJK": "中",
             "ab": "ab", "quote": "'", "tab": "\t", "nul": "\0", "ZWJ": "👩\u200d", "日A": "日A"}
    kinds["random letters"] = "".join(random.Random(1).choice("abcdefghijklmnopqrstuvwxyz") for _ in range(1_000_000))
    kinds["random bytes"] = "".join(chr(random.Random(2).randrange(0x10000, 0x20000)) for _ in range(250_000))
    for name in ["o200k_base", "cl100k_base", "r50k_base"]:
        for kind, unit in kinds.items():
            text = unit * (1_000_000 // len(unit.encode()))
            count, nanoseconds = worker.ask("count", name, text)
            _, twice = worker.ask("count", name, text * 2)
            print(f"{name} 1 MB of {kind}: {count} tokens in {nanoseconds / 1e6:.1f} ms, 2 MB in {twice / 1e6:.1f} ms")


{"check": check, "speed": speed, "hostile": hostile}[sys.argv[1]](*sys.argv[2:])
