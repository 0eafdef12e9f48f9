#!/usr/bin/env python3
"""Writes src/tokenizer/character_class_table.inc: the class of every code point, as tiktoken's regular expressions see it.

What is asked is tiktoken itself (pip install tiktoken==0.14.0): which characters \\p{Lu}, \\s and so on match. So the
table is of the very Unicode version that the tokenizers' reference has. To run again when that version changes:

    tools/unicode_classes.py > src/tokenizer/character_class_table.inc && make format
"""
import tiktoken

BLOCK = 128
# In the order of enum CharacterClass (character_class.h).
CLASSES = ["", r"[\p{Lu}\p{Lt}]", r"\p{Ll}", r"[\p{Lm}\p{Lo}]", r"\p{M}", r"\p{N}", r"\s", r"[\r\n]"]


def matched(pattern):
    """The code points that `pattern` matches."""
    single_bytes = {bytes([i]): i for i in range(256)}
    encoding = tiktoken.Encoding("probe", pat_str=pattern, mergeable_ranks=single_bytes, special_tokens={})
    found = set()
    for start in range(0, 0x110000, 0x1000):
        text = "".join(chr(c) for c in range(start, start + 0x1000) if not 0xD800 <= c < 0xE000)
        found.update(map(ord, bytes(encoding.encode_ordinary(text)).decode()))
    return found


classes = bytearray(0x110000)
for number, pattern in enumerate(CLASSES):
    if pattern:
        for code_point in matched(pattern):
            classes[code_point] = number

blocks, index = [], []
for start in range(0, 0x110000, BLOCK):
    block = bytes(classes[start : start + BLOCK])
    if block not in blocks:
        blocks.append(block)
    index.append(blocks.index(block))
assert len(blocks) <= 256
# Planes 15 and 16 and the unassigned ones at the end are all alike: not stored.
while index[-1] == index[-2]:
    index.pop()

print("// Written by tools/unicode_classes.py from the character classes of tiktoken 0.14.0.")
print("// The block of each 128 code points; those past the end are as the last.")
print(f"constexpr std::array<std::uint8_t, {len(index)}> kBlockOf{{" + ",".join(map(str, index)) + "};")
print("// Two classes a byte, the even code point's in the low half.")
packed = [b[i] | b[i + 1] << 4 for b in blocks for i in range(0, BLOCK, 2)]
print(f"constexpr std::array<std::uint8_t, {len(packed)}> kBlocks{{" + ",".join(map(str, packed)) + "};")
