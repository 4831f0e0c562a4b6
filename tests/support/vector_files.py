"""Parsers of the formats of test vectors, written from their definitions and not from what writes them."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def readmemh(text: str) -> list[int]:
    """Return the words that `$readmemh` loads: IEEE 1364-2005, 17.2.9: numbers between white space, both comments."""
    bare = re.sub(r"//[^\n]*|/\*.*?\*/", " ", text, flags=re.DOTALL)
    words = bare.split()
    assert not any(word.startswith("@") for word in words), "addresses begin at 0"
    return [int(word, 16) for word in words]


def coe_words(text: str) -> list[int]:
    """Return the words of a `.coe` file: lines that begin with a semicolon are comments, assignments end with one."""
    bare = "\n".join(line for line in text.splitlines() if not line.startswith(";"))
    fields = {
        name.strip(): value.strip() for name, value in (part.split("=") for part in bare.split(";") if part.strip())
    }
    assert [*fields] == ["memory_initialization_radix", "memory_initialization_vector"]
    radix = int(fields["memory_initialization_radix"])
    return [int(word, radix) for word in re.split(r"[,\s]+", fields["memory_initialization_vector"]) if word]


def compiled_bytes(compiler: str, header: Path, name: str, folder: Path) -> bytes:
    """Return the bytes of an array of a header, as the machine's C compiler lays them."""
    words = f"{name.upper()}_WORDS"
    source = folder / f"{name}.c"
    source.write_text(
        f'#include <stdio.h>\n#include "{header}"\n#include "{header}"\n'
        f"int main(void) {{ return fwrite({name}, sizeof {name}[0], {words}, stdout) != {words}; }}\n"
    )
    program = folder / name
    flags = ["-std=c99", "-Wall", "-Wextra", "-Wno-unused-variable", "-pedantic", "-Werror"]
    subprocess.run([compiler, *flags, str(source), "-o", str(program)], check=True)
    return subprocess.run([str(program)], check=True, stdout=subprocess.PIPE).stdout
