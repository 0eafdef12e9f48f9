#!/usr/bin/env python3
"""Holds #includes to the order of modules in CMakeLists.txt.

A file of src/<module>/ may include only its own module and those that stand
above it; each third-party library is included in one folder only.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
THIRD_PARTY = {  # header prefix -> the one folder that may include it
    "openssl/": "net",
    "sqlite3": "store",
    "yaml-cpp/": "app",
    "re2/": "json",
    "zlib": "wire",
    "brotli/": "wire",
    "zstd": "wire",
    "nghttp2/": "wire",
}

order = re.findall(r"add_subdirectory\(src/(\w+)\)", (ROOT / "CMakeLists.txt").read_text())
rank = {module: place for place, module in enumerate(order)}
faults = []
for path in sorted((ROOT / "src").rglob("*.[hc]*")):
    module = path.relative_to(ROOT / "src").parts[0]
    if module not in rank:
        faults.append(f"{path.relative_to(ROOT)}: folder is no module of CMakeLists.txt")
        continue
    for number, line in enumerate(path.read_text().splitlines(), 1):
        place = f"{path.relative_to(ROOT)}:{number}"
        if match := re.match(r'#include "(\w+)/', line):
            other = match[1]
            if other not in rank:
                faults.append(f"{place}: unknown module {other}")
            elif rank[other] > rank[module]:
                faults.append(f"{place}: {module} includes {other}, which stands below it")
        elif match := re.match(r"#include <([^>]+)>", line):
            for prefix, folder in THIRD_PARTY.items():
                if match[1].startswith(prefix) and module != folder and not path.stem.endswith("_test"):
                    faults.append(f"{place}: {match[1]} belongs to {folder} only")
print("\n".join(faults) if faults else f"include order holds over {len(order)} modules")
sys.exit(bool(faults))
