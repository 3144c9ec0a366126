"""A fresh clone to the finished demo: seconds, installation included."""

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main():
    folder = Path(tempfile.mkdtemp())
    try:
        start = time.perf_counter()
        subprocess.run(["git", "clone", "--quiet", ROOT, folder / "pugmark"], check=True)
        subprocess.run(["make", "--silent", ".venv/.installed"], cwd=folder / "pugmark", check=True)
        installed = time.perf_counter()
        subprocess.run(["make", "--silent", "demo"], cwd=folder / "pugmark", check=True, capture_output=True)
        done = time.perf_counter()
        assert (folder / "pugmark" / "results" / "report" / "index.html").is_file()
        print(f"fresh clone to demo: {done - start:.0f} s ({installed - start:.0f} s of it installation)")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
